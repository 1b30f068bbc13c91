"""Filing: what file rows mean for the store, whatever their module; knows no file format.

Leads match leads by their own rules (`leads`). Contacts are found as those of Outlook are, accounts by company and site.
A link in a row is a name, or the id that an export has beside it; one that means no record, or several, is kept in
`extra` and named. Whether a contact's account is looked up at all, and made when there is none, `Links` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from importers import normalise
from importers.rows import Batch
from syncd.crm import leads, reasons
from syncd.crm.accounts import COMPANY, Answer, Companies, Person, Rule, domains, spelled_alike
from syncd.crm.contacts import EMAIL, EMAILS, NAME, People
from syncd.crm.leads import Chunk, Decider, Policy
from syncd.crm.matching import Found, Name, View, Words
from syncd.crm.plan import Key, Plan, Rec, extras, packed
from syncd.crm.records import title, titles
from syncd.modules import ACCOUNTS, CONTACTS, LEADS
from syncd.store import Session


@dataclass(frozen=True)
class Links:
    """What the account that a contact's row names does: nothing, link where it is here, or be made by the rule too."""

    accounts: Literal["never", "link", "create"] = "link"
    rule: Rule = Rule(frozenset())


LOOKED_UP = Links()
Ids = tuple[int, int]
"""The next free ids of the rows' module and of accounts; negative ones are draft numbers."""


def decided(
    batch: Batch, views: tuple[View, View], policy: Policy, links: Links, *, words: Words, first: Ids
) -> tuple[Plan, Ids]:
    """The plan of one batch and the ids after it. `views` are those of the rows' module and of accounts."""
    view = views[0]
    rows = leads.chunk(view.module, batch, view, policy)
    if view.module is LEADS:
        decider = Decider(view, policy, words, first[0])
        decider.fetch(rows)
        return decider.decide(rows), (decider.next_id, first[1])
    if view.module is CONTACTS:
        linked: _Linked = ContactRows(views, policy, links, words, first=first)
    else:
        linked = AccountRows(views, policy, LOOKED_UP, words, first=first)
    rows = linked.load(rows, batch)
    return linked.decide(rows), (linked.next_id, linked.companies.next_id)


class _Linked(Decider):
    """Decides rows whose records link to accounts."""

    kinds: tuple[int, ...] = ()

    def __init__(self, views: tuple[View, View], policy: Policy, wish: Links, words: Words, *, first: Ids) -> None:
        super().__init__(views[0], policy, words, first[0])
        self.accounts = views[1]
        self.wish = wish
        self.companies = Companies(views[1], words, wish.rule, self.plan, first[1])
        self.links = [(place, field) for place, field in enumerate(self.module.fields) if field.link]
        self.named = ""
        self.answer: Answer | None = None

    def load(self, rows: Chunk, batch: Batch) -> Chunk:
        """Fetches what the rows may mean; each link becomes its name and id as given."""
        values = [list(row) for row in rows.values]
        for place, field in self.links:
            ids: Sequence[Any] = batch["columns"].get(field.column) or [None] * len(values)
            for row, number in zip(values, ids, strict=True):
                row[place] = (row[place], number) if row[place] or number is not None else None
        wanted = [row[place] for row in values for place, _ in self.links if row[place]]
        self.companies.load([name for name, _ in wanted if name], [number for _, number in wanted])
        if self.policy.match_on and self.policy.on_duplicate != "clone":
            self.view.load({self.view.keys.custom[self.policy.match_on]: rows.match})
        elif self.policy.on_duplicate != "clone":
            self.view.load({n: [v for keys in rows.keys for kind, v in keys if kind == n] for n in self.kinds})
        return replace(rows, values=[tuple(row) for row in values])

    def row(self, line: int, values: tuple[Any, ...], keys: list[Key], custom: str | None) -> None:
        """Plans one row, its links resolved against what the rows before it left."""
        made = list(values)
        self.named, self.answer = "", None
        for place, field in self.links:
            if made[place] is None:
                continue
            name, number = made[place]
            self.named = name or ""
            self.answer = self._meant(name, number, values)
            made[place] = self.answer.rec.id if self.answer.rec is not None else None
            if self.answer.kind == "none":
                shown = name or f"id {number}"
                made[-1] = packed(extras(made[-1]) | {field.name: shown})
                if self.answer.review:
                    self.plan.problems.append(_doubtful(line, field.name, shown))
                if self.answer.reason.startswith(UNSURE):
                    self.plan.count("review")
        super().row(line, tuple(made), keys, custom)

    def _meant(self, name: str | None, number: int | None, values: tuple[Any, ...]) -> Answer:
        """The account that a name and an id mean; one that means none, or several, is for review."""
        rec = self.accounts.recs.get(number) if number is not None else None
        if rec is not None and rec.id not in self.accounts.gone and name in (None, title(ACCOUNTS, rec.values)):
            return Answer("found", rec, "id")
        found = self._by_name(name, values)
        return found if found.kind != "none" else found._replace(review=found.reason not in QUIET)

    def _by_name(self, name: str | None, values: tuple[Any, ...]) -> Answer:
        found = self.companies.resolve(name, Person())
        return Answer("none", None, "none:unknown") if found.kind == "make" else found


