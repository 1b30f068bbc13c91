"""Carry: what a batch of observed contacts means for the records, item by item; reads the store, writes nothing.

Items act as if they were carried out one by one: each meets what the items before it did.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import gt
from typing import Any

from syncd.crm import ledger
from syncd.crm.accounts import Answer, Companies, Person, domains, same_company
from syncd.crm.contacts import EMAILS, People
from syncd.crm.history import Change, visible
from syncd.crm.matching import Keys, View, Words, drafted
from syncd.crm.plan import Key, Plan, Rec, named, packed
from syncd.crm.records import linking
from syncd.modules import ACCOUNTS, CONTACTS, Module
from syncd.store import Session, mailboxes, observations
from syncd.store.observations import Item, Mark
from syncd.sync.engine.employers import Asking, Employers
from syncd.sync.engine.orders import MailboxOrder, SyncOrder
from syncd.sync.reconcile import NOTHING, Source, Wish, alone, verdict, wish

Ties = dict[int, dict[int, Source]]
"""For each contact: the items tied to it, as carried out."""


@dataclass
class Draft:
    """What a dry run has planned so far beyond its temporary tables: the next free ids, and which items it tied."""

    next_account: int = -1
    next_contact: int = -1
    ties: Ties = field(default_factory=dict)
    homes: dict[int, int] = field(default_factory=dict)
    loosened: set[int] = field(default_factory=set)


@dataclass
class Carried:
    """A batch planned: the actions, the items' marks, the records whose values the ledger must forget, and the other
    items' ties (item, contact) that it leans on."""

    plan: Plan
    marks: list[Mark]
    keys: list[Keys]
    erase: ledger.Erased
    leans: list[tuple[int, int]]


