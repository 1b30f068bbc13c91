"""Orders: what the settings tell files and syncs to do, as data; makes no part of the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from syncd.errors import Problem, Refused, SetupError
from syncd.settings import Graph, Mailbox, Profile, Settings

if TYPE_CHECKING:
    from syncd.intake import Options
    from syncd.sync.engine import SyncOrder


def options(given: Settings, name: str | None = None, **wishes: Any) -> Options:
    """How a file is to be taken in: the wishes that are not None, else as profile, [inbox] and [locale] say.

    `owner` as a wish is that of all new records, else of those whose row names none; `map` and `set` add to the
    profile's, and a file must have the columns of the wish. Raises Refused when there is no such profile.
    """
    from syncd.intake import Options

    inbox, locale = given.inbox, given.locale
    chosen = profile(given, name)
    told = wishes.pop("owner", None)
    wanted = {key: value for key, value in wishes.items() if value is not None}
    match_on = inbox.match_on if chosen.match_on is None else chosen.match_on
    made: dict[str, Any] = {
        "module": chosen.module,
        "on_duplicate": chosen.on_duplicate or inbox.on_duplicate,
        "match_on": tuple(match_on),
        "match_told": "match_on" in wanted,
        "dates": chosen.dates,
        "language": chosen.language or locale.language,
        "country": chosen.country or locale.country,
        "accounts": chosen.accounts,
        "owner": told or chosen.owner or inbox.owner,
        "owner_told": bool(told),
    }
    if chosen.accounts == "create":
        sync = given.sync
        made |= {key: getattr(sync, key) for key in ("account_rule", "own_companies", "own_domains")}
    made |= wanted
    made["map"] = {**chosen.map, **wanted.get("map", {})}
    made["must"] = tuple(wanted.get("map", {}))
    made["set"] = {**chosen.set, **wanted.get("set", {})}
    return Options(**made)


def refusals(given: Settings) -> list[Problem]:
    """For what in [inbox], or in a profile, every file that is dropped there would be refused."""
    from syncd.intake import check

    found = []
    for name in (None, *given.profiles):
        try:
            check(options(given, name, language="en"))
        except Refused as error:
            place = f"[profiles.{name}]" if name else "[inbox]"
            found += [replace(one, what=f"{place}: {one.what}") for one in error.problems if isinstance(one, Problem)]
    return found


def profile(given: Settings, name: str | None) -> Profile:
    """The import profile of that name, an empty one for None. Raises Refused when there is none."""
    if name is None:
        return Profile()
    known = given.profiles
    if name not in known:
        raise Refused(
            Problem(
                "SY-F42",
                f"There is no import profile named {name}.",
                f"The settings have: {', '.join(known) or 'none'}.",
                f"Add [profiles.{name}] to the settings, or name another.",
            )
        )
    return known[name]


def sync_order(given: Settings, addresses: Sequence[str], **wishes: Any) -> SyncOrder:
    """What a sync of these mailboxes is told to do, those of higher priority first."""
    from syncd.crm.accounts import Rule
    from syncd.sync.engine import MailboxOrder, SyncOrder
    from syncd.sync.mapping import Rules

    entra, sync = graph(given), given.sync
    special = {m.address.casefold(): m for m in given.mailbox}
    boxes = [replace(special.get(a.casefold(), Mailbox(a)), address=a) for a in addresses]
    made = []
    for one in sorted(boxes, key=lambda box: -box.priority):
        rules = Rules(
            folders=sync.folders if one.folders is None else one.folders,
            exclude_folders=sync.exclude_folders,
            categories=sync.categories if one.categories is None else one.categories,
            exclude_categories=sync.exclude_categories,
        )
        made.append(MailboxOrder(one.address, rules, one.owner, one.country))
    return SyncOrder(
        tenant=entra.tenant_id,
        mailboxes=made,
        ranking=tuple(m.address for m in made),
        fields=sync.fields,
        on_removed=sync.on_removed,
        max_count=sync.max_removals.count,
        max_percent=sync.max_removals.percent,
        rule=Rule(frozenset(sync.account_rule), sync.own_companies, frozenset(sync.own_domains)),
        page_size=entra.page_size,
        concurrency=entra.concurrency,
        **wishes,
    )


def graph(given: Settings) -> Graph:
    """The section [graph]. Raises SetupError when there is none."""
    if given.graph is None:
        raise SetupError(
            Problem(
                "SY-C20",
                "The settings have no [graph] section.",
                "Without it syncd reaches no mailbox; the watched folder and all other commands work.",
                "Add [graph] with tenant_id, client_id, a secret or certificate and mailboxes; then: syncd check.",
            )
        )
    return given.graph


def doubts(given: Settings) -> list[Problem]:
    """The names in [sync] fields that no contact has: what they were meant for is not taken from Outlook."""
    from syncd.modules import CONTACTS

    return [
        Problem(
            "SY-C16",
            f"[sync] fields names {name!r}, and contacts have no field of that name.",
            "Nothing comes of it; what it was meant for is not taken from Outlook.",
            f"The fields are: {', '.join(CONTACTS.at)}.",
        )
        for name in given.sync.fields
        if name not in CONTACTS.at
    ]
