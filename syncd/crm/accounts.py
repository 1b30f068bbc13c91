"""Accounts: which account a company's name means, and whether one is made; knows no mailbox and no file."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from importers import normalise
from syncd.crm.matching import View, Words
from syncd.crm.plan import Action, Plan, Rec
from syncd.modules import ACCOUNTS
from syncd.modules.declare import MATCH_KINDS

COMPANY = MATCH_KINDS["company"]


@dataclass(frozen=True)
class Rule:
    """When a company's name makes an account: the conditions that are on, and what is one's own."""

    conditions: frozenset[str] = frozenset({"own_name", "own_company", "own_domain", "ambiguous"})
    own_companies: tuple[str, ...] = ()
    own_domains: frozenset[str] = frozenset()


class Answer(NamedTuple):
    """What a company's name means: `found` an account, `make` a new one, or `none`, with the reason's code."""

    kind: Literal["found", "make", "none"]
    rec: Rec | None
    reason: str
    review: bool = False


class Person(NamedTuple):
    """Who bears the company's name: first and last name, and the domains of the e-mail addresses.

    `is_company`: the person is only named by the company, so that the two being equal says nothing.
    """

    first: str = ""
    last: str = ""
    domains: frozenset[str] = frozenset()
    is_company: bool = False


class Companies:
    """The accounts while a batch is planned."""

    def __init__(self, view: View, words: Words, rule: Rule, plan: Plan, first_id: int) -> None:
        self.view = view
        self.words = words
        self.rule = rule
        self.plan = plan
        self.next_id = first_id
        self.own = {spelling for name in rule.own_companies for spelling in normalise.spellings(name, words.forms)}

    def load(self, names: Iterable[str], ids: Iterable[int | None] = ()) -> None:
        """Fetches the accounts that any of the names may mean, and those with the ids."""
        self.view.load({COMPANY: [s for name in names for s in normalise.spellings(name, self.words.forms) if s]}, ids)

    def resolve(self, name: str | None, person: Person) -> Answer:
        """What the name means for this person. `load` must have asked for it."""
        if not name:
            return Answer("none", None, "none:blank")
        base, form = normalise.company(name, self.words.forms)
        no = self._not_for(name, base, person)
        if no:
            return Answer("none", None, f"none:{no}")
        same, maybe = self._candidates(name, form)
        if len(same) == 1:
            return Answer("found", same[0], "same-form" if self._name(same[0])[1] == form else "form-missing")
        if same or maybe:
            near = ",".join(str(rec.id) for rec in same or maybe)
            return Answer("none", None, f"none:{'ambiguous' if same else 'other-form'}:{near}", review=True)
        return Answer("make", None, "company-set")

    def _not_for(self, name: str, base: str, person: Person) -> str | None:
        on = self.rule.conditions
        first, last = normalise.fold(person.first), normalise.fold(person.last)
        names = (f"{first} {last}".strip(), f"{last} {first}".strip())
        if "own_name" in on and not person.is_company and base in names:
            return "own-name"
        if "own_company" in on and self.own and not self.own.isdisjoint(normalise.spellings(name, self.words.forms)):
            return "own-company"
        if "own_domain" in on and person.domains & self.rule.own_domains:
            return "own-domain"
        return None

    def near(self, name: str) -> list[Rec]:
        """The accounts that bear the name in one of its spellings, whatever their legal form and site."""
        found = [self.view.candidates(COMPANY, s) for s in normalise.spellings(name, self.words.forms)]
        if len(found) == 1:
            return found[0]
        return list({rec.id: rec for one in found for rec in one}.values())

    def _candidates(self, name: str, form: str) -> tuple[list[Rec], list[Rec]]:
        """The accounts that are the same company, and those that differ only by another legal form.

        A site is part of identity: a name without one means the account without one.
        """
        site = self.view.module.at["account_site"]
        found = [rec for rec in self.near(name) if not rec.values[site]]
        exact = [rec for rec in found if self._name(rec)[1] == form]
        if exact:
            return self._written(exact, name), []
        loose = [rec for rec in found if not form or not self._name(rec)[1]]
        return self._written(loose, name), [] if loose else found

    def _written(self, recs: list[Rec], name: str) -> list[Rec]:
        """Of several accounts those that are spelled the same way, if there are any."""
        if len(recs) < 2:
            return recs
        return [rec for rec in recs if spelled_alike(rec, name, self.words)] or recs

    def _name(self, rec: Rec) -> tuple[str, str]:
        return normalise.company(rec.values[self.view.module.at["name"]], self.words.forms)

    def create(self, name: str, owner: str | None, source: int | None) -> Rec:
        """Plans an account of that name."""
        near = tuple(rec.id for rec in self.near(name))
        module = self.view.module
        values: list[str | None] = [None] * len(module.columns)
        values[module.at["name"]] = name
        values[module.at["owner"]] = owner
        rec = Rec(self.next_id, 1, values, self.view.keys.of(values))
        rec.base = 0
        self.next_id += 1 if self.next_id > 0 else -1
        self.view.create(rec)
        self.plan.actions.append(Action("create", module, rec, 1, source, "company-set", values, None, near))
        return rec

    def remove(self, rec: Rec, source: int | None, reason: str) -> None:
        """Plans the removal of an account."""
        action = Action("delete", self.view.module, rec, rec.version + 1, source, reason, rec.values)
        self.view.remove(rec)
        self.plan.actions.append(action)


def spelled_alike(rec: Rec, name: str, words: Words) -> bool:
    """Whether an account's name is spelled the same way, ü as ü and ue as ue."""
    other = rec.values[ACCOUNTS.at["name"]]
    return normalise.spellings(other, words.forms) == normalise.spellings(name, words.forms)


def same_company(one: str | None, other: str | None, words: Words) -> bool:
    """Whether two names are one company's: equal but for ü or ue and the legal form, which may be missing but not another."""
    if one == other or not one or not other:
        return (one or "") == (other or "")
    first, second = (normalise.company(name, words.forms) for name in (one, other))
    if first[1] and second[1] and first[1] != second[1]:
        return False
    if first[0] == second[0]:
        return True
    return not set(normalise.spellings(one, words.forms)).isdisjoint(normalise.spellings(other, words.forms))


def domains(emails: Collection[str | None]) -> frozenset[str]:
    """The registrable domains of e-mail addresses."""
    return frozenset(found for email in emails if email and (found := normalise.domain(email)))
