"""Employers: which account a contact belongs to by what its sources call its company; reads a plan's views, writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from syncd.crm.accounts import Answer, Companies, Person, same_company
from syncd.crm.matching import Words
from syncd.crm.plan import Plan, Rec
from syncd.modules import CONTACTS
from syncd.store.observations import Item
from syncd.sync.reconcile import Wish


class Asking(NamedTuple):
    """Who asks: the item that is carried out, whose name stands beside the company, and what the item's own company
    means when it was asked already."""

    item: Item
    person: Person
    found: Answer | None = None


class Employers:
    """The accounts of contacts while a batch is planned. `owner` is that of accounts that are made."""

    def __init__(self, companies: Companies, words: Words, plan: Plan, owner: str | None) -> None:
        self.companies = companies
        self.words = words
        self.plan = plan
        self.owner = owner

    def settle(
        self, after: Wish, before: Wish, rec: Rec | None, asking: Asking, *, chosen: Callable[[Rec], bool]
    ) -> tuple[int | None, str]:
        """The account that the sources' company means now, and why; made when the rule says so.

        Nothing is made for a contact whose account somebody else has chosen, which `chosen` tells.
        """
        if after.account is not None and self._stands(after.account):
            return after.account, ""
        if after.company is None:
            return None, "none:blank" if rec is None else ""
        if rec is not None and same_company(after.company, before.company, self.words):
            return before.account, ""
        mine = (asking.item.observed or {}).get("company")
        known = asking.found if mine == after.company else None
        answer = known or self.companies.resolve(after.company, asking.person)
        if answer.review:
            self._review(answer, asking.item)
        if answer.kind != "make":
            return (answer.rec.id if answer.rec is not None else None), _short(answer)
        current = rec.values[CONTACTS.at["account"]] if rec is not None else None
        if rec is not None and current not in (None, before.account) and chosen(rec):
            return None, "none:chosen-by-hand"
        made = self.companies.create(after.company, self.owner, asking.item.id)
        return made.id, "created"

    def _stands(self, account: int) -> bool:
        """Whether an account that an item was tied to is still there: an undo or a hand may have removed it."""
        return account in self.companies.view.recs and account not in self.companies.view.gone

    def _review(self, answer: Answer, item: Item) -> None:
        self.plan.count("review")
        kind, _, near = answer.reason.removeprefix("none:").partition(":")
        why = "It differs by its legal form." if kind == "other-form" else "Several accounts bear that name."
        self.plan.problems.append(
            {
                "code": "SY-M20",
                "what": f"The company of item {item.graph_id} may be account {near.replace(',', ' or ')}.",
                "why": f"{why} No machine decides that; the contact stays without account.",
                "do": "Set it by hand: syncd edit contacts ID account_id=NUMBER",
            }
        )


def _short(answer: Answer) -> str:
    return f"linked:{answer.reason}" if answer.kind == "found" else answer.reason
