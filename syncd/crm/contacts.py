"""Contacts: which contact a person is, and the actions on it; knows no mailbox's wire and no file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from importers import normalise
from syncd.crm.matching import View, Words, same_name
from syncd.crm.plan import Action, Delta, Plan, Rec
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

    def load(self, people: Sequence[Mapping[str, Any]], ids: Iterable[int | None]) -> None:
        """Fetches all contacts that one of the people (fields by name) may be, and those with the ids."""
        mails = [p.get(name) for p in people for name in EMAILS if p.get(name)]
        names = [_name_key(p.get("first_name"), p.get("last_name")) for p in people]
        self.view.load({EMAIL: normalise.email_keys([m or "" for m in mails]), NAME: names}, ids)

    def find(
        self, person: Mapping[str, Any], account: int | None, *, unnamed: bool
    ) -> tuple[Rec | None, str, tuple[int, ...]]:
        """The contact that a person is, with the reason; else None, and the candidates that were passed over.

        The same e-mail and compatible names; else, where one side has no e-mail, the same name at the same account.
        `unnamed`: the person only borrows its name from its e-mail or company.
        """
        passed: list[int] = []
        mine = ("", "") if unnamed else (person.get("first_name") or "", person.get("last_name") or "")
        keys = [k for k in normalise.email_keys([person.get(name) or "" for name in EMAILS]) if k]
        best: tuple[bool, Rec, str] | None = None
        for rec in self._having(EMAIL, keys):
            why = same_name(mine, self.name(rec.values), self.words)
            if why is None:
                passed.append(rec.id)
            elif best is None or (best[0] and why == "equal"):
                best = (why != "equal", rec, f"email|names={why}")
        if best is not None:
            return best[1], best[2], tuple(passed)
        if account is not None:
            for rec in self._having(NAME, [_name_key(person.get("first_name"), person.get("last_name"))]):
                mailed = any(rec.values[self.at[name]] for name in EMAILS)
                if rec.values[self.at["account"]] == account and not (keys and mailed):
                    return rec, "name-and-account", tuple(passed)
                passed.append(rec.id)
        passed = list(dict.fromkeys(passed))
        return None, "new" + (f"|not={','.join(map(str, passed))}" if passed else ""), tuple(passed)

    def _having(self, kind: int, keys: Iterable[str | None]) -> list[Rec]:
        found: dict[int, Rec] = {}
        for key in keys:
            found.update((rec.id, rec) for rec in self.view.candidates(kind, key))
        return [found[i] for i in sorted(found, key=lambda i: (i < 0, abs(i)))]

    def name(self, values: Sequence[Any]) -> tuple[str, str]:
        """First and last name, both blank where the record only borrows its name from its e-mail."""
        first, last = values[self.at["first_name"]] or "", values[self.at["last_name"]] or ""
        email = values[self.at["email"]] or ""
        return ("", "") if not first and last == email.partition("@")[0] else (first, last)

    def get(self, record: int | None) -> Rec | None:
        """The contact of that id, while it exists."""
        return None if record is None or record in self.view.gone else self.view.recs.get(record)

    def create(self, values: list[Any], source: int, reason: str, passed: tuple[int, ...]) -> Rec:
        """Plans a contact."""
        rec = Rec(self.next_id, 1, values, self.view.keys.of(values))
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


def _name_key(first: str | None, last: str | None) -> str | None:
    """The key of kind `name`: folded first and last name; None without a last name."""
    return f"{normalise.fold(first or '')}\x1f{normalise.fold(last)}" if last else None