class Batch:
    """One batch of a mailbox's pending items while it is planned."""

    def __init__(
        self, tx: Session, order: SyncOrder, of: MailboxOrder, words: Words, draft: Draft | None = None
    ) -> None:
        self.tx = tx
        self.order = order
        self.of = of
        self.draft = draft
        self.plan = Plan()
        self.marks: dict[int, Mark] = {}
        self.erase: ledger.Erased = {}
        self.leans: set[tuple[int, int]] = set()
        self.keys = [Keys(tx, ACCOUNTS, words), Keys(tx, CONTACTS, words)]
        self.views = [View(tx, keys.module, keys, draft=draft is not None) for keys in self.keys]
        first = (draft.next_account, draft.next_contact) if draft else (tx.next_id("account"), tx.next_id("contact"))
        self.companies = Companies(self.views[0], words, order.rule, self.plan, first[0])
        self.people = People(self.views[1], words, self.plan, first[1])
        self.employers = Employers(self.companies, words, self.plan, of.owner)
        self.ranks: dict[int, int] = {}
        self.ties: Ties = {}
        self.homes: dict[int, int] = {}
        self.fitted: dict[int, dict[str, Any]] = {}
        self.found_by: dict[int, list[Key]] = {}
        self.lines: dict[int, list[Change]] = {}
        self.hands: set[int] = set()
        self.alone: dict[int, int | None] = {}
        self.hanging: dict[int, list[tuple[Module, int]]] = {}
        self.staff: dict[int | None, set[int]] | None = None
        self.undos: dict[int, frozenset[int]] = {}

    def carry(self, items: Sequence[Item]) -> Carried:
        """Plans the items in their order."""
        self._load(items)
        for item in items:
            if item.gone is None:
                self._take(item)
            else:
                self._let_go(item)
        if self.draft is not None:
            self.draft.next_account, self.draft.next_contact = self.companies.next_id, self.people.next_id
        return Carried(self.plan, list(self.marks.values()), self.keys, self.erase, sorted(self.leans))

    def _load(self, items: Sequence[Item]) -> None:
        """Fetches every record and every tied item that the batch may meet, in a few set queries."""
        self.ranks = mailboxes.ranks(
            self.tx, self.order.tenant, self.order.ranking or [m.address for m in self.order.mailboxes]
        )
        live = [i for i in items if i.gone is None and i.observed]
        self.fitted = {i.id: fitted((i.observed or {})["fields"]) for i in live}
        rows = self.people.keys_of(list(self.fitted.values()))
        self.found_by = {i.id: keys for i, keys in zip(live, rows, strict=True)}
        self.people.load(rows, [i.contact for i in items])
        contacts = list(self.people.view.recs)
        for contact, tied in observations.linked(self.tx, contacts).items():
            self.ties[contact] = {t.id: self._source(t) for t in tied if t.applied is not None}
        if self.draft is not None:
            for contact in contacts:
                kept = {i: s for i, s in self.ties.get(contact, {}).items() if i not in self.draft.loosened}
                self.ties[contact] = kept | self.draft.ties.get(contact, {})
        self.homes = {item: contact for contact, tied in self.ties.items() for item in tied}
        names = {(i.observed or {})["company"] for i in live}
        names |= {s.company for tied in self.ties.values() for s in tied.values()}
        place = CONTACTS.at["account"]
        linked = {rec.values[place] for rec in self.people.view.recs.values()}
        ids = linked | {i.account for i in items} | {s.account for tied in self.ties.values() for s in tied.values()}
        self.companies.load([n for n in names if n], ids)
        asked = {i.contact for i in items if i.contact is not None and (i.gone is not None or self._doubtful(i))}
        # Those that an item may be found to be: whatever they hold, something else than this item has set it.
        self._load_history([*asked, *self.people.view.recs.keys() - {i.contact for i in items}])
        left = (self.people.get(i.contact) for i in items if i.gone == "scope")
        self._load_accounts([rec.values[place] for rec in left if rec is not None])

    def _doubtful(self, item: Item) -> bool:
        """Whether an update may turn on who has set a field: one that goes blank, or is not what the item had brought."""
        rec = self.people.get(item.contact)
        if rec is None or item.applied is None or item.observed is None:
            return False
        before, now = item.applied["fields"], item.observed["fields"]
        changed = [name for name in before.keys() | now.keys() if before.get(name) != now.get(name)]
        at = CONTACTS.at
        company = item.applied["company"] != item.observed["company"]
        return company or any(name not in now or rec.values[at[name]] != before.get(name) for name in changed)

    def _load_accounts(self, accounts: Iterable[int | None]) -> None:
        """Fetches who made the accounts that an item may take along, and what hangs on them."""
        wanted = sorted({a for a in accounts if a is not None and a > 0} - self.alone.keys())
        lines = ledger.histories(self.tx, ACCOUNTS, wanted)
        makers = ledger.makers(self.tx, ACCOUNTS, wanted)
        self.alone.update((a, makers.get(a) if len(lines.get(a, ())) == 1 else None) for a in wanted)
        links = linking(self.tx, ACCOUNTS, wanted)
        for module, account, record in links if self.draft is None else drafted(self.tx, links, wanted):
            self.hanging.setdefault(account, []).append((module, record))

    def _load_history(self, contacts: Sequence[int]) -> None:
        """The ledger of contacts that may go, or of which it may matter who has set a field; and which of its runs were
        no sync's."""
        found = ledger.histories(self.tx, CONTACTS, sorted({c for c in contacts if c > 0}))
        self.lines.update(found)
        runs = {change.run for line in found.values() for change in line}
        self.hands |= ledger.not_of_kind(self.tx, runs, "sync")
        self.undos |= ledger.reverted(self.tx, runs)

    def _source(self, item: Item) -> Source:
        applied = item.applied or {"fields": {}, "company": None, "modified": ""}
        return Source(
            f"{item.mailbox}/{item.graph_id}",
            str(applied["modified"]),
            self.ranks.get(item.mailbox, len(self.ranks)),
            fitted(applied["fields"]),
            applied["company"],
            item.account,
        )

    def _take(self, item: Item) -> None:
        rec = self.people.get(item.contact)
        if rec is None and (item.held is not None or item.contact is not None) and item.digest == item.applied_digest:
            self._mark(Mark(item.id, None, item.account))
            self.plan.count("unchanged")
            return
        observed = item.observed or {}
        fields = self.fitted[item.id]
        unnamed = observed["named_by"] in ("email", "company")
        person = self._person(fields, observed)
        answer: Answer | None = None
        reason = "source-changed"
        passed: tuple[int, ...] = ()
        if rec is None:
            answer = self.companies.resolve(observed["company"], person)
            at = answer.rec.id if answer.rec is not None else None
            rec, reason, passed = self.people.find(fields, self.found_by[item.id], at, unnamed=unnamed)
        tied = self.ties.get(rec.id) if rec is not None else None
        mine = self._now(item, fields, observed)
        others = {i: s for i, s in tied.items() if i != item.id} if tied else {}
        before = wish(tied.values()) if tied else NOTHING
        after = wish([*others.values(), mine]) if others else alone(mine)
        account, why = self.employers.settle(after, before, rec, Asking(item, person, answer), chosen=self._chosen)
        if after.by == mine.item:
            mine = mine._replace(account=account)
        elif rec is not None:
            self._credit(rec.id, after, account)
        full = f"{reason}|account={why}" if why else reason
        if rec is None:
            rec = self.people.create(self._values(after.fields, account), item.id, full, passed, self.found_by[item.id])
            self.plan.count("created")
        else:
            target = after.fields | {"account": account}
            self.leans.update((i, rec.id) for i in others)
            self._update(rec, before.fields | {"account": before.account}, target, item, full)
        self._tie(rec.id, item.id, mine)
        self._mark(Mark(item.id, rec.id, mine.account))

    def _credit(self, contact: int, after: Wish, account: int | None) -> None:
        """Notes with the item whose company counts now that it has brought the account, so that it may take it along."""
        tied = self.ties.get(contact, {})
        item, source = next((i, s) for i, s in tied.items() if s.item == after.by) if after.by else (0, None)
        if source is None or source.account == account:
            return
        self._tie(contact, item, source._replace(account=account))
        self._mark(Mark(item, contact, account, "account"))

    def _person(self, fields: Mapping[str, Any], observed: Mapping[str, Any]) -> Person:
        own = self.order.rule.own_domains
        return Person(
            fields.get("first_name") or "",
            fields.get("last_name") or "",
            domains([fields.get(name) for name in EMAILS]) if own else frozenset(),
            observed["named_by"] == "company",
        )

    def _bearer(self, rec: Rec, after: Wish) -> Person:
        """The contact as it stands, beside the company that another source gives it."""
        first, last = (rec.values[CONTACTS.at[name]] or "" for name in ("first_name", "last_name"))
        emails = [rec.values[CONTACTS.at[name]] for name in EMAILS]
        return Person(first, last, domains(emails), last == after.company)

    def _now(self, item: Item, fields: dict[str, Any], observed: Mapping[str, Any]) -> Source:
        """The item as it is observed now; it keeps its account while its company means the same."""
        account = item.account
        if account is not None:
            before = (item.applied or {}).get("company")
            account = account if same_company(before, observed["company"], self.people.words) else None
        rank = self.ranks.get(item.mailbox, len(self.ranks))
        key = f"{item.mailbox}/{item.graph_id}"
        return Source(key, str(observed["modified"]), rank, fields, observed["company"], account)

    def _values(self, fields: Mapping[str, Any], account: int | None) -> list[Any]:
        values: list[Any] = [None] * len(CONTACTS.columns)
        extra = {}
        at = CONTACTS.at
        for name, value in fields.items():
            if name in at:
                values[at[name]] = value
            else:
                extra[name.removeprefix("extra.")] = value
        values[at["account"]], values[at["owner"]] = account, self.of.owner
        values[-1] = packed(extra)
        return values

    def _update(self, rec: Rec, before: Mapping[str, Any], after: Mapping[str, Any], item: Item, reason: str) -> None:
        current = named(CONTACTS, rec.values)
        found = verdict(current, before, after)
        delta = dict(found.delta)
        for name in [name for name, (_, new) in delta.items() if new is None]:
            if self._by_hand(rec, name):
                del delta[name]
        for name in found.kept:
            if not self._by_hand(rec, name):
                delta[name] = (current.get(name), after.get(name))
        if delta:
            self.people.update(rec, delta, item.id, reason)
            self.plan.count("updated")
        else:
            self.plan.count("unchanged")

    def _by_hand(self, rec: Rec, name: str) -> bool:
        """Whether a field that differs from what the sources last said was last set by something other than a sync."""
        if rec.id not in self.lines and rec.id > 0:
            self._load_history([rec.id])
        line = self.lines.get(rec.id, [])
        last = next((e for e in visible(line, self.undos) if e.field in (name, "*")), None)
        return last is not None and last.run in self.hands

    def _chosen(self, rec: Rec) -> bool:
        return self._by_hand(rec, "account")

    def _let_go(self, item: Item) -> None:
        rec = self.people.get(item.contact)
        self.plan.count("removed")
        self._mark(Mark(item.id, None, None, item.gone))
        if rec is None:
            return
        tied = self.ties.get(rec.id, {})
        rest = {i: s for i, s in tied.items() if i != item.id}
        self.leans.update((i, rec.id) for i in rest)
        account = rec.values[CONTACTS.at["account"]]
        reason = "deleted-in-outlook" if item.gone == "deleted" else "left-scope"
        if rest or self._known_otherwise(rec):
            reason += f"|kept={'others' if rest else 'edited'}"
            taken = self._keep(rec, wish(tied.values()), wish(rest.values()), item, reason)
        elif item.gone == "scope" or self.order.on_removed == "delete":
            self.people.remove(rec, item.id, reason)
            taken = None
        else:
            taken = set()
        self._loosen(item.id)
        if item.gone == "scope":
            self.erase[CONTACTS.number, rec.id] = taken
            self._drop_account(account, item)

    def _known_otherwise(self, rec: Rec) -> bool:
        """Whether anything but a sync has made or changed the contact, and still stands."""
        line = self.lines.get(rec.id, [])
        return any(entry.run in self.hands for entry in visible(line, self.undos))

    def _keep(self, rec: Rec, before: Wish, after: Wish, item: Item, reason: str) -> set[str]:
        """The record stays. After a deletion the others' values stand; out of scope, what only it had brought goes."""
        account, why = self.employers.settle(
            after, before, rec, Asking(item, self._bearer(rec, after)), chosen=self._chosen
        )
        self._credit(rec.id, after, account)
        old = before.fields | {"account": before.account}
        new = after.fields | {"account": account}
        found = verdict(named(CONTACTS, rec.values), old, new)
        reason += f"|account={why}" if why else ""
        spared = item.gone == "deleted"
        blanks = () if spared else (n for n, pair in found.delta.items() if pair[1] is None and n != CONTACTS.required)
        wiped = {n for n in blanks if not self._by_hand(rec, n)}
        delta = {n: pair for n, pair in found.delta.items() if pair[1] is not None or n in wiped}
        if delta:
            self.people.update(rec, delta, item.id, reason)
            if self.staff is not None:
                self.staff.setdefault(rec.values[CONTACTS.at["account"]], set()).add(rec.id)
        return set(delta)

    def _drop_account(self, account: int | None, item: Item) -> None:
        """An account that this item alone has made goes with it, when nothing hangs on it."""
        rec = self.companies.view.recs.get(account) if account is not None else None
        if rec is None or account is None or account < 0 or account in self.companies.view.gone:
            return
        self._load_accounts([account])
        if self.alone[account] != item.id or self._hangs_on(account):
            return
        self.companies.remove(rec, item.id, "left-scope")
        self.erase[ACCOUNTS.number, account] = None

    def _hangs_on(self, account: int) -> bool:
        place, view = CONTACTS.at["account"], self.people.view
        if self.staff is None:
            self.staff = {}
            for rec in view.recs.values():
                self.staff.setdefault(rec.values[place], set()).add(rec.id)
        here = (view.recs[i] for i in self.staff.get(account, ()) if i not in view.gone)
        stored = self.hanging.get(account, ())
        return any(rec.values[place] == account for rec in here) or any(
            module is not CONTACTS or (record not in view.gone and record not in view.recs) for module, record in stored
        )

    def _mark(self, mark: Mark) -> None:
        """Notes an item; what this batch has noted of it before counts no longer, but for the account that it brought."""
        earlier = self.marks.get(mark.item)
        if mark.how == "account" and earlier is not None and earlier.how is None:
            mark = Mark(mark.item, mark.contact, mark.account)
        self.marks[mark.item] = mark

    def _tie(self, contact: int, item: int, source: Source) -> None:
        self._untie(item)
        self.ties.setdefault(contact, {})[item] = source
        self.homes[item] = contact
        if self.draft is not None:
            self.draft.ties.setdefault(contact, {})[item] = source
            self.draft.homes[item] = contact

    def _untie(self, item: int) -> None:
        self.ties.get(self.homes.pop(item, 0), {}).pop(item, None)
        if self.draft is not None:
            self.draft.ties.get(self.draft.homes.pop(item, 0), {}).pop(item, None)

    def _loosen(self, item: int) -> None:
        self._untie(item)
        if self.draft is not None:
            self.draft.loosened.add(item)


_LENGTHS = {f.name: f.length or sys.maxsize for f in CONTACTS.fields}


def fitted(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields with those that are too long for their place kept whole in `extra`; a name is cut besides, to stay one."""
    if not any(map(gt, map(len, fields.values()), map(_LENGTHS.__getitem__, fields))):
        return fields
    long = [name for name, value in fields.items() if len(value) > _LENGTHS[name]]
    made = {name: value for name, value in fields.items() if name not in long}
    made.update((f"extra.{name}", fields[name]) for name in long)
    if CONTACTS.required in long:
        made[CONTACTS.required] = fields[CONTACTS.required][: _LENGTHS[CONTACTS.required]].rstrip()
    return made