QUIET = frozenset(f"none:{why}" for why in ("own-name", "own-company", "own-domain"))
"""The rule's own words for no account: nothing is doubtful then."""
UNSURE = ("none:ambiguous", "none:other-form")
"""The rule's words for an account that may be meant, and only a person can tell."""


def _doubtful(line: int, field: str, shown: str) -> dict[str, Any]:
    """Problems of rows have no words yet: those are the file's language's, see `intake`."""
    return {"code": "SY-L30", "line": line, "values": {"field": field, "seen": shown}}


def name_contacts(tx: Session, plan: Plan) -> None:
    """Names the contacts that have the e-mail of a lead that the plan makes: leads match leads alone."""
    if tx.row("SELECT 1 FROM contact LIMIT 1") is None:
        return
    made = [action for action in plan.actions if action.op == "create"]
    wanted = sorted({value for action in made for kind, value in action.rec.keys or () if kind == EMAIL})
    where = ("t.module = ? AND t.kind = ?", CONTACTS.number, EMAIL)
    known: dict[str, list[int]] = {}
    for value, record in tx.lookup("match_key", "value", ("record",), wanted, *where):
        known.setdefault(value, []).append(record)
    names = titles(tx, CONTACTS, {record for found in known.values() for record in found}) if known else {}
    for action in made if known else ():
        for record in sorted({i for key in action.rec.keys or () if key[0] == EMAIL for i in known.get(key[1], ())}):
            plan.problems.append(_known(int(action.source or 0), record, names[record]))


def _known(line: int, record: int, name: str) -> dict[str, Any]:
    return {"code": "SY-L31", "line": line, "values": {"record": record, "seen": name}}


