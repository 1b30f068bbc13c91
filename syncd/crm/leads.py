"""Leads: what a chunk of file rows means for the store; knows no file format.

Rows act as if they were applied one by one: each sees what the rows before it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from importers.rows import Batch
from syncd.crm import reasons
from syncd.crm.accounts import same_company
from syncd.crm.matching import Found, Name, View, Words, bearer
from syncd.crm.plan import Action, Delta, Key, Plan, Rec, extras, key_rows
from syncd.modules import Field, Module
from syncd.modules.declare import MATCH_KINDS

OnDuplicate = Literal["skip", "overwrite", "clone"]
EMAIL = MATCH_KINDS["email"]
PERSON = MATCH_KINDS["person"]


@dataclass(frozen=True)
class Policy:
    """What to do with a row that matches, and on what it matches: the rules' own order, or `match_on` fields together.

    `owner` is that of new records whose row names none; or of every new one, if the import was `told` so.
    """

    on_duplicate: OnDuplicate = "skip"
    match_on: tuple[str, ...] = ()
    owner: str = ""
    told: bool = False


TOLD_BY = ("first_name", "last_name", "company", "email", "secondary_email")
"""The columns by which a stored lead is compared; a row that only looks whether it is there needs no others."""


@dataclass
class Chunk:
    """Rows ready to be planned: whole records in column order, each with its line and match keys."""

    lines: Sequence[int]
    values: Sequence[tuple[Any, ...]]
    keys: Sequence[list[Key]]
    match: Sequence[str | None] = field(default_factory=list)


def chunk(module: Module, batch: Batch, view: View, policy: Policy) -> Chunk:
    """A reader's batch, whose `keys` are parallel to the module's, as whole records with their match keys."""
    count = len(batch["lines"])
    blank: list[Any] = [None] * count
    columns = [_stored(f, batch["columns"].get(f.name, blank)) for f in module.fields]
    numbers = [kind.number for kind in module.keys]
    found = list(zip(numbers, batch["keys"], strict=True))
    made = Chunk(batch["lines"], list(zip(*columns, batch["extra"], strict=True)), [])
    if view.keys.custom:
        named = {f.name: column for f, column in zip(module.fields, columns, strict=True)}
        for fields, number in view.keys.custom.items():
            values = view.keys.composite(fields, named, count)
            found.append((number, values))
            if fields == policy.match_on:
                made.match = values
    made.keys = key_rows(found)
    return made


def _stored(of: Field, column: list[Any]) -> list[Any]:
    """A reader's column as the store keeps it: flags are 0 and 1."""
    return [None if value is None else int(value) for value in column] if of.kind == "flag" else column


