"""Contacts: which contact a person is, and the actions on it; knows no mailbox's wire and no file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from syncd.crm import reasons
from syncd.crm.matching import Found, Name, View, Words, bearer
from syncd.crm.plan import Action, Delta, Key, Plan, Rec
from syncd.modules.declare import MATCH_KINDS

EMAIL = MATCH_KINDS["email"]
NAME = MATCH_KINDS["name"]
EMAILS = ("email", "secondary_email", "third_email")


class People:
    """The contacts while a batch is planned."""

    def __init__(self, view: View, words: Words, plan: Plan, first_id: int) -> None:
        self.view = view
        self.words = words
        self.plan = plan
        self.next_id = first_id
        self.at = view.module.at

    def keys_of(self, people: Sequence[Mapping[str, Any]]) -> list[list[Key]]:
        """The match keys of people (fields by name)."""
        return self.view.keys.of_named(people)

    def load(self, keys: Iterable[Iterable[Key]], ids: Iterable[int | None]) -> None:
        """Fetches all contacts that have one of the keys, and those with the ids."""
        wanted: dict[int, list[str | None]] = {EMAIL: [], NAME: []}
        for row in keys:
            for kind, value in row:
                if kind in wanted:
                    wanted[kind].append(value)
        self.view.load(wanted, ids)

    def find(self, person: Mapping[str, Any], keys: Sequence[Key], account: int | None, *, unnamed: bool) -> Found:
        """The contact that a person with those match keys is, with the reason; else None, and who was passed over.

        The same e-mail and compatible names; else, where one side has no e-mail, the same name at the same account.
        `unnamed`: the person only borrows its name from its e-mail or company.
        """
        mine = ("", "") if unnamed else (person.get("first_name") or "", person.get("last_name") or "")
        best, reason, passed = bearer(self.view.having(EMAIL, keys), mine, self.name, self.words)
        if best is not None:
            return best, reason, tuple(passed)
        mailed = any(kind == EMAIL for kind, _ in keys)
        for rec in self.view.having(NAME, keys) if account is not None else ():
            theirs_too = any(rec.values[self.at[name]] for name in EMAILS)
            if rec.values[self.at["account"]] == account and not (mailed and theirs_too):
                return rec, "name-and-account", tuple(passed)
            passed.append(rec.id)
        passed = list(dict.fromkeys(passed))
        return None, reasons.new(passed), tuple(passed)

    def name(self, values: Sequence[Any]) -> Name:
        """First and last name, both blank where the record only borrows its name from its e-mail."""
        first, last = values[self.at["first_name"]] or "", values[self.at["last_name"]] or ""
        email = values[self.at["email"]] or ""
        return ("", "") if not first and last == email.partition("@")[0] else (first, last)

    def get(self, record: int | None) -> Rec | None:
        """The contact of that id, while it exists."""
        return None if record is None or record in self.view.gone else self.view.recs.get(record)

    def create(
        self, values: list[Any], source: int, reason: str, passed: tuple[int, ...], keys: list[Key] | None = None
    ) -> Rec:
        """Plans a contact. `keys` are its match keys where they are known."""
        rec = Rec(self.next_id, 1, values, self.view.keys.of(values) if keys is None else keys)
        rec.base = 0
        self.next_id += 1 if self.next_id > 0 else -1
        self.view.create(rec)
        self.plan.actions.append(Action("create", self.view.module, rec, 1, source, reason, values, None, passed))
        return rec

    def update(self, rec: Rec, delta: Delta, source: int, reason: str) -> None:
        """Plans an update."""
        self.view.update(rec, delta)
        self.plan.actions.append(Action("update", self.view.module, rec, rec.version, source, reason, None, delta))

    def remove(self, rec: Rec, source: int, reason: str) -> None:
        """Plans a removal."""
        action = Action("delete", self.view.module, rec, rec.version + 1, source, reason, rec.values)
        self.view.remove(rec)
        self.plan.actions.append(action)
