"""The commands `init` and `status`: how an installation begins, and how it stands."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from importers.folder import OURS
from syncd.cli import text
from syncd.cli.call import Call, command, told
from syncd.crm import status
from syncd.errors import Problem, Refused
from syncd.modules import MODULES
from syncd.settings import Graph, Inbox, annotated


@command("init", example="syncd init /etc/syncd/syncd.toml")
@click.argument("path", type=click.Path(path_type=Path), required=False, metavar="[PATH]")
def init_command(call: Call, path: Path | None) -> None:
    """Write an annotated settings file (./syncd.toml) and create the store it names."""
    path = path or call.config or Path("syncd.toml")
    _write(path, annotated())
    call.config = path
    store = call.wiring.store()
    call.give({"settings": str(path), "store": store.describe()})
    call.say(f"written  {path}")
    call.say(f"store    {store.describe()}")
    call.say(f"next     fill in what you need, then: syncd --config {path} check")


def _write(path: Path, content: str) -> None:
    """Writes a file that does not exist yet, for its owner's eyes only: secrets may come to stand in it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError as error:
        raise Refused(
            Problem(
                "SY-C21",
                f"{path} is there already.",
                "It was left as it is, and nothing else was done.",
                "Name another file, or edit that one and run: syncd check.",
            )
        ) from error
    except OSError as error:
        raise Refused(
            Problem(
                "SY-C22",
                f"{path} cannot be written: {error.strerror}.",
                "Nothing was done.",
                "Name a place where you may write.",
            )
        ) from error


@command("status", example="syncd status --json")
def status_command(call: Call) -> None:
    """Tell how the store, the service, the mailboxes and the watched folder stand."""
    store = call.wiring.store()
    with store.reading() as tx:
        document = {"store": store.describe()} | status.document(tx, call.wiring.clock())
    document["inbox"] = inbox(call.settings.inbox)
    document["mailboxes"] += _unseen(call.settings.graph, document["mailboxes"])
    call.give(document)
    for line in _lines(document, call.settings.locale.timezone):
        call.say(line)


def _unseen(graph: Graph | None, known: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The mailboxes of the settings that were never synced; an address that stands for all is none."""
    seen = {box["mailbox"].casefold() for box in known} | {"*"}
    seen |= {address.casefold() for address in graph.exclude_mailboxes} if graph else set()
    blank = {"last_good": None, "lag": None, "retry_at": None, "retry_why": None, "failures": 0, "contacts": 0}
    addresses = [address for address in (graph.mailboxes if graph else ()) if address.casefold() not in seen]
    return [{"mailbox": address, "state": "new", **blank} for address in addresses]


def inbox(settings: Inbox) -> dict[str, Any] | None:
    """How many files lie in the watched folder and in its parts; None when none is watched."""
    root = settings.folder
    if root is None:
        return None
    counts = {"folder": str(root), "files": _files(root)}
    for part in ("waiting", "failed"):
        counts[part] = sum(1 for name in _names(root / part) if not name.endswith((".reason.txt", ".report.json")))
    return counts


def _files(root: Path) -> int:
    """The files that are to be imported, those in subfolders too."""
    inside = [name for name in _names(root, folders=True) if name.casefold() not in OURS and not name.startswith(".")]
    places = [root, *(root / name for name in inside)]
    return sum(1 for place in places for name in _names(place) if not name.startswith((".", "~$")))


def _names(folder: Path, *, folders: bool = False) -> Iterator[str]:
    """The names of what lies in a folder: plain files, or folders."""
    try:
        with os.scandir(folder) as entries:
            wanted = [entry for entry in entries if (entry.is_dir if folders else entry.is_file)(follow_symlinks=False)]
            yield from [entry.name for entry in wanted]
    except OSError:
        return


STATES = {
    "good": "good",
    "new": "not synced yet → syncd sync",
    "NoAccess": "the app is not allowed in → syncd check",
    "MailboxGone": "is not there → syncd check",
    "SignInNeeded": "the sign-in fails → syncd check",
    "Throttled": "Microsoft asks to wait",
}
"""What a mailbox's state means; any other is the error of its last run."""


def _ago(seconds: int) -> str:
    """`40 s`, `5 min`, `3 h`, `2 days`: how long ago, in the largest unit that is full."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            count = seconds // size
            return "1 day" if (count, unit) == (1, "days") else f"{count:,} {unit}"
    return f"{max(0, seconds)} s"


def _lines(document: dict[str, Any], zone: str) -> Iterator[str]:
    counts = " · ".join(
        f"{n:,} {MODULES[name].singular if n == 1 else name}" for name, n in document["records"].items()
    )
    yield f"store      {document['store']} · {counts}"
    yield f"service    {'runs' if document['service']['running'] else 'does not run → syncd run'}"
    found = document["inbox"]
    if found is None:
        yield "inbox      none is watched"
    else:
        parts = (("files", "to do"), ("waiting", "waiting"), ("failed", "failed"))
        yield f"inbox      {found['folder']} · " + " · ".join(f"{found[name]:,} {word}" for name, word in parts)
    for box in document["mailboxes"]:
        tail = f" · next try {text.moment(box['retry_at'], zone)}" if box["retry_at"] else ""
        good = f"last good run {text.moment(box['last_good'], zone)}" if box["last_good"] else "no good run yet"
        lag = f", {_ago(box['lag'])} ago" if box["lag"] is not None else ""
        state = STATES.get(box["state"], "failed → syncd check")
        contacts = f"{box['contacts']:,} contact{'s' if box['contacts'] != 1 else ''}"
        yield f"mailbox    {box['mailbox']} · {state} · {contacts} · {good}{lag}{tail}"
    for plan in document["plans"]:
        run = plan["id"]
        if plan["state"] == "stopped":
            yield f"waiting    run {run} was stopped by the brake and waits for a yes → syncd runs {run}"
        else:
            yield f"planned    run {run} · {plan['kind']} {plan['source']} · only planned → syncd apply {run}"
    for run in document["runs"]:
        when, counts = text.moment(run["started"], zone), text.counts(run["counts"])
        yield f"run {run['id']:<6} {run['state']} · {run['kind']} {run['source']} · {when} · {counts}"
        if run["state"] == "failed":
            yield from (f"           {told(problem).splitlines()[0]}" for problem in run["problems"][:1])