class Decider:
    """Decides one chunk, row by row."""

    def __init__(self, view: View, policy: Policy, words: Words, first_id: int) -> None:
        self.view = view
        self.policy = policy
        self.words = words
        self.next_id = first_id
        self.step = 1 if first_id > 0 else -1
        self.plan = Plan()
        self.module = view.module
        self.at = view.module.at
        self.filled: Sequence[int] = range(len(view.module.fields))
        self.never = self.at.get("email_opt_out", -1)

    def fetch(self, rows: Chunk) -> None:
        """Fetches the records that a row of the chunk may mean, in a few set queries.

        First by e-mail; by name and company only for rows that this does not settle, as nearly all are when a file comes
        again.
        """
        policy, view = self.policy, self.view
        if policy.on_duplicate == "clone":
            return
        if policy.match_on:
            view.load({view.keys.custom[policy.match_on]: rows.match})
            return
        view.load({EMAIL: [value for keys in rows.keys for kind, value in keys if kind == EMAIL]})
        rest = rows.keys
        if view.index:
            rest = [k for values, k in zip(rows.values, rows.keys, strict=True) if not self._settled(values, k)]
        view.load({PERSON: [value for keys in rest for kind, value in keys if kind == PERSON]})

    def _settled(self, values: tuple[Any, ...], keys: list[Key]) -> bool:
        """Whether a stored record has the row's e-mail and its very name."""
        index = self.view.index
        near = [i for key in keys if key[0] == EMAIL and key in index for i in index[key]]
        return bool(near) and any(self._same(values, self.view.recs[i].values) for i in near if i in self.view.recs)

    def _same(self, one: Any, other: Any) -> bool:
        mine = self.name(one)
        return mine == self.name(other) and bool(mine[1])

    def decide(self, rows: Chunk) -> Plan:
        """The plan of a chunk; counts created, updated, unchanged and duplicate."""
        match = rows.match or [None] * len(rows.lines)
        blank = [column.count(None) == len(rows.values) for column in zip(*rows.values, strict=True)]
        self.filled = [place for place in self.filled if blank and not blank[place]]
        before = self.next_id
        for line, values, keys, custom in zip(rows.lines, rows.values, rows.keys, match, strict=True):
            self.row(line, values, keys, custom)
        if self.next_id != before:
            self.plan.count("created", abs(self.next_id - before))
        return self.plan

    def row(self, line: int, values: tuple[Any, ...], keys: list[Key], custom: str | None) -> None:
        """Plans one row."""
        found, reason, passed = self._match(values, keys, custom)
        if found is None:
            self._create(line, self._owned(values) if self.policy.owner else values, keys, reason, passed)
        elif self.policy.on_duplicate == "skip":
            self.plan.met.append(found)
            self.plan.count("duplicate")
        else:
            self._overwrite(found, line, values, reason)

    def _match(self, values: tuple[Any, ...], keys: list[Key], custom: str | None) -> Found:
        """The record that a row means, with the reason; else why not, and the candidates that were passed over."""
        if self.policy.on_duplicate == "clone":
            return None, "clone", ()
        if self.policy.match_on:
            found = self.view.candidates(self.view.keys.custom[self.policy.match_on], custom)
            return (found[0], "match-on", ()) if found else (None, "new", ())
        index = self.view.index
        for key in keys:
            if key in index:
                return self._person(values, keys)
        return None, "new", ()

    def _person(self, values: tuple[Any, ...], keys: list[Key]) -> Found:
        best, reason, passed = bearer(self.view.having(EMAIL, keys), self.name(values), self.name, self.words)
        if best is not None:
            return best, reason, tuple(passed)
        mailed = any(kind == EMAIL for kind, _ in keys)
        late = [value for kind, value in keys if kind == PERSON and (kind, value) not in self.view.asked]
        if late:
            # A row before this one has taken away the name that seemed to settle it.
            self.view.load({PERSON: late})
        company = self.at["company"]
        for rec in self.view.having(PERSON, keys):
            one = same_company(values[company], rec.values[company], self.words)
            if one and not (mailed and self._mailed(rec)):
                return rec, "person", tuple(passed)
            passed.append(rec.id)
        passed = list(dict.fromkeys(passed))
        return None, reasons.new(passed), tuple(passed)

    def _mailed(self, rec: Rec) -> bool:
        return any(rec.values[self.at[name]] for name in ("email", "secondary_email"))

    def name(self, values: Any) -> Name:
        """First and last name; a last name that is only borrowed from the company or the e-mail counts as blank."""
        at = self.at
        first, last = values[at["first_name"]] or "", values[at["last_name"]] or ""
        borrowed = last in (values[at["company"]], (values[at["email"]] or "").partition("@")[0])
        return first, "" if borrowed else last

    def _owned(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        place = self.at["owner"]
        return (*values[:place], self.owner(values), *values[place + 1 :])

    def owner(self, values: tuple[Any, ...]) -> str | None:
        """Whose a new record of a row is."""
        mine = values[self.at["owner"]]
        return self.policy.owner if self.policy.owner and (self.policy.told or mine is None) else mine

    def _create(
        self, line: int, values: tuple[Any, ...], keys: list[Key], reason: str, passed: tuple[int, ...]
    ) -> None:
        rec = Rec(self.next_id, 1, values, keys)
        rec.base = 0
        self.next_id += self.step
        self.view.create(rec)
        self.plan.actions.append(Action("create", self.module, rec, 1, line, reason, values, None, passed))

    def _overwrite(self, rec: Rec, line: int, values: tuple[Any, ...], reason: str) -> None:
        """A filled cell wins, a blank one never wipes, and a consent once withdrawn stays withdrawn."""
        delta: Delta = {}
        fields, before = self.module.fields, rec.values
        for place in self.filled:
            new = values[place]
            if new is None or new == before[place] or (place == self.never and before[place]):
                continue
            delta[fields[place].name] = (before[place], new)
        if "last_name" in delta and not self.name(values)[1]:
            del delta["last_name"]
        if values[-1] is not None and values[-1] != rec.values[-1]:
            old_extra = extras(rec.values[-1])
            for name, value in extras(values[-1]).items():
                if old_extra.get(name) != value:
                    delta[f"extra.{name}"] = (old_extra.get(name), value)
        if not delta:
            self.plan.met.append(rec)
            self.plan.count("unchanged")
            return
        self.view.update(rec, delta)
        self.plan.actions.append(Action("update", self.module, rec, rec.version, line, reason, None, delta))
        self.plan.count("updated")
