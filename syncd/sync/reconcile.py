"""Reconcile: what several sources together say of one contact, and what follows for the record; pure, no store, no wire.

Field by field the value of the source changed last that has one; at a tie that of the mailbox named first. A record's
field follows only when what the sources say has changed and nobody else has changed the field meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

NAMES = ("surname", "displayName", "fileAs", "givenName")
REACH = ("email", "secondary_email", "third_email", "phone", "phone_2", "mobile", "home_phone", "home_phone_2")


class Source(NamedTuple):
    """One Outlook contact: its fields, its company as typed with the account that it was resolved to, and its rank.

    `rank` is the place of its mailbox in the settings; lower wins a tie. `item` breaks the last ties.
    """

    item: str
    modified: str
    rank: int
    fields: dict[str, Any]
    company: str | None
    account: int | None


class Wish(NamedTuple):
    """What all sources of a contact say together; company and account come from the newest source with a company, `by`."""

    fields: dict[str, Any]
    company: str | None
    account: int | None
    by: str | None = None


def order(sources: Iterable[Source]) -> list[Source]:
    """Sources, the one that wins first."""
    by_rank = sorted(sources, key=lambda s: (s.rank, s.item))
    return sorted(by_rank, key=lambda s: s.modified, reverse=True)


NOTHING = Wish({}, None, None)
"""What no source says."""


def alone(source: Source) -> Wish:
    """What one source says by itself."""
    if not source.company:
        return Wish(source.fields, None, None)
    return Wish(source.fields, source.company, source.account, source.item)


def wish(sources: Iterable[Source]) -> Wish:
    """What the sources say together."""
    ranked = order(sources)
    if len(ranked) < 2:
        return alone(ranked[0]) if ranked else NOTHING
    fields: dict[str, Any] = {}
    company, account, by = None, None, None
    for source in ranked:
        for name, value in source.fields.items():
            fields.setdefault(name, value)
        if company is None and source.company:
            company, account, by = source.company, source.account, source.item
    return Wish(fields, company, account, by)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a record's fields: `delta` before and after, `kept` the fields that somebody else has changed."""

    delta: Mapping[str, tuple[Any, Any]]
    kept: Sequence[str]


def verdict(current: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> Verdict:
    """Three-way merge of a record's `current` fields with what the sources said `before` and say `after`."""
    delta: dict[str, tuple[Any, Any]] = {}
    kept: list[str] = []
    for name in sorted(before.keys() | after.keys()):
        old, new, now = before.get(name), after.get(name), current.get(name)
        if old == new or now == new:
            continue
        if now == old:
            delta[name] = (now, new)
        else:
            kept.append(name)
    return Verdict(delta, kept)


@dataclass(frozen=True, slots=True)
class Brake:
    """How much a round would take away: `removed`, `blanked` and `repointed` contacts of `linked` ones."""

    linked: int
    removed: int = 0
    blanked: int = 0
    repointed: int = 0

    @property
    def total(self) -> int:
        """All that would be taken away; each contact counts once."""
        return self.removed + self.blanked + self.repointed

    def stops(self, count: int, percent: float) -> bool:
        """Whether the round must wait for a yes: more than the larger of the two limits, or an emptied mailbox."""
        if self.removed and self.removed >= self.linked:
            return True
        return self.total > max(count, self.linked * percent / 100)

    def limit(self, count: int, percent: float) -> int:
        """The number of contacts that may be taken away without a yes."""
        return int(max(count, self.linked * percent / 100))


def loses(before: Mapping[str, Any], after: Mapping[str, Any] | None) -> bool:
    """Whether a contact that could be told by name, e-mail or phone no longer can. Projections as plain data."""
    return after is not None and _known(before) and not _known(after)


def _known(projection: Mapping[str, Any]) -> bool:
    fields = projection["fields"]
    return projection["named_by"] in NAMES or any(fields.get(name) for name in REACH)
