"""Model: what the store must hold after each sync, by the rules alone and without any of the program; knows no test.

One person is one record. What its Outlook contacts say together is, field by field, what the one changed last says that
has a value. A field of the record follows when that changes, unless a hand has changed it meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Fields = dict[str, str | None]
Gone = Literal["deleted", "scope"]


@dataclass(frozen=True)
class Said:
    """What one Outlook contact says: its filled fields, with its company as `account`."""

    modified: str
    rank: int
    fields: Fields


@dataclass
class Record:
    """One contact of the store: `hands` are the fields that were edited here."""

    values: Fields
    hands: set[str] = field(default_factory=set)


def together(said: Iterable[Said]) -> Fields:
    """What several say: the newest first, at a tie the mailbox named first."""
    made: Fields = {}
    for one in sorted(sorted(said, key=lambda s: s.rank), key=lambda s: s.modified, reverse=True):
        for name, value in one.fields.items():
            made.setdefault(name, value)
    return made


class Model:
    """All records by person, and what was carried out of each Outlook contact (person, then item).

    `removes`: whether a contact that was deleted in Outlook takes the record along that only it had made.
    """

    def __init__(self, *, removes: bool = True) -> None:
        self.removes = removes
        self.records: dict[int, Record] = {}
        self.tied: dict[int, dict[str, Said]] = {}
        self.companies: set[str] = set()

    def say(self, person: int, item: str, said: Said) -> None:
        """An Outlook contact is new or has changed."""
        tied = self.tied.setdefault(person, {})
        before = together(tied.values())
        tied[item] = said
        after = together(tied.values())
        if company := after.get("account"):
            self.companies.add(company)
        record = self.records.get(person)
        if record is None:
            self.records[person] = Record(after)
            return
        for name in before.keys() | after.keys():
            old, new, now = before.get(name), after.get(name), record.values.get(name)
            if old == new or now == new:
                continue
            followed = now == old and (new is not None or name not in record.hands)
            if followed or name not in record.hands:
                record.values[name] = new

    def lose(self, person: int, item: str, gone: Gone) -> None:
        """An Outlook contact is gone, or may not be kept."""
        tied = self.tied[person]
        before = together(tied.values())
        del tied[item]
        after = together(tied.values())
        record = self.records[person]
        if not tied and not record.hands and (gone == "scope" or self.removes):
            del self.records[person]
            return
        if company := after.get("account"):
            self.companies.add(company)
        for name in before.keys() | after.keys():
            old, new, now = before.get(name), after.get(name), record.values.get(name)
            if old == new or now != old:
                continue
            if new is not None or (gone == "scope" and name not in record.hands):
                record.values[name] = new

    def edit(self, person: int, name: str, value: str) -> None:
        """A hand changes a field."""
        record = self.records[person]
        if record.values.get(name) != value:
            record.values[name] = value
            record.hands.add(name)
