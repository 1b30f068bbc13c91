"""The command `import`: files taken in one after the other, each as a run; knows no format and no matching."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from importers import folder
from syncd.cli import rejects, text
from syncd.cli.arguments import TEXT, Pair, once
from syncd.cli.call import Call, command, told
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


@command(
    "import",
    example="syncd import leads.csv\n"
    "syncd import --dry-run fair.xlsx --map 'Firma / Org'=company --set lead_source='Trade Show'\n"
    "syncd import exported.csv --on-duplicate overwrite --match-on email --json",
)
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE …")
@click.option(
    "--dry-run", is_flag=True, help="Plan only: shows the columns and counts, saves the plan for `syncd apply`."
)
@click.option(
    "--on-duplicate", type=click.Choice(["skip", "overwrite", "clone"]), help="What a row that matches does (skip)."
)
@click.option(
    "--match-on", multiple=True, metavar="FIELD", help="Match on these fields together instead of by the rules."
)
@click.option("--map", "maps", type=Pair("COLUMN=FIELD", last=True), multiple=True, help="What a column is.")
@click.option("--set", "sets", type=Pair("FIELD=VALUE"), multiple=True, help="A value that every row gets.")
@click.option("--owner", type=TEXT, metavar="USER", help="The owner of what is made.")
@click.option("--module", type=click.Choice(["leads", "contacts", "accounts"]), help="What the rows are (leads).")
@click.option("--sheet", help="The sheet of a workbook (the first one with a header).")
@click.option("--encoding", help="The encoding, where it is taken for another.")
@click.option("--delimiter", help="The delimiter, where it is taken for another; TAB may be written \\t.")
@click.option("--dates", type=click.Choice(["dmy", "mdy", "ymd"]), help="The order of day, month and year.")
@click.option("--header-row", type=click.IntRange(min=1), metavar="N", help="The row that holds the column names.")
@click.option("--profile", metavar="NAME", help="The import profile of the settings to go by.")
@click.option("--chunk", type=click.IntRange(1, 50_000), hidden=True, help="Rows a transaction.")
def import_command(call: Call, paths: tuple[Path, ...], dry_run: bool, profile: str | None, **given: Any) -> int:
    """Import FILEs (CSV, Excel, OpenDocument, JSON) of leads, contacts or accounts.

    Refused rows lie beside the file as NAME.rejects.csv with a `problem` column (of a plan, once it was carried out):
    correct them there and import that file. A file that was imported and stands is not imported again.
    """
    options = call.wiring.options(profile, **_wishes(given))
    dry_run = dry_run or call.wiring.plans(profile)
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


def _wishes(given: dict[str, Any]) -> dict[str, Any]:
    wishes = {name: value for name, value in given.items() if name not in ("maps", "sets", "match_on", "delimiter")}
    wishes["map"], wishes["set"] = once(given["maps"]), once(given["sets"])
    wishes["match_on"] = tuple(given["match_on"]) or None
    wishes["delimiter"] = {"\\t": "\t", "tab": "\t", "TAB": "\t"}.get(given["delimiter"], given["delimiter"])
    return wishes


def _take(call: Call, path: Path, options: Options, dry_run: bool) -> Run:
    real = _readable(path)
    intake = call.wiring.intake(options)
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
