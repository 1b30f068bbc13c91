"""Intake: takes a file's rows into the store, chunk by chunk; knows no scheduler and no terminal.

A conductor: the reader's process yields clean batches; matching, plan and apply of a batch, its ledger, problems and the
file's progress are one commit. Killed at any moment, the next import of the same content goes on after the last commit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from importers import folder, pipeline
from importers.rows import Batch, Opened, UnreadableFile
from importers.vocabulary import messages, problem
from syncd.crm import files, leads, ledger, plans
from syncd.crm.apply import apply
from syncd.crm.files import Claim, Repeat
from syncd.crm.filing import Ids, decided, name_contacts
from syncd.crm.leads import Policy
from syncd.crm.matching import Keys, View, Words, custom_kind, draft_tables, keep_draft
from syncd.crm.plan import Plan
from syncd.crm.undo import undo
from syncd.errors import Busy, Problem
from syncd.intake.options import Options, check
from syncd.modules import ACCOUNTS, CONTACTS, LEADS, module
from syncd.store import Session, Step, Store, leases, no_step
from syncd.store.leases import Lease
from syncd.store.times import Clock

log = logging.getLogger("syncd.import")


@dataclass(frozen=True)
class Outcome:
    """What became of a file: its run, the run it repeats, or the problem for which it was refused whole."""

    run: int
    sha256: str
    repeat_of: int | None = None
    problem: Problem | None = None


TOGETHER = 20_000
"""Rows of one commit at most; see `_together`."""

Opener = Callable[[], Store]


class Intake:
    """Imports files into one store. `open` gives the store: called after the reader has been started, for speed."""

    def __init__(self, open: Opener, words: Words, clock: Clock, *, step: Step = no_step) -> None:
        self.open = open
        self.words = words
        self.clock = clock
        self.step = step

    def take(
        self,
        path: Path,
        options: Options,
        *,
        actor: str,
        name: str | None = None,
        progress: Callable[[int], None] = lambda rows: None,
    ) -> Outcome:
        """Imports one file. Raises Busy when another process has it, Refused when it is no file.

        A file that cannot be read comes back with its problem, as a failed run; what it had brought in before the fault
        was found is taken back.
        """
        sha256 = folder.checksum(path)
        reading = pipeline.start(path, options.order(0), step=self.step)
        try:
            store = self.open()
            self._take_back(store)
            sheet = _sheet(store, reading, sha256, options)
            with store.writing("import:claim") as tx:
                check(options)
                found = files.claim(
                    tx,
                    sha256,
                    module(options.module),
                    name or path.name,
                    sheet=sheet,
                    actor=actor,
                    orders=options.plain(),
                    now=self.clock(),
                )
            if isinstance(found, Repeat):
                return Outcome(found.run, sha256, repeat_of=found.run)
            kept = Options.of(found.orders)
            if found.rows or kept != options:
                reading.close()
                reading = pipeline.start(path, kept.order(found.rows), step=self.step)
            return self._run(store, reading, found, sha256, progress=progress)
        finally:
            reading.close()

    def _run(
        self, store: Store, reading: pipeline.Reading, claim: Claim, sha256: str, *, progress: Callable[[int], None]
    ) -> Outcome:
        options = Options.of(claim.orders)
        work = _Work(store, options, self.words)
        try:
            work.open(reading.opened)
            work.prepare(claim.lease, self.clock)
            batches = iter(reading)
            for first in batches:
                together = _together(first, batches, reading.waiting)
                del first
                with store.writing("import:chunk") as tx:
                    leases.prove(tx, claim.lease, self.clock())
                    at = work.chunks(tx, claim.run, together)
                progress(at)
            with store.writing("import:end") as tx:
                leases.prove(tx, claim.lease, self.clock())
                work.note(tx, claim.run)
                ledger.end(tx, claim.run, self.clock())
                leases.release(tx, claim.lease)
        except UnreadableFile as error:
            return self._failed(store, claim, sha256, error.problem)
        except BaseException:
            with store.writing("import:release") as tx:
                leases.release(tx, claim.lease)
            raise
        return Outcome(claim.run, sha256)

    def _failed(self, store: Store, claim: Claim, sha256: str, problem: Problem) -> Outcome:
        with store.writing("import:failed") as tx:
            leases.prove(tx, claim.lease, self.clock())
            ledger.report(tx, claim.run, [problem.plain()])
            ledger.end(tx, claim.run, self.clock(), "failed")
            leases.release(tx, claim.lease)
        self._take_back(store)
        return Outcome(claim.run, sha256, problem=problem)

    def _take_back(self, store: Store) -> None:
        """Takes back what stands of imports that failed in the middle of their file, this one or one that was killed
        before it had done so."""
        with store.reading() as tx:
            left = files.half_failed(tx)
        for run, actor, what in left:
            try:
                undo(store, run, words=self.words, actor=actor, clock=self.clock, reason=what)
            except Busy:
                log.info("run %s is being taken back by another process", run)

    def preview(self, path: Path, options: Options, *, actor: str, name: str | None = None) -> Outcome:
        """Plans an import without applying it: the plan is saved under a run in state "planned"."""
        sha256 = folder.checksum(path)
        with pipeline.start(path, options.order(0), step=self.step) as reading:
            store = self.open()
            work = _Work(store, options, self.words)
            sheet = _sheet(store, reading, sha256, options)
            with store.writing("plan:open") as tx:
                check(options)
                files.drop_drafts(tx, sha256, work.module, self.clock())
                standing = files.standing(tx, sha256, work.module, sheet)
                if standing is not None:
                    return Outcome(standing, sha256, repeat_of=standing)
                orders = options.plain()
                lease, run = plans.begin(tx, "import", name or path.name, actor=actor, orders=orders, now=self.clock())
                files.plan_file(tx, run, sha256, work.module)
            try:
                work.open(reading.opened)
                work.prepare(lease, self.clock)
                self._draft(store, work, reading, run, lease)
            except UnreadableFile as error:
                return self._failed(store, Claim(run, lease, 0, {}), sha256, error.problem)
            return Outcome(run, sha256)

    def _draft(self, store: Store, work: _Work, reading: pipeline.Reading, run: int, lease: Lease) -> None:
        following = (-1, -1)
        with store.drafting() as look:
            draft_tables(look)
            for number, batch in enumerate(reading):
                plan, following = work.plan(look, batch, following)
                with store.writing("plan:chunk") as tx:
                    leases.prove(tx, lease, self.clock())
                    plans.save(tx, run, number, plan.actions, met=(work.module, plan.met))
                    work.keep(tx, run, batch, plan)
        with store.writing("plan:end") as tx:
            leases.prove(tx, lease, self.clock())
            work.note(tx, run)
            ledger.end(tx, run, self.clock(), "planned")
            leases.release(tx, lease)


class _Work:
    """Plans and applies batches of one module."""

    def __init__(self, store: Store, options: Options, words: Words) -> None:
        self.store = store
        self.module = module(options.module)
        self.policy = Policy(options.on_duplicate, options.match_on, options.owner, options.owner_told)
        self.links = options.links()
        self.options = options
        self.words = words.of(options.country)
        self.keys: list[Keys] = []  # those of the batch planned last

    def open(self, opened: Opened) -> None:
        """Takes what the reader found. Raises UnreadableFile when the file cannot be taken as it was asked for."""
        self.opened = opened
        self.doubts = self.options.doubts(opened)

    def note(self, tx: Session, run: int) -> None:
        """Keeps, once, what the reader found about the file as a whole, and what is doubtful in it."""
        if not files.found(tx, run):
            files.opened(tx, run, self.opened)
            ledger.report(tx, run, [doubt.plain() for doubt in self.doubts])

    def prepare(self, lease: Lease, clock: Clock) -> None:
        """Makes the key kind that `match_on` needs, when no import has asked for it before."""
        if self.policy.match_on:
            with self.store.writing("import:keys") as tx:
                leases.prove(tx, lease, clock())
                custom_kind(tx, self.module, self.policy.match_on, self.words)

    def chunks(self, tx: Session, run: int, batches: Iterable[Batch]) -> int:
        """Matches, plans and applies batches, with the file's progress, in the caller's transaction; returns how far
        the file is read."""
        at = 0
        for batch in batches:
            at = batch["at"]
            self._chunk(tx, run, batch)
            del batch
        return at

    def _chunk(self, tx: Session, run: int, batch: Batch) -> None:
        plan, _ = self.plan(tx, batch, (tx.next_id(self.module.table), tx.next_id(ACCOUNTS.table)))
        apply(tx, run, plan.actions, self.keys)
        self.keep(tx, run, batch, plan)

    def plan(self, tx: Session, batch: Batch, first: Ids) -> tuple[Plan, Ids]:
        """The plan of one batch and the ids after it; with negative ones it is a draft, kept in temporary tables."""
        draft = first[0] < 0
        self.keys = [Keys(tx, self.module, self.words)]
        looking = self.module is LEADS and self.policy.on_duplicate == "skip"
        view = accounts = View(tx, self.module, self.keys[0], draft=draft, only=leads.TOLD_BY if looking else ())
        if self.module is CONTACTS:
            self.keys.append(Keys(tx, ACCOUNTS, self.words))
            accounts = View(tx, ACCOUNTS, self.keys[1], draft=draft)
        plan, following = decided(batch, (view, accounts), self.policy, self.links, words=self.words, first=first)
        if self.module is LEADS:
            name_contacts(tx, plan)
        if draft:
            for one in {view.module.name: view, accounts.module.name: accounts}.values():
                keep_draft(tx, one)
        return plan, following

    def keep(self, tx: Session, run: int, batch: Batch, plan: Plan) -> None:
        """Notes what the batch was: counts, problems, the file's progress."""
        if batch["at"] == batch["rows"]:
            self.note(tx, run)
        plan.count("refused", len(batch["refused"]))
        found = [
            *_problems(batch, self.options.language),
            *(_told(seen, self.options.language) for seen in plan.problems),
        ]
        ledger.report(tx, run, sorted(found, key=lambda p: int(p["line"])))
        ledger.count(tx, run, plan.counts, batch["rows"])
        files.advance(tx, run, batch["at"])