class ContactRows(_Linked):
    """Rows of contacts: the same e-mail and a name that fits, else the same name at the same account."""

    kinds = (EMAIL, NAME)

    def _meant(self, name: str | None, number: int | None, values: tuple[Any, ...]) -> Answer:
        """As ever, unless accounts are not to be looked up."""
        if self.wish.accounts == "never":
            return Answer("none", None, "none:never")
        return super()._meant(name, number, values)

    def _by_name(self, name: str | None, values: tuple[Any, ...]) -> Answer:
        if self.wish.accounts != "create" or name is None:
            return super()._by_name(name, values)
        mails = [values[self.module.at[email]] for email in EMAILS] if self.wish.rule.own_domains else []
        return self.companies.resolve(name, Person(*self.name(values), domains(mails)))

    def _create(
        self, line: int, values: tuple[Any, ...], keys: list[Key], reason: str, passed: tuple[int, ...]
    ) -> None:
        super()._create(line, self._settled_in(line, values), keys, self._with_account(reason), passed)

    def _overwrite(self, rec: Rec, line: int, values: tuple[Any, ...], reason: str) -> None:
        super()._overwrite(rec, line, self._settled_in(line, values), self._with_account(reason))

    def _settled_in(self, line: int, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The row with the account that it makes: only here is it certain that the row is kept."""
        if self.answer is None or self.answer.kind != "make":
            return values
        place = self.module.at["account"]
        made = self.companies.create(self.named, self.owner(values), line)
        return (*values[:place], made.id, *values[place + 1 :])

    def _with_account(self, reason: str) -> str:
        if self.answer is None or self.wish.accounts != "create":
            return reason
        kind, why = self.answer.kind, self.answer.reason
        return f"{reason}|account={'created' if kind == 'make' else f'linked:{why}' if kind == 'found' else why}"

    def _person(self, values: tuple[Any, ...], keys: list[Key]) -> Found:
        people = People(self.view, self.words, self.plan, self.next_id)
        person = {name: values[self.module.at[name]] for name in ("first_name", "last_name", *EMAILS)}
        return people.find(person, keys, values[self.module.at["account"]], unnamed=self.name(values) == ("", ""))

    def name(self, values: Any) -> Name:
        """First and last name; a last name that is only borrowed from the account or the e-mail counts as blank."""
        at = self.module.at
        first, last = values[at["first_name"]] or "", values[at["last_name"]] or ""
        email = values[at["email"]] or ""
        return first, "" if last in (self.named, email.partition("@")[0]) else last


class AccountRows(_Linked):
    """Rows of accounts: the same company at the same site."""

    kinds = (COMPANY,)

    def load(self, rows: Chunk, batch: Batch) -> Chunk:
        """Fetches also what stands above the accounts, a level at a time."""
        rows = super().load(rows, batch)
        place, asked = self.module.at["parent"], set[int]()
        while level := {rec.values[place] for rec in self.view.recs.values()} - self.view.recs.keys() - asked - {None}:
            asked |= level
            self.view.load({}, level)
        return rows

    def name(self, values: Any) -> Name:
        """An account borrows its name from nothing."""
        return "", str(values[self.module.at["name"]])

    def _person(self, values: tuple[Any, ...], keys: list[Key]) -> Found:
        form = self._form(values)
        near = self.view.having(COMPANY, keys)
        here = [rec for rec in near if self._site(rec.values) == self._site(values)]
        same = [rec for rec in here if self._form(rec.values) == form]
        if same:
            return self._written(same, values)[0], "same-form", ()
        loose = self._written([rec for rec in here if not form or not self._form(rec.values)], values)
        if len(loose) == 1:
            return loose[0], "form-missing", ()
        passed = tuple(rec.id for rec in near)
        return None, reasons.new(passed), passed

    def _written(self, recs: list[Rec], values: Sequence[Any]) -> list[Rec]:
        name = values[self.module.at["name"]]
        return [rec for rec in recs if spelled_alike(rec, name, self.words)] or recs

    def _form(self, values: Sequence[Any]) -> str:
        return normalise.company(values[self.module.at["name"]], self.words.forms)[1]

    def _site(self, values: Sequence[Any]) -> str:
        return normalise.fold(values[self.module.at["account_site"]] or "")

    def _overwrite(self, rec: Rec, line: int, values: tuple[Any, ...], reason: str) -> None:
        """As ever, but no account comes to stand above itself."""
        place = self.module.at["parent"]
        if self._above(values[place], rec.id):
            values = (*values[:place], None, *values[place + 1 :])
            self.plan.problems.append(_doubtful(line, "parent", self.named))
        super()._overwrite(rec, line, values, reason)

    def _above(self, parent: int | None, record: int) -> bool:
        place, seen = self.module.at["parent"], set[int]()
        while parent is not None and parent not in seen:
            if parent == record:
                return True
            seen.add(parent)
            rec = self.view.recs.get(parent)
            parent = rec.values[place] if rec is not None else None
        return False
