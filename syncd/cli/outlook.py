"""Outlook: checks of sign-in, rights and mailboxes against the real Graph; keeps nothing of what it sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from syncd.cli.probe import Item, fault, ok, unchecked, warned
from syncd.errors import Problem, SetupError, SyncdError, TryLater

if TYPE_CHECKING:
    from syncd.store import Store
    from syncd.wiring import Wiring

WAYS = ("SY-A13", "SY-G01", "SY-G02", "SY-G03", "SY-G04")
"""Problems of the way to Graph and the login host, not of who knocks."""

MOST = 200
"""Mailboxes looked at one by one; of more, the first."""

COUNTED = 50
"""Folders of a mailbox whose contacts are counted, one request each."""

AT_ONCE = 4

CLOCK = 60
"""Seconds that this machine's clock may be off."""

_UNPROVED = "Nobody has tried whether the app is kept out of mailboxes it must not read."
_NAME_ONE = 'Name such a mailbox in [graph] refused_mailbox, or set it to "" when the whole company is meant.'

SOON = 30
"""Days before a certificate's end from which on it is warned of."""


def sign_in(wiring: Wiring) -> Iterator[Item]:
    """Whether the login host and Graph are reached, whose clock is off, and whether the app is let in."""
    problems: Sequence[Problem] = ()
    try:
        wiring.tokens.get()
    except (SetupError, TryLater) as error:
        problems = error.problems
    lost = [one for one in problems if one.code in WAYS]
    yield from (fault("network", one) for one in lost)
    if not lost:
        yield from _network(wiring)
    yield from (fault("sign-in", one) for one in problems if one not in lost)
    if not problems:
        yield _signed_in(wiring)


def _network(wiring: Wiring) -> Iterator[Item]:
    """Graph itself, asked without a token, and this machine's clock beside the one of its answer."""
    start = wiring.clock()
    try:
        told = wiring.graph.knock()
    except (SetupError, TryLater) as error:
        yield fault("network", error.problems[0])
        return
    end = wiring.clock()
    through = f" through {_proxy(wiring.graph_settings.proxy)}" if wiring.graph_settings.proxy else ""
    reached = f"Graph and the login host are reached{through}"
    if told is None:
        yield ok("network", reached)
        return
    # The Date of an answer has whole seconds, cut off.
    off = ((start + (end - start) / 2) - told).total_seconds() - 0.5
    seconds = round(max(0.0, abs(off) - 0.5), 1)
    if seconds > CLOCK:
        yield ok("network", reached)
        yield warned("clock", _clock(seconds, ahead=off > 0))
    else:
        yield ok("network", f"{reached} · clock {f'{seconds:g} s off' if seconds else 'right'}", clock_off=seconds)


def _proxy(url: str) -> str:
    """Host and port alone: a proxy's URL may hold a password."""
    return url.rpartition("@")[2].rpartition("/")[2] or "the proxy"


def _clock(seconds: float, *, ahead: bool) -> Problem:
    far = f"{seconds / 3600:,.1f} hours" if seconds >= 5400 else f"{seconds / 60:,.1f} minutes"
    return Problem(
        "SY-R04",
        f"This machine's clock is {far} {'ahead of' if ahead else 'behind'} Microsoft's.",
        "From some five minutes on Microsoft refuses a sign-in by certificate; the times of runs, and of who changed"
        " what and when, are wrong by as much.",
        "Switch time synchronisation on (timedatectl set-ntp true), then run this again.",
    )


def _signed_in(wiring: Wiring) -> Item:
    graph = wiring.graph_settings
    ends = wiring.credentials.expires()
    days = (ends - wiring.clock()).days if ends else SOON
    held = f"certificate, valid to {ends:%d %b %Y} ({days} days)" if ends else "secret"
    if days < SOON:
        return warned("sign-in", _ending(held))
    return ok("sign-in", f"tenant {graph.tenant_id} · app {graph.client_id} · {held}")


def _ending(held: str) -> Problem:
    return Problem(
        "SY-R03",
        f"The sign-in works, but not for long: {held}.",
        "After that day Microsoft refuses the app and no mailbox is read.",
        "Make a new certificate, upload its public part in Entra beside the old one, then change [graph] certificate.",
    )


