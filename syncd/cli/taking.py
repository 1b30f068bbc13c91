"""Taking: files taken in by command one after the other, each as a run; knows no format and no matching."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from importers import folder
from syncd.cli import rejects, text
from syncd.cli.call import Call, told
from syncd.crm import files, runs
from syncd.errors import Busy, Problem, Refused
from syncd.intake import Options, Outcome

Run = dict[str, Any]
ALWAYS = ("created", "updated", "unchanged", "duplicate", "refused")
FAILED = ("failed", "undone")
"""The states of a run whose file could not be read to its end; what it had stored by then was taken back."""
SHOWN = 5
"""Problems shown of a file; the rejects file and `runs RUN` have all."""
WITH_REJECTS = "      (the refused rows come to lie beside the file then)"


def take_all(call: Call, paths: Sequence[Path], options: Options, *, dry_run: bool) -> int:
    """Takes in files and tells what came of each; returns the exit status."""
    made: list[Run] = []
    faults: list[Problem] = []
    for path in paths:
        try:
            made.append(_take(call, path, options, dry_run))
        except (Refused, Busy) as error:
            if len(paths) == 1:
                raise
            faults += error.problems
            for problem in error.problems:
                call.note(told(problem))
    document: dict[str, Any] = {"runs": made}
    if faults:
        document |= {"error": faults[0].plain(), "problems": [p.plain() for p in faults]}
    call.give(document)
    return int(
        bool(faults) or any(run["state"] in FAILED or run["counts"]["refused"] for run in made if not run["repeat_of"])
    )


def _take(call: Call, path: Path, options: Options, dry_run: bool) -> Run:
    real = _readable(path)
    intake = call.wiring.intake()
    if dry_run:
        beside = replace(options, beside=str(path.absolute()))
        outcome = intake.preview(real, beside, actor=call.actor, name=path.name)
    else:
        with _progress(path.name) as progress:
            outcome = intake.take(real, options, actor=call.actor, name=path.name, progress=progress)
    run = _document(call, path, options, outcome, dry_run)
    for line in _lines(call, path, run, outcome):
        call.say(line)
    return run


def _readable(path: Path) -> Path:
    """The file itself behind links. Raises Refused when there is none that can be read."""
    try:
        real = path.resolve(strict=True)
        if real.is_file():
            with real.open("rb"):
                return real
        seen = "it is a folder" if real.is_dir() else "it is no plain file"
    except (OSError, RuntimeError) as error:
        seen = str(getattr(error, "strerror", None) or error)
    raise Refused(
        Problem(
            "SY-F44",
            f"{folder.shown(str(path))} was not imported: {seen}.",
            "Nothing of it was read; other files go on.",
            "Check the name and your right to read it.",
        )
    )


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int], None]]:
    """A line on stderr that counts the rows, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda rows: None
        return
    try:
        yield lambda rows: click.echo(f"\r{folder.shown(name)}  {rows:,} rows", nl=False, err=True)
    finally:
        click.echo("\r\x1b[K", nl=False, err=True)


def _document(call: Call, path: Path, options: Options, outcome: Outcome, dry_run: bool) -> Run:
    with call.wiring.store().reading() as tx:
        run = runs.document(tx, outcome.run)
        opened = files.found(tx, outcome.run)
        run |= {"file": str(path), "repeat_of": outcome.repeat_of, "rejects": None}
        if dry_run:
            pairs = zip(opened.get("header", ()), opened.get("mapping", ()), strict=True)
            run["mapping"] = [{"column": column, "field": field} for column, field in pairs]
    if outcome.repeat_of is not None:
        run |= {"counts": dict.fromkeys(run["counts"], 0), "problems": []}
        rejects.lay_late(call, run, path, options.language)
    elif run["state"] == "done":
        rejects.lay(call, run, path, options.language)
    return run


def _lines(call: Call, path: Path, run: Run, outcome: Outcome) -> Iterator[str]:
    number, name = run["id"], folder.shown(path.name)
    if outcome.repeat_of is not None:
        when = text.moment(run["ended"], call.settings.locale.timezone)
        yield f"{name}: nothing done; this content stands by run {number} ({run['source']}, {when})"
        yield f"to import it again, first  syncd undo {number}"
        return
    yield f"run {number} · {name}{' · planned, nothing changed' if run['state'] == 'planned' else ''}"
    for pair in run.get("mapping", ()):
        yield f"  column  {pair['column']}  →  {pair['field'] or '(left out)'}"
    if outcome.problem is None:
        yield f"  {text.counts(run['counts'], ALWAYS)}"
    problems = run["problems"]
    for problem in problems[:SHOWN]:
        yield "  " + told(problem).replace("\n", "\n  ")
    if len(problems) > SHOWN:
        yield f"  … and {len(problems) - SHOWN:,} more: syncd runs {number}"
    if run["rejects"]:
        yield f"  rejects    {run['rejects']}"
    if run["state"] == "planned":
        yield f"  carry out  syncd apply {number}{WITH_REJECTS if run['counts']['refused'] else ''}"
    elif run["state"] == "done":
        yield f"  take back  syncd undo {number}"
