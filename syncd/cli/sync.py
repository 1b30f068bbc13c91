"""The commands `sync` and `apply`: mailboxes now, and plans that wait for a yes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from syncd.cli import text
from syncd.cli.arguments import RUN, reason_option
from syncd.cli.call import Call, command, told
from syncd.cli.signals import halting
from syncd.crm import summary
from syncd.crm.summary import Summary
from syncd.errors import Problem, Refused, SetupError

Document = dict[str, Any]
SHOWN = ("created", "updated", "unchanged", "removed", "excluded", "refused", "review")
HEAD = ("mailbox", "received", "new", "changed", "same", "removed", "left out", "refused", "review")
STOPPED = 3
INBOX = "inbox"
"""In whose name the watched folder's files are taken."""
PROBLEMS = 5
"""Problems of a mailbox that text shows; `runs RUN` has all."""


@command(
    "sync",
    example="syncd sync\nsyncd sync anna.weber@norrvik.example --full --reason 'after the move'\nsyncd sync --dry-run --json",
)
@click.argument("addresses", nargs=-1, metavar="[MAILBOX …]")
@click.option("--folder", metavar="NAME", help="Only folders of that name and those below.")
@click.option("--full", is_flag=True, help="Read everything anew and look for what is no longer there.")
@click.option("--dry-run", is_flag=True, help="Plan only; saves the plan for `syncd apply`.")
@reason_option
def sync_command(
    call: Call, addresses: tuple[str, ...], folder: str | None, *, full: bool, dry_run: bool, reason: str
) -> int:
    """Sync the mailboxes of the settings, or the named ones, now."""
    from syncd.work.jobs import Halt, Halted

    wiring, halt = call.wiring, Halt()
    wiring.sleep = halt.sleep
    try:
        order = wiring.sync_order(full=full, dry_run=dry_run, folder=folder)
    except SetupError as error:
        if "*" not in wiring.graph_settings.mailboxes:
            raise
        wiring.syncing().refused("*", error, actor=call.actor, reason=reason)
        return _set_up_wrong(call, error)
    if not order.mailboxes:
        raise SetupError(
            Problem(
                "SY-M13",
                "There is no mailbox to sync.",
                "[graph] mailboxes is empty, or exclude_mailboxes leaves nothing of it.",
                'Name the mailboxes there, or write mailboxes = ["*"].',
            )
        )
    if addresses:
        order = replace(order, mailboxes=chosen(order.mailboxes, addresses))
    with halting(halt) as came:
        try:
            made = wiring.syncing(halt.check).sync(order, actor=call.actor, reason=reason)
        except SetupError as error:
            return _set_up_wrong(call, error)
        except Halted:
            call.note("syncd: stopped. What was committed stands; the same command goes on from there.")
            return 128 + (came or [signal.SIGTERM])[0]
    document = _document(call, made.run)
    call.give(document)
    if not call.json:
        for line in _told(document, dry_run, _summary(call, document)):
            call.say(line)
    if made.stopped:
        return STOPPED
    failed = any(part["state"] == "failed" for part in document["mailboxes"])
    return int(failed or document["counts"]["refused"] > 0)


def chosen(known: Any, addresses: tuple[str, ...]) -> list[Any]:
    """The mailboxes of those addresses. Raises Refused, naming those that the settings do not have."""
    by_name = {m.address.casefold(): m for m in known}
    unknown = [a for a in addresses if a.casefold() not in by_name]
    if unknown:
        raise Refused(
            Problem(
                "SY-M12",
                f"[graph] mailboxes does not name {', '.join(unknown)}.",
                "Only mailboxes of the settings are synced.",
                f"Add it there, or name one of: {', '.join(m.address for m in known)}.",
            )
        )
    wanted = {a.casefold() for a in addresses}
    return [m for m in known if m.address.casefold() in wanted]


def _set_up_wrong(call: Call, error: SetupError) -> int:
    """Sign-in or settings are wrong: the document is the parent run, of whose mailboxes' runs few or none exist; when
    there is no such run, the problem."""
    from syncd.crm import runs

    for problem in error.problems:
        call.note(told(problem))
    with call.wiring.store().reading() as tx:
        newest = next((run for run in runs.listed(tx) if run["parent"] is None), None)
    if newest is not None and newest["kind"] == "sync":
        call.give(_document(call, newest["id"]))
    else:
        call.give({"error": error.problems[0].plain()})
    return error.exit


def _document(call: Call, run: int) -> Document:
    from syncd.crm import runs

    with call.wiring.store().reading() as tx:
        return runs.with_mailboxes(tx, run)


def _summary(call: Call, document: Document) -> Summary | None:
    done = [run["id"] for run in document["mailboxes"] if run["state"] == "done"]
    if not done:
        return None
    with call.wiring.store().reading() as tx:
        return summary.of(tx, done)


