"""Watch: what is ready in the watched folder goes through the importer, then to its place; knows no scheduler.

A file moves only after its run was committed. Found again after a crash, its content says which run it belongs to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from importers.folder import Blocked, Found, Inbox, Rejects, checksum, shown
from importers.rows import Problem
from syncd.crm import files, ledger, runs
from syncd.crm.saved import still_fits
from syncd.errors import Busy, Refused, SyncdError
from syncd.intake.options import Options
from syncd.intake.take import Intake, Outcome
from syncd.modules import module
from syncd.store import Session

log = logging.getLogger("syncd.inbox")

OptionsOf = Callable[[str | None], Options]
"""The options of a profile (None: the folder itself). Raises Refused when there is no such profile."""


Place = Callable[[], bool]
"""Takes a judged file to its place; tells whether it did. May be repeated."""


@dataclass
class _Lying:
    """What is known of a file in the folder while its size, time of change and inode (`stamp`) stay as they are.

    `place` is there once the file was judged; `told`: it was said that it waits; `wrong`: something else went wrong.
    """

    stamp: tuple[int, int, int]
    sha256: str = ""
    place: Place | None = None
    told: bool = False
    wrong: bool = False


class Watch:
    """One watched folder. `halt` is called between chunks and files, and raises when the process is to stop.

    Files of the profiles in `planned` are only planned: they wait until somebody has their plan carried out. A file that
    stays where it is (the folder blocked, something went wrong) is not read again until it changes, or until the full
    look that comes every `rescan` seconds.
    """

    def __init__(
        self,
        inbox: Inbox,
        intake: Intake,
        options: OptionsOf,
        *,
        actor: str,
        profiles: Collection[str] = (),
        planned: Collection[str] = (),
        rescan: float = 300.0,
        halt: Callable[[], None] = lambda: None,
    ) -> None:
        self.inbox = inbox
        self.profiles = profiles
        self.planned = planned
        self.intake = intake
        self.options = options
        self.actor = actor
        self.halt = halt
        self.rescan = rescan
        self._blocked: Problem | None = None
        self._deep: set[Path] = set()
        self._lying: dict[Path, _Lying] = {}
        self._forgot = intake.clock()

    def look(self) -> int:
        """Takes every file that is ready; returns how many found their place. A file that another process is importing
        stays for a later look, and so does one at which something else went wrong: that is raised once the others have
        had their turn. A folder that cannot be worked in (a share that is away, a full disk) is told once, and again
        when it can."""
        try:
            moved = self._look()
        except Blocked as error:
            if error.problem != self._blocked:
                self._blocked = error.problem
                log.error("inbox: %s %s %s", self._blocked.code, self._blocked.what, self._blocked.do)
            return 0
        if self._blocked is not None:
            log.info("inbox: %s can be worked in again", self.inbox.root)
            self._blocked = None
        return moved

    def _look(self) -> int:
        moved = sum(self._fetch(found, report) for found, report in self.inbox.waiting())
        wrong: Exception | None = None
        ready = self.inbox.scan()
        self._warn()
        self._remember(ready)
        for found in ready:
            lying = self._lying[found.path]
            if lying.wrong:
                continue
            self.halt()
            try:
                moved += self._take(found, lying)
            except Blocked:
                raise
            except Exception as error:
                lying.wrong = not isinstance(error, SyncdError)
                wrong = wrong or error
        if wrong is not None:
            raise wrong
        return moved

    def _warn(self) -> None:
        """Tells once of each folder that lies too deep to be read."""
        for folder in self.inbox.deep:
            if folder not in self._deep:
                told = self.inbox.problem("SY-F07", folder=shown(str(folder)))
                log.warning("inbox: %s %s %s", told.code, told.what, told.do)
        self._deep = set(self.inbox.deep)

    def _remember(self, ready: Sequence[Found]) -> None:
        """Keeps what is known of the files that lie as they lay; after `rescan` seconds of none."""
        now = self.intake.clock()
        if not timedelta(0) <= now - self._forgot < timedelta(seconds=self.rescan):
            self._forgot, self._lying = now, {}
        known = [(found, self._lying.get(found.path)) for found in ready]
        self._lying = {
            found.path: lying if lying is not None and lying.stamp == found.stamp else _Lying(found.stamp)
            for found, lying in known
        }

    def _take(self, found: Found, lying: _Lying) -> bool:
        if lying.place is None:
            lying.place = self._judged(found, lying)
        return lying.place() if lying.place is not None else False

    def _judged(self, found: Found, lying: _Lying) -> Place | None:
        """Has the file read; returns what takes it to its place, None when it has to wait for another process."""
        if found.refusal is not None:
            return partial(self._fail, found, found.refusal, None, "")
        if found.profile is not None and found.profile not in self.profiles:
            known = ", ".join(sorted(self.profiles)) or "–"
            problem = self.inbox.problem("SY-F06", name=found.shown, folder=found.profile, known=known)
            return partial(self._fail, found, problem, None, "")
        try:
            return self._brought_in(found, lying, self.options(found.profile))
        except Refused as error:
            return partial(self._fail, found, error.problems[0], None, "")
        except Busy as error:
            self._waits(found, lying, error.problems[0].what)
            return None
        except FileNotFoundError:
            return None

    def _brought_in(self, found: Found, lying: _Lying, options: Options) -> Place | None:
        lying.sha256 = sha256 = lying.sha256 or checksum(found.path)
        with self.intake.open().reading() as tx:
            if files.held(tx, sha256, module(options.module), self.intake.clock()):
                self._waits(found, lying, "another process is at work on its content.")
                return None
            left = files.left_failed(tx, sha256, module(options.module), found.shown, self.actor)
        if left is not None:
            return partial(self._fail, found, left[1], left[0], sha256)
        outcome = (self._plan if found.profile in self.planned else self._import)(found, options)
        if outcome.problem is not None:
            return partial(self._fail, found, outcome.problem, outcome.run, outcome.sha256)
        with self.intake.open().reading() as tx:
            waits = runs.state(tx, outcome.run) == "planned"
        return partial(self._wait, found, outcome) if waits else partial(self._finish, found, outcome, options)

    def _waits(self, found: Found, lying: _Lying, why: str) -> None:
        if not lying.told:
            log.info("inbox: %s waits: %s", found.shown, why)
        lying.told = True

    def _import(self, found: Found, options: Options) -> Outcome:
        return self.intake.take(
            found.path, options, actor=self.actor, name=found.shown, progress=lambda rows: self.halt()
        )

    def _plan(self, found: Found, options: Options) -> Outcome:
        """The plan of a file; one that was made before a crash, and only not moved, is the one. While another file waits
        with the same plan, and that still fits the store, this one is its repeat."""
        store, sha256 = self.intake.open(), checksum(found.path)
        with store.reading() as tx:
            made = files.planned(tx, sha256, module(options.module), options.plain(), self.actor)
        if made is not None and still_fits(store, made[0], words=self.intake.words, clock=self.intake.clock):
            run, name, placed = made
            return Outcome(run, sha256, repeat_of=run if placed or name != found.shown else None)
        return self.intake.preview(found.path, options, actor=self.actor, name=found.shown)

    def _wait(self, found: Found, outcome: Outcome) -> bool:
        run, repeat = outcome.run, outcome.repeat_of is not None
        with self.intake.open().reading() as tx:
            report = _report(runs.document(tx, run), repeat=repeat)
        place = self.inbox.wait(found, report)
        if place is None:
            return False
        self._placed(run)
        log.info("inbox: %s waits%s for: syncd apply %s", found.shown, " too" if repeat else "", run)
        return True

    def _fetch(self, found: Found, report: Mapping[str, Any]) -> bool:
        """Takes a file that waits to its place once its plan was carried out, or another run has imported it."""
        run, repeat = report["run"], report.get("repeat_of")
        with self.intake.open().reading() as tx:
            content = files.content(tx, run)
            if content is None:
                return False
            placed = files.placed(tx, run)
            if runs.state(tx, run) not in ("done", "undone"):
                run = repeat = files.standing(tx, *content)
        if not placed:
            self._placed(report["run"])
        if run is None:
            return False
        with self.intake.open().reading() as tx:
            options = Options.of(ledger.orders(tx, run))
        moved = self._finish(found, Outcome(run, "", repeat_of=repeat), options)
        if moved:
            self.inbox.fetched(found.path)
        return moved

    def _fail(self, found: Found, problem: Problem, run: int | None, sha256: str) -> bool:
        place = self.inbox.fail(found, problem, run=run, checksum=sha256)
        log.warning("inbox: %s refused (%s)", found.shown, problem.code)
        if place is not None and run is not None:
            self._placed(run)
        return place is not None

    def _finish(self, found: Found, outcome: Outcome, options: Options) -> bool:
        store = self.intake.open()
        with store.reading() as tx:
            document = runs.document(tx, outcome.run)
            repeat = outcome.repeat_of is not None and (
                files.placed(tx, outcome.run) or document["source"] != found.shown
            )
            report = _report(document, repeat=repeat)
            place = self.inbox.finish(found, report, None if repeat else rejects(tx, outcome.run, options.language))
        if place is None:
            return False
        self._placed(outcome.run)
        log.info("inbox: %s is run %s%s", found.shown, outcome.run, " again" if repeat else "")
        return True

    def _placed(self, run: int) -> None:
        with self.intake.open().writing("inbox:placed") as tx:
            files.place(tx, run)


def _report(document: dict[str, Any], *, repeat: bool) -> dict[str, Any]:
    """What is written beside a file: of its run, or of which run it is a repeat."""
    run = document["id"]
    if repeat:
        return {"run": run, "counts": dict.fromkeys(document["counts"], 0), "problems": [], "repeat_of": run}
    return {"run": run, "counts": document["counts"], "problems": document["problems"], "repeat_of": None}


def rejects(tx: Session, run: int, language: str) -> Rejects | None:
    """The refused rows of a run as they go back to their sender; None when there are none. Streams from `tx`."""
    opened = files.found(tx, run)
    if not opened or next(files.refused(tx, run, size=1), None) is None:
        return None
    return Rejects(opened["header"], files.refused(tx, run), opened["delimiter"], opened["encoding"], language)


__all__ = ["Blocked", "Watch", "rejects"]
