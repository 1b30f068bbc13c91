"""The command `why`: where the values of a record came from, as people read it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import click

from syncd.cli import text
from syncd.cli.arguments import MODULE, TEXT
from syncd.cli.call import Call, command, write
from syncd.crm import why
from syncd.modules import CONTACTS, Module
from syncd.store import Session

Document = dict[str, Any]
BESIDE = ("name", "deleted", "last", "account_id")
"""What text needs and the JSON document does not have."""


@command(
    "why",
    example="syncd why contacts 17\nsyncd why contacts claire.morel@bdr.example --field phone --history\n"
    "syncd why --outlook anna.weber@norrvik.example morel",
)
@click.argument("words", nargs=-1, type=TEXT, metavar="MODULE ID|E-MAIL|NAME")
@click.option("--field", metavar="FIELD", help="Only this field.")
@click.option("--history", is_flag=True, help="Every change, newest first, also what was taken back.")
@click.option(
    "--outlook",
    metavar="MAILBOX TEXT",
    help="Instead: why contacts of this mailbox whose name, company or address holds TEXT are here or not. Stores nothing.",
)
def why_command(call: Call, words: tuple[str, ...], field: str | None, outlook: str | None, *, history: bool) -> None:
    """Tell where each value of a record came from, and why it was matched or made; or why an Outlook contact is not here."""
    if outlook is None:
        module, who = _some(words, "MODULE", "ID|E-MAIL|NAME")
        _why(call, MODULE(module), who, field, history=history)
        return
    if field or history:
        raise click.UsageError("--outlook tells of contacts in Outlook, which have neither --field nor --history")
    from syncd.cli import live

    live.tell(call, outlook, *_some(words, "TEXT"))


def _some(words: Sequence[str], *names: str) -> Sequence[str]:
    """The words, as many as there are names for."""
    if len(words) < len(names):
        raise click.UsageError(f"Missing argument '{names[len(words)]}'.")
    if len(words) > len(names):
        raise click.UsageError(
            f"Got unexpected extra argument ({words[len(names)]}); a name of several words goes in quotes."
        )
    return words


def _why(call: Call, module: Module, who: str, field: str | None, *, history: bool) -> None:
    with call.wiring.store().reading() as tx:
        found = why.document(tx, module, why.find(tx, module, who), field, history=history)
        found["not_taken"] = [one for one in _not_taken(call, tx, module, found) if field in (None, one["field"])]
    call.give({name: value for name, value in found.items() if name not in BESIDE})
    if not call.json:
        write(line + "\n" for line in _lines(module, found, call.settings.locale.timezone))


def _not_taken(call: Call, tx: Session, module: Module, found: Document) -> list[Document]:
    """What sources of the record say and it does not hold; only a record that Outlook brought has any."""
    if found["deleted"] or all(one["kind"] != "sync" for one in found["reasons"]):
        return []
    from syncd.sync.untaken import unread, untaken

    graph, sync = call.settings.graph, call.settings.sync
    taken = untaken(tx, module, found, graph.mailboxes if graph else (), call.wiring.words())
    return [*taken, *(unread(found, sync.fields) if module is CONTACTS else ())]


def _lines(module: Module, found: Document, zone: str) -> Iterator[str]:
    yield _title(module, found)
    yield ""
    yield from _last(module, found, zone)
    yield ""
    yield from _values(found, zone)
    yield from _left(found["not_taken"], zone)
    if found["reasons"]:
        yield ""
        yield f"WHY THIS {'RECORD' if module.name != 'accounts' else 'ACCOUNT'}"
        yield from (f"  run {r['run']:<7} {_by(r)}: {r['text']}" for r in found["reasons"])
    about = [r for r in found["reasons"] if r["account"]]
    if about:
        yield ""
        yield "WHY THIS ACCOUNT"
        yield from (f"  run {r['run']:<7} {r['account']}" for r in about)
    yield from _history(found.get("history", ()), zone)


def _title(module: Module, found: Document) -> str:
    parts = [text.cell(found["name"]), f"{module.singular} {found['id']}"]
    account = found["fields"].get("account", {}).get("value")
    if account:
        parts.append(f"{text.cell(account)} (account {found['account_id']})")
    owner = found["fields"].get("owner", {}).get("value")
    if owner:
        parts.append(f"owner {owner}")
    if found["deleted"]:
        parts.append("deleted")
    return " · ".join(parts)


def _last(module: Module, found: Document, zone: str) -> Iterator[str]:
    last = found["last"]
    yield f"LAST CHANGE   {text.moment(last['since'], zone)} · run {last['run']} · {_by(last)}"
    for change in last["changes"]:
        yield f"  {change['field']:<11} {text.pair(change, '  →  ')}"
    if last["op"] != "update":
        yield f"  {last['op'] + 'd':<11} {module.singular} {found['id']}"
    yield f"  {'because':<11} {last['text']}"
    yield f"  {'take back':<11} syncd undo {last['run']} --only {module.name}/{found['id']}"


def _values(found: Document, zone: str) -> Iterator[str]:
    rows = [
        (
            f"  {name}",
            text.short(one["value"]) or "(blank)",
            text.day(one["since"], zone),
            f"run {one['run']} · {_by(one | {'source': _brief(one)})}",
            "–" if one["replaced"] is None else text.short(one["replaced"], 20),
        )
        for name, one in found["fields"].items()
    ]
    yield from text.table(("VALUES", "value", "since", "set by", "replaced"), rows)


def _left(found: Sequence[Document], zone: str) -> Iterator[str]:
    """The values not taken; blanks with the same reason share a line."""
    if found:
        yield ""
        yield "NOT TAKEN"
    for one in (one for one in found if one["value"] is not None):
        since = f" ({text.day(one['since'], zone)})" if one["since"] else ""
        yield f'  {one["field"]:<11} "{text.short(one["value"])}" from {one["source"]}{since}: {one["text"]}'
    shared: dict[str, list[str]] = {}
    for one in (one for one in found if one["value"] is None and one["reason"] != "not-read"):
        shared.setdefault(f"(blank) from {one['source']}: {one['text']}", []).append(one["field"])
    yield from (f"  {', '.join(names):<11} {told}" for told, names in shared.items())
    unread = ", ".join(one["field"] for one in found if one["reason"] == "not-read")
    if unread:
        yield from textwrap.wrap(f"not in [sync] fields: {unread}", 96, initial_indent="  ", subsequent_indent="    ")


def _by(one: Document) -> str:
    """Who or what made a change: a person with the reason given, a file's row, a mailbox's folder."""
    if one["kind"] == "sync":
        return f"Outlook {one['source']}"
    if one["kind"] == "import":
        return str(one["source"])
    reason = f' ("{one["why"]}")' if one["why"] else ""
    return f"{one['actor']}{reason}" if one["kind"] == "edit" else f"{one['kind']} by {one['actor']}{reason}"


def _brief(one: Document) -> str | None:
    """A source with its mailbox cut to the name before the @: the folder is what a narrow column must not lose."""
    mailbox, slash, folder = str(one["source"]).partition("/")
    name, at, _ = mailbox.partition("@")
    return f"{name}@{slash}{folder}" if one["kind"] == "sync" and at else one["source"]


def _history(changes: Any, zone: str) -> Iterator[str]:
    if changes:
        yield ""
        yield "HISTORY"
    for one in changes:
        taken = "" if one["stands"] else " · taken back since" if one["kind"] != "undo" else ""
        when = text.moment(one["since"], zone)
        yield f"  {when} · run {one['run']} · {one['op']} · {_by(one)} · {one['text']}{taken}"
        for change in one["changes"]:
            yield f"      {change['field']}: {text.pair(change)}"
