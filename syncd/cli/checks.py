"""The command `check`: what works, item by item, and what to do where not; changes nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from syncd import __version__
from syncd.cli import text
from syncd.cli.call import Call, command
from syncd.cli.outlook import mailboxes, rights, sign_in
from syncd.cli.probe import Item, State, fault, ok, unchecked, warned
from syncd.errors import SetupError
from syncd.settings import Settings

WRONG = 78
WIDTH = 96


@command("check", example="syncd check --json")
def check_command(call: Call) -> int:
    """Tell item by item whether settings, store, sign-in, Graph rights, mailboxes and inbox work.

    Nothing is changed. Exit status 78 when something is wrong, 0 with warnings only.
    """
    call.silent = True
    items = list(_items(call))
    faults = [one.problem for one in items if one.state == "fault" and one.problem]
    warnings = sum(one.state == "warn" for one in items)
    document: dict[str, Any] = {
        "ok": not faults,
        "faults": len(faults),
        "warnings": warnings,
        "checks": [one.plain() for one in items],
    }
    if faults:
        document |= {"error": faults[0].plain(), "problems": [p.plain() for p in faults]}
    call.give(document)
    for line in _lines(call, items, len(faults), warnings):
        call.say(line)
    return WRONG if faults else 0


def _items(call: Call) -> Iterator[Item]:
    from syncd.wiring import refusals

    try:
        settings = call.settings
    except SetupError as error:
        yield from (fault("settings", problem) for problem in error.problems)
        yield unchecked("store, sign-in, mailboxes, inbox", "they need the settings")
        return
    keys = f"{len(settings.given)} key{'' if len(settings.given) == 1 else 's'} set"
    yield ok("settings", keys + (f" in {settings.path}" if settings.path else "; defaults"))
    yield from (warned("settings", problem) for problem in settings.warnings)
    store, current = _store(settings)
    yield store
    if settings.graph is None:
        yield unchecked("mailboxes", "the settings have no [graph] section; files and all else work without")
    else:
        yield from _outlook(call, current=current)
    yield from _inbox(settings)
    yield from (fault("files", problem) for problem in refusals(settings))


def _outlook(call: Call, *, current: bool) -> Iterator[Item]:
    found = list(sign_in(call.wiring))
    yield from found
    broken = {one.name for one in found if one.state == "fault"}
    if broken:
        yield unchecked("rights, mailboxes", f"they need the {'sign-in' if 'sign-in' in broken else 'network'}")
        return
    yield from rights(call.wiring)
    yield from mailboxes(call.wiring, heeding=current)


def _store(settings: Settings) -> tuple[Item, bool]:
    """How the store stands, and whether it can be read without bringing it to another schema."""
    from syncd.store import health, schema

    found = health.examine(settings.store.url)
    if found.fault:
        return fault("store", found.fault), False
    room = f" · {found.free / 2**30:,.0f} GB free" if found.free is not None else ""
    if found.schema is None:
        return ok("store", f"{found.name} · not there yet, the first command makes it{room}"), False
    current = found.schema == schema.HEAD
    newest = "newest" if current else f"the next command brings it to {schema.HEAD}"
    return ok("store", f"{found.name} · schema {found.schema} ({newest}) · intact{room}"), current


def _inbox(settings: Settings) -> Iterator[Item]:
    import os

    from importers.folder import Inbox, shown

    root = settings.inbox.folder
    if root is None:
        yield unchecked("inbox", "no folder is watched")
        return
    if not root.exists():
        above = next(place for place in root.parents if place.exists())
        if os.access(above, os.W_OK | os.X_OK):
            yield ok("inbox", f"{root} · not there yet, the service makes it")
            return
    inbox = Inbox(root, language=settings.locale.language)
    if problem := inbox.trouble():
        yield fault("inbox", problem)
        return
    yield ok("inbox", f"{root} · read and written")
    inbox.scan()
    yield from (warned("inbox", inbox.problem("SY-F07", folder=shown(str(folder)))) for folder in inbox.deep)


def _lines(call: Call, items: Sequence[Item], faults: int, warnings: int) -> Iterator[str]:
    settings: Settings | None = call.__dict__.get("settings")
    zone = settings.locale.timezone if settings else "UTC"
    place = settings.path if settings else call.config
    now = text.moment(_now(call).isoformat(), zone)
    yield f"syncd {__version__} · {place or 'no settings file: defaults'} · {now}"
    yield ""
    width = max([9, *(len(one.name) for one in items if one.state != "unchecked")])
    number = 0
    for one in items:
        number += one.state == "fault"
        yield from _told(one, number, width)
    yield ""
    seen = " · ".join(
        f"{n} {word}{'s' if n != 1 else ''}" for n, word in ((faults, "fault"), (warnings, "warning")) if n
    )
    code = WRONG if faults else 0
    yield f"{seen or 'All is well'}. Nothing was changed. Exit {code}.   Same as JSON: syncd check --json"


def _now(call: Call) -> Any:
    from syncd.store.times import now

    return call.wiring.clock() if "settings" in call.__dict__ else now()


LABELS: dict[State, Callable[[int], str]] = {
    "ok": lambda n: "ok",
    "warn": lambda n: "warn",
    "fault": lambda n: f"FAULT {n}",
    "unchecked": lambda n: "--",
}


def _told(one: Item, number: int, width: int) -> Iterator[str]:
    label = LABELS[one.state](number)
    if one.state == "unchecked":
        yield f"  {label:<8} {one.name:<{width}}  not checked: {one.text}"
        return
    if one.problem is None:
        yield f"  {label:<8} {one.name:<{width}}  {one.text}"
        return
    margin = " " * 11
    what = textwrap.wrap(one.problem.what, WIDTH - 13 - width)
    yield f"  {label:<8} {one.name:<{width}}  {what[0]}  {one.problem.code}".rstrip()
    yield from (f"{margin}{'':<{width}}  {line}" for line in what[1:])
    for key, words in (("means", one.problem.why), ("do", one.problem.do)):
        wrapped = textwrap.wrap(words, WIDTH - 13 - width, break_on_hyphens=False, break_long_words=False)
        for place, line in enumerate(wrapped):
            yield f"{margin}{key if place == 0 else '':<{width}}  {line}"