def _together(first: Batch, batches: Iterator[Batch], waiting: Callable[[], bool]) -> Iterator[Batch]:
    """Batches for one commit: the first, and while the reader is ahead those after it, the more the more there were.

    A commit writes every page of the index of keys that it touches, and a batch touches most of them: with a fixed size
    the time of a commit grows with the store.
    """
    batch: Batch | None = first
    del first
    rows, most = 0, 0
    while batch is not None:
        rows, most = rows + batch["rows"], most or min(TOGETHER, batch["at"] // 10)
        yield batch
        # Let go before the next one comes: a batch is the largest thing in memory.
        batch = None
        if rows < most and waiting():
            batch = next(batches, None)


def _sheet(store: Store, reading: pipeline.Reading, sha256: str, options: Options) -> str:
    """The sheet that is meant, where that matters: another sheet of a workbook that is here is another list."""
    if options.sheet:
        return options.sheet
    with store.reading() as tx:
        if not files.sheets(tx, sha256, module(options.module)):
            return ""
    try:
        return reading.opened["sheet"]
    except UnreadableFile:
        return ""


def _problems(batch: Batch, language: str) -> Sequence[dict[str, Any]]:
    """The refused and the doubtful rows of a batch as problems, in the words of the file's language."""
    if not (batch["refused"] or batch["flags"]):
        return []
    words = messages(language)["row"]
    refused: list[dict[str, Any]] = [
        {
            "code": r["code"],
            "what": words["refused"].format(line=r["line"]),
            "why": r["why"],
            "line": r["line"],
            "cells": r["cells"],
            "do": words["correct"],
        }
        for r in batch["refused"]
    ]
    flags = [
        {
            "code": f["code"],
            "what": words["doubtful"].format(line=f["line"], field=f["field"]),
            "why": f["why"],
            "line": f["line"],
            "do": words["kept"],
        }
        for f in batch["flags"]
    ]
    return refused + flags


def _told(seen: Mapping[str, Any], language: str) -> dict[str, Any]:
    """What a plan found doubtful in a row, in the words of the file's language."""
    return {**problem(seen["code"], language, line=seen["line"], **seen["values"]).plain(), "line": seen["line"]}
