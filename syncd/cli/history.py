"""The commands `runs` and `undo`: what was done, and taking it back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import click

from syncd.cli import text
from syncd.cli.arguments import MODULE, RUN, reason_option
from syncd.cli.call import Call, command, told, write
from syncd.crm import holds, planned, runs
from syncd.crm import undo as undoing
from syncd.errors import Refused
from syncd.modules import MODULES, Module

SHOWN = 50
"""Runs, or changes of a run, that text shows; --json and --csv have all."""

Document = dict[str, Any]
COLUMNS = ("module", "record", "op", "field", "before", "after", "reason", "source")
UNDONE = "SY-U02"


@command("runs", example="syncd runs\nsyncd runs 212 --module contacts --csv > changes.csv")
@click.argument("run", type=RUN, required=False, metavar="[RUN]")
@click.option("--module", type=MODULE, help="Only the changes of this module.")
@click.option("--csv", "as_csv", is_flag=True, help="The changes of one run as CSV.")
def runs_command(call: Call, run: int | None, module: Module | None, as_csv: bool) -> None:
    """List the runs, newest first; or one RUN with every record, field, before, after and reason."""
    if run is None and (as_csv or module):
        raise click.UsageError("--csv and --module go with the number of a run")
    if as_csv and call.json:
        raise click.UsageError("--csv and --json exclude each other")
    with call.wiring.store().reading() as tx:
        if run is None:
            if call.json:
                call.stream(None, "", runs.listed(tx))
            else:
                _list(call, list(runs.listed(tx, SHOWN + 1)))
            return
        document = runs.document(tx, run)
        below = [runs.document(tx, one) for one in runs.children(tx, run)]
        changes = planned.changes(tx, run, module.name if module else None)
        if as_csv:
            write(text.csv_lines(_rows(changes)))
        elif call.json:
            call.stream(document | ({"mailboxes": below} if below else {}), "changes", changes)
        else:
            write(line + "\n" for line in _described(call, document, below, changes))


def _list(call: Call, found: list[Document]) -> None:
    zone = call.settings.locale.timezone
    rows = [
        [
            run["id"],
            run["kind"],
            run["state"],
            run["source"],
            run["actor"],
            text.moment(run["started"], zone),
            text.counts(run["counts"]),
        ]
        for run in found[:SHOWN]
    ]
    for line in text.table(("run", "kind", "state", "source", "by", "started", "counts"), rows, right=(0,)):
        call.say(line)
    if len(found) > SHOWN:
        call.say("… older runs: syncd runs --json")


def _rows(changes: Iterable[Document]) -> Iterator[tuple[Any, ...]]:
    yield COLUMNS
    for change in changes:
        yield tuple(change[name] for name in COLUMNS)


def _described(call: Call, run: Document, below: list[Document], changes: Iterator[Document]) -> Iterator[str]:
    zone = call.settings.locale.timezone
    yield f"run {run['id']} · {run['kind']} · {run['state']} · {run['source']}"
    tail = f" · {run['reason']}" if run["reason"] else ""
    yield f"by {run['actor']} · {text.moment(run['started'], zone)} – {text.moment(run['ended'], zone)}{tail}"
    yield text.counts(run["counts"])
    yield from _problems(run)
    for one in below:
        yield f"\nrun {one['id']} · {one['state']} · {one['source']} · {text.counts(one['counts'])}"
        yield from _problems(one)
    yield ""
    seen = None
    for change in islice(changes, SHOWN):
        what = (change["module"], change["record"], change["op"])
        if what != seen:
            yield f"{change['op']} {change['module']}/{change['record']} · {change['source']} · {change['reason']}"
            seen = what
        yield f"  {change['field']}: {text.pair(change)}"
    if next(changes, None) is not None:
        yield f"… all of them: syncd runs {run['id']} --csv"
    if run["state"] == "done":
        yield f"take back  syncd undo {run['id']}"


def _problems(run: Document) -> Iterator[str]:
    for problem in run["problems"][:SHOWN]:
        yield told(problem)
    if len(run["problems"]) > SHOWN:
        yield f"… and {len(run['problems']) - SHOWN:,} more problems: syncd runs {run['id']} --json"


class Part(click.ParamType[undoing.Only]):
    """MODULE/ID or MODULE/ID.FIELD."""

    name = "MODULE/ID[.FIELD]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> undoing.Only:
        if isinstance(value, undoing.Only):
            return value
        found = re.fullmatch(r"([a-z_]+)/([0-9]{1,18})(?:\.(.+))?", value)
        module = found and (MODULES.get(found[1]) or MODULES.get(f"{found[1]}s"))
        if not found or not module:
            self.fail(f"{value!r} is not {self.name}, e.g. contacts/17 or contacts/17.phone", param, ctx)
        name = found[3]
        field = name.removesuffix("_id") if name and name not in module.at else name
        if field and field not in module.at and not field.startswith("extra."):
            self.fail(f"{module.name} have no field named {name}", param, ctx)
        return undoing.Only(module.name, int(found[2]), field)


@command("undo", example="syncd undo 212\nsyncd undo 209 --only contacts/17.phone --reason 'typing error'")
@click.argument("run", type=RUN, metavar="RUN")
@click.option("--only", type=Part(), metavar="MODULE/ID[.FIELD]", help="Only this record, or this field of it.")
@click.option(
    "--release", is_flag=True, help="Let the next sync make again what this takes back; on an undone run too."
)
@click.option("--dry-run", is_flag=True, help="Tell what would happen; change nothing.")
@reason_option
def undo_command(call: Call, run: int, only: undoing.Only | None, *, release: bool, dry_run: bool, reason: str) -> int:
    """Take back what a RUN did. What was changed since stays and is named."""
    wiring = call.wiring
    store, words, clock = wiring.store(), wiring.words(), wiring.clock
    released = None
    if dry_run:
        document = undoing.preview(store, run, words=words, clock=clock, only=only)
        document |= {"id": None, "state": "planned", "actor": call.actor}
    else:
        document = {}
        try:
            made = undoing.undo(store, run, words=words, actor=call.actor, clock=clock, reason=reason, only=only)
            with store.reading() as tx:
                document = runs.document(tx, made) | {"held": 0 if release else holds.made_by(tx, made)}
        except Refused as error:
            if not release or error.problems[0].code != UNDONE:
                raise
            with store.reading() as tx:
                document = runs.document(tx, run) | {"problems": []}
        if release:
            with store.writing("release") as tx:
                released = holds.release(tx, run)
            document["released"] = released
    call.give(document)
    for line in _told(run, document, released, dry_run):
        call.say(line)
    return int(bool(document["problems"]))


def _told(target: int, document: Document, released: int | None, dry_run: bool) -> Iterator[str]:
    if document["id"] == target:
        yield f"run {target} is undone already"
    elif dry_run:
        yield f"undoing run {target} would do: {text.counts(document['counts'])}; nothing was changed"
    else:
        yield f"run {document['id']} · undid run {target} ({document['source']}) · {text.counts(document['counts'])}"
    for problem in document["problems"]:
        yield told(problem)
    if released is not None:
        yield f"released {released:,}: the next sync makes them again"
    if document.get("held"):
        yield f"held {document['held']:,}: the next sync does not make them again; let it  syncd undo {target} --release"
    if not dry_run and document["state"] == "done":
        yield f"take this back  syncd undo {document['id']}"
