"""Untaken: the values that Outlook's contacts hold of one person and that the record does not, each with its reason.

Reads what was observed and carried out, as the store keeps it; asks nobody and decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.crm import records, why
from syncd.crm.accounts import same_company
from syncd.crm.matching import Words
from syncd.crm.plan import named
from syncd.modules import CONTACTS, Module
from syncd.store import Session, observations
from syncd.store.observations import Item
from syncd.sync.engine.carry import fitted
from syncd.sync.mapping import FIELDS
from syncd.sync.reconcile import Source, order

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """One Outlook contact of the person: what it says now, where it lies, and which fields of it wait to be carried out."""

    source: Source
    place: str
    waits: frozenset[str]

    @property
    def values(self) -> dict[str, Any]:
        """Its fields, the company as typed under `account`."""
        return _values(self.source)


def untaken(
    tx: Session, module: Module, found: Mapping[str, Any], addresses: Sequence[str], words: Words
) -> list[Document]:
    """The values not taken of a record that `why.document` has told of, by field; `addresses` rank the mailboxes.

    A blank counts only where it is newer than the value that stands.
    """
    rows = records.fetch(tx, CONTACTS, [found["id"]]) if module is CONTACTS else []
    if not rows:
        return []
    told = _told(tx, found["id"], addresses)
    current = named(CONTACTS, rows[0][2:])
    current["account"] = (found["fields"].get("account") or {}).get("value")
    names = [*CONTACTS.at, *sorted({name for one in told for name in one.values} - CONTACTS.at.keys())]
    made: list[Document] = []
    for name in names:
        held = [one for one in told if _agrees(name, one.values.get(name), current.get(name), words)]
        made += _of_field(name, [one for one in told if one not in held], held, found)
    return made


def unread(found: Mapping[str, Any], allowed: Collection[str]) -> list[Document]:
    """The fields that no contact of Outlook may bring, because [sync] fields names others and not them."""
    if not allowed:
        return []
    left = [name for name in ("account", *FIELDS) if name not in allowed and name != CONTACTS.required]
    return [
        {
            "field": name,
            "value": None,
            "source": "Outlook",
            "since": None,
            "reason": "not-read",
            "text": "not in [sync] fields",
        }
        for name in left
        if (found["fields"].get(name) or {}).get("value") is None
    ]


def _told(tx: Session, contact: int, addresses: Sequence[str]) -> list[Told]:
    """What each contact of Outlook that is tied to the record says, the one that wins first."""
    items = [item for item in observations.linked(tx, [contact]).get(contact, []) if item.observed or item.applied]
    places = why.places(tx, [item.id for item in items])
    named = [address.casefold() for address in addresses if address != "*"]
    others = sorted({places[item.id][0].casefold() for item in items} - set(named))
    ranks = {address: rank for rank, address in enumerate([*named, *others])}
    made = {}
    for item in items:
        address, place = places[item.id]
        now, before = (_source(item, says, ranks[address.casefold()]) for says in (item.observed, item.applied))
        new, old = _values(now), _values(before)
        waits = frozenset(name for name in new.keys() | old.keys() if new.get(name) != old.get(name))
        made[now.item] = Told(now, place, waits)
    return [made[source.item] for source in order(one.source for one in made.values())]


def _source(item: Item, says: Mapping[str, Any] | None, rank: int) -> Source:
    says = says or item.applied or item.observed or {}
    key = f"{item.mailbox}/{item.graph_id}"
    return Source(key, str(says["modified"]), rank, fitted(says["fields"]), says["company"], item.account)


def _values(source: Source) -> Document:
    return source.fields | ({"account": source.company} if source.company else {})


def _agrees(name: str, value: Any, current: Any, words: Words) -> bool:
    if name == "account" and value and current:
        return same_company(str(value), str(current), words)
    return bool((value or None) == (current or None))


def _of_field(name: str, others: Sequence[Told], held: Sequence[Told], found: Mapping[str, Any]) -> Iterator[Document]:
    """The other values of one field. `held` are the sources that say what the record holds, the winner first."""
    setter = found["fields"].get(name)
    for one in others:
        value = one.values.get(name)
        if value is None and (not held or order([one.source, held[0].source])[0] is not one.source):
            continue
        reason, text = _reason(name, one, held, setter, found)
        yield {
            "field": name,
            "value": value,
            "source": one.place,
            "since": one.source.modified or None,
            "reason": reason,
            "text": text,
        }


def _reason(
    name: str, one: Told, held: Sequence[Told], setter: Mapping[str, Any] | None, found: Mapping[str, Any]
) -> tuple[str, str]:
    """Why a source's value does not stand: a code and a sentence."""
    if name in one.waits:
        return "waiting", "seen, and not carried out yet: a plan waits for its yes, or the next sync does it"
    if name not in one.values:
        return "blank", f"a blank takes away only what the same contact had brought; this is from {held[0].place}"
    if held:
        return _older(one, held[0])
    if setter is not None and setter["kind"] != "sync":
        return _otherwise(setter)
    account = next((r["account"] for r in reversed(found["reasons"]) if r["account"]), None)
    if name == "account" and account:
        return "no-account", account
    return "stands", "the record was changed otherwise since, and Outlook has not changed it again"


def _older(one: Told, winner: Told) -> tuple[str, str]:
    if one.source.modified == winner.source.modified:
        return "tie", f"changed at the same time as {winner.place}, whose mailbox comes first in the settings"
    if one.source.modified < winner.source.modified:
        return "older", f"{winner.place} was changed later"
    return "unchanged", f"the value of {winner.place} was carried out before, and this one has not changed since"


def _otherwise(setter: Mapping[str, Any]) -> tuple[str, str]:
    """What something other than a sync has set stays."""
    run, kind = setter["run"], setter["kind"]
    if kind == "edit":
        reason = f', "{setter["why"]}"' if setter["why"] else ""
        return "by-hand", f"a hand edit wins (run {run}, {setter['actor']}{reason})"
    if kind == "undo":
        return "undone", f"run {run} took it back; it comes again when Outlook changes it"
    return "otherwise", f"what run {run} ({kind}, {setter['source']}) has set stays"
