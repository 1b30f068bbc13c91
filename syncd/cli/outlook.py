"""Outlook: checks of sign-in, rights and mailboxes against the real Graph; keeps nothing of what it sees."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from syncd.cli.probe import Item, fault, ok, unchecked, warned
from syncd.errors import Problem, SetupError, SyncdError, TryLater

if TYPE_CHECKING:
    from syncd.wiring import Wiring

WAYS = ("SY-A13", "SY-G01", "SY-G02", "SY-G03", "SY-G04")
"""Problems of the way to Graph and the login host, not of who knocks."""

MOST = 200
"""Mailboxes looked at one by one; of more, the first."""

AT_ONCE = 4

SOON = 30
"""Days before a certificate's end from which on it is warned of."""


def sign_in(wiring: Wiring) -> Iterator[Item]:
    """Whether the login host is reached, and lets the app in."""
    graph = wiring.graph_settings
    try:
        wiring.tokens.get()
    except (SetupError, TryLater) as error:
        for problem in error.problems:
            yield fault("network" if problem.code in WAYS else "sign-in", problem)
        return
    through = " through the proxy" if graph.proxy else ""
    yield ok("network", f"the login host {graph.authority} is reached{through}")
    ends = wiring.credentials.expires()
    days = (ends - wiring.clock()).days if ends else SOON
    held = f"certificate, valid to {ends:%d %b %Y} ({days} days)" if ends else "secret"
    if days < SOON:
        yield warned("sign-in", _ending(held))
    else:
        yield ok("sign-in", f"tenant {graph.tenant_id} · app {graph.client_id} · {held}")


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
    from syncd.graph.shapes import MailboxGone, NoAccess

    graph = wiring.graph_settings
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
        yield warned("rights", error.problems[0])
    except SyncdError as error:
        yield _judged("rights", error)
    else:
        yield fault("rights", _too_wide(refused, graph.client_id))


def _not_proved() -> Problem:
    return Problem(
        "SY-R01",
        "Nobody has tried whether the app is kept out of mailboxes it must not read.",
        "Contacts.Read in Entra opens every mailbox of the company, unless Exchange limits the app.",
        'Name such a mailbox in [graph] refused_mailbox, or set it to "" when the whole company is meant.',
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


def mailboxes(wiring: Wiring) -> Iterator[Item]:
    """Whether each mailbox can be read."""
    try:
        addresses = list(_addresses(wiring))
    except SyncdError as error:
        yield _judged("mailboxes", error)
        return
    if not addresses:
        yield unchecked("mailboxes", "[graph] mailboxes names none")
        return
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda address: _mailbox(wiring, address), addresses[:MOST]))
    good = [one.text for one in found if one.state == "ok"]
    more = f" (of {len(addresses):,} the first {MOST})" if len(addresses) > MOST else ""
    if good:
        shown = " · ".join(good[:10]) + (" …" if len(good) > 10 else "")
        yield ok("mailboxes", f"{len(good):,} of {len(found):,}{more}: {shown}")
    yield from (one for one in found if one.state != "ok")


def _addresses(wiring: Wiring) -> Iterator[str]:
    from syncd.graph import delta

    graph = wiring.graph_settings
    left_out = {address.casefold() for address in graph.exclude_mailboxes}
    named = [address for address in graph.mailboxes if address != "*"]
    if "*" in graph.mailboxes:
        named += [user.address for user in delta.users(wiring.graph) if not user.guest]
    seen: set[str] = set()
    for address in named:
        if address.casefold() not in left_out | seen:
            seen.add(address.casefold())
            yield address


def _mailbox(wiring: Wiring, address: str) -> Item:
    from syncd.graph import delta

    try:
        folders = delta.folders(wiring.graph, address)
    except SyncdError as error:
        return _judged("mailbox", error)
    return ok("mailbox", f"{address} ({len(folders)} {'folder' if len(folders) == 1 else 'folders'})")


def _judged(name: str, error: SyncdError) -> Item:
    """A wait is no fault of the set-up; everything else is."""
    return (warned if isinstance(error, TryLater) and error.after else fault)(name, error.problems[0])