def rights(wiring: Wiring) -> Iterator[Item]:
    """Whether the app can read a mailbox that it must not: `refused_mailbox`."""
    from syncd.graph import delta
    from syncd.graph.auth import granted
    from syncd.graph.shapes import MailboxGone, NoAccess

    graph = wiring.graph_settings
    writing = [one for one in granted(wiring.tokens.get()) if "write" in one.casefold()]
    if writing:
        yield warned("rights", _writes(", ".join(writing)))
    refused = graph.refused_mailbox
    if not refused:
        if "graph.refused_mailbox" in wiring.settings.given:
            yield ok("rights", "the whole company is meant: refused_mailbox is blank")
        else:
            yield warned("rights", _not_proved())
        return
    try:
        delta.folders(wiring.graph, refused)
    except NoAccess:
        yield ok("rights", f"{refused} is refused, as it should be")
    except MailboxGone as error:
        yield warned("rights", replace(error.problems[0], why=_UNPROVED, do=_NAME_ONE))
    except SyncdError as error:
        yield _judged("rights", error)
    else:
        yield fault("rights", _too_wide(refused, graph.client_id))


def _writes(named: str) -> Problem:
    return Problem(
        "SY-R05",
        f"The app has more rights than it needs: {named}.",
        "syncd only reads contacts. Whoever gets hold of the app's secret could change or delete with these rights.",
        "Entra: App registrations › the app › API permissions: leave Contacts.Read (and User.Read.All when"
        ' [graph] mailboxes is ["*"]), remove the others.',
    )


def _not_proved() -> Problem:
    return Problem(
        "SY-R01",
        _UNPROVED,
        "Contacts.Read in Entra opens every mailbox of the company, unless Exchange limits the app.",
        _NAME_ONE,
    )


def _too_wide(refused: str, app: str) -> Problem:
    return Problem(
        "SY-R02",
        f"The app can read a mailbox it should not: {refused} answered.",
        "Probably every mailbox of the company is open to this app: Contacts.Read is still granted in Entra beside the"
        " Exchange role, and the two add up.",
        "Entra: App registrations › the app › API permissions › Contacts.Read (Application): revoke consent, then"
        f" remove. Exchange: Test-ServicePrincipalAuthorization -Identity {app} -Resource {refused} must say InScope"
        ' False. Changes take 30 minutes to 2 hours. Or, when the whole company is meant: refused_mailbox = "".',
    )


def mailboxes(wiring: Wiring, *, heeding: bool) -> Iterator[Item]:
    """Whether each mailbox can be read, and how much is in it. `heeding`: the store knows of waits that still hold."""
    try:
        addresses = wiring.addresses()
    except SyncdError as error:
        yield _judged("mailboxes", error)
        return
    if not addresses:
        yield unchecked("mailboxes", "[graph] mailboxes names none")
        return
    store = wiring.store(create=False) if heeding else None
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda address: _mailbox(wiring, store, address), addresses[:MOST]))
    good = [one for one in found if one.state == "ok"]
    more = f" (of {len(addresses):,} the first {MOST})" if len(addresses) > MOST else ""
    if good:
        shown = " · ".join(one.text for one in good[:10]) + (" …" if len(good) > 10 else "")
        figures = [dict(one.more) for one in good]
        yield ok("mailboxes", f"{len(good):,} of {len(found):,}{more}: {shown}", mailboxes=figures)
    yield from (one for one in found if one.state != "ok")


def _mailbox(wiring: Wiring, store: Store | None, address: str) -> Item:
    from syncd.graph import delta

    try:
        if store is not None:
            _heed(wiring, store, address)
        folders = delta.folders(wiring.graph, address)
        sizes = [delta.size(wiring.graph, address, one.id) for one in folders[:COUNTED]]
    except SyncdError as error:
        return _judged("mailbox", error)
    contacts, exact = sum(count for count, _ in sizes), all(exact for _, exact in sizes)
    told = "more than " if len(folders) > COUNTED else "" if exact else "about "
    held = f"{told}{contacts:,} {'contact' if contacts == 1 else 'contacts'}"
    figures = {"mailbox": address, "contacts": contacts, "exact": not told, "folders": len(folders)}
    return ok(
        "mailbox", f"{address} ({held}, {len(folders):,} {'folder' if len(folders) == 1 else 'folders'})", **figures
    )


def _heed(wiring: Wiring, store: Store, address: str) -> None:
    """Raises TryLater while Microsoft has asked for a wait."""
    from syncd.store import mailboxes
    from syncd.sync.engine.pauses import heed

    with store.reading() as tx:
        known = mailboxes.known(tx, wiring.graph_settings.tenant_id, address)
        if known is not None:
            heed(tx, wiring.graph, known, wiring.clock(), by_hand=True)


def _judged(name: str, error: SyncdError) -> Item:
    """A wait is no fault of the set-up; everything else is."""
    return (warned if isinstance(error, TryLater) and error.after else fault)(name, error.problems[0])