def _summed(found: Summary) -> Iterator[str]:
    """What the figures mean: accounts made; contacts linked, left without or moved."""
    lines: list[tuple[str, str]] = []
    if found.made:
        more = ", …" if found.made > len(found.names) else ""
        lines.append(("new", f"{_many(found.made, 'account')} created: {', '.join(found.names)}{more}"))
    if found.linked:
        lines.append(("new", f"{_many(found.linked, 'contact')} linked to an account that was here"))
    lines += [("new", f"{count:,} without account: {why}") for why, count in sorted(found.without.items())]
    for contact, before, after in found.moved:
        lines.append(("changed", f"contact {contact} moved account: {before} → {after}"))
    if found.moves > len(found.moved):
        lines.append(("changed", f"… and {found.moves - len(found.moved):,} more moved account"))
    if lines:
        yield ""
    before = ""
    for label, words in lines:
        yield f"{label if label != before else '':<9} {words}"
        before = label


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _told(document: Document, dry_run: bool, found: Summary | None) -> Iterator[str]:
    parts = document["mailboxes"]
    good = [run for run in parts if run["state"] != "failed"]
    tail = " · planned, nothing changed" if dry_run else ""
    yield f"run {document['id']} · by {document['actor']} · {len(good)} of {len(parts)} mailboxes{tail}"
    yield ""
    rows = [[run["source"], *_figures(run)] for run in parts]
    rows.append(["total", *_figures(document)])
    yield from text.table(HEAD, rows, right=range(1, len(HEAD)))
    if found is not None:
        yield from _summed(found)
    for run in parts:
        shown = [p for p in run["problems"] if run["state"] in ("failed", "stopped") or p["code"].startswith(TOLD)]
        for problem in shown[:PROBLEMS]:
            yield ""
            yield told(problem)
        if len(shown) > PROBLEMS:
            yield f"… and {len(shown) - PROBLEMS:,} more of {run['source']}: syncd runs {run['id']}"
    yield ""
    stopped = sum(run["state"] == "stopped" for run in parts)
    if stopped > 1:
        yield f"yes to all {stopped} stopped  syncd apply {document['id']} --approve"
    if document["state"] == "planned":
        yield f"carry out  syncd apply {document['id']}"
    else:
        # A sync that waits for a yes is not undone as a whole: the mailboxes that were carried out are, each by itself.
        undoable = [document] if document["state"] == "done" else [run for run in parts if run["state"] == "done"]
        back = " · ".join(f"syncd undo {run['id']}" for run in undoable)
        yield f"details  syncd runs {document['id']}" + (f"     take back  {back}" if back else "")


TOLD = ("SY-M", "SY-I0")
"""Problems of a mailbox that was read: of the mailbox itself, and of contacts that were not taken."""


def _figures(run: Document) -> list[Any]:
    if run["state"] == "failed" and not any(run["counts"].values()):
        return ["FAILED", *[""] * (len(HEAD) - 2)]
    counts = run["counts"]
    received = sum(counts[name] for name in SHOWN[:-1])
    return [received, *(counts[name] for name in SHOWN)]


@command("apply", example="syncd apply 215\nsyncd apply 213 --approve\nsyncd apply 213 --keep")
@click.argument("run", type=RUN, metavar="RUN")
@click.option("--approve", is_flag=True, help="Carry out exactly what a brake stopped.")
@click.option("--keep", "keeping", is_flag=True, help="Keep what a brake would have taken away, detached from Outlook.")
def apply_command(call: Call, run: int, approve: bool, keeping: bool) -> int:
    """Carry out the plan of a RUN as it was shown, or not at all."""
    if approve and keeping:
        raise click.UsageError("--approve and --keep exclude each other")
    from syncd.cli import rejects

    wiring, late = call.wiring, False
    if keeping:
        from syncd.sync.engine.keep import keep

        kept = keep(wiring.store(), run, words=wiring.words(), clock=wiring.clock)
        call.say(f"{kept:,} contacts stay here, no longer tied to Outlook")
    else:
        from syncd.crm.saved import apply_saved

        late = rejects.owed(call, run)
        if not late:
            apply_saved(wiring.store(), run, words=wiring.words(), clock=wiring.clock, approve=approve)
    document = _document(call, run)
    if not document["mailboxes"]:
        del document["mailboxes"]
    if document["kind"] == "import":
        rejects.lay_planned(call, document, late=late)
    call.give(document)
    call.say(f"run {run} · {document['state']} · {text.counts(document['counts'])}")
    for problem in document["problems"][:PROBLEMS] if document["kind"] == "import" else ():
        call.say(told(problem))
    if document.get("rejects"):
        call.say(f"rejects    {document['rejects']}")
    elif document["actor"] == INBOX and document["counts"]["refused"]:
        call.say("rejects    come to lie in done/ beside the file, once the service has taken it there")
    call.say(f"take back  syncd undo {run}")
    return int(document["kind"] == "import" and document["counts"]["refused"] > 0)
