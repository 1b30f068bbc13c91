"""Fits: whether a saved plan still fits the store; reads, and raises Outdated with what has moved on.

A plan fits when each record that it changes stands at its version, what it would make is still not there, what it links
to is, nothing else hangs on what it deletes, what its rows met and left stands as it did, and the Outlook items that it
speaks of still say what they said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from syncd.crm import ledger, plans
from syncd.crm.apply import check
from syncd.crm.matching import Keys, Words
from syncd.crm.plan import Action
from syncd.crm.reasons import code
from syncd.crm.records import fetch, linking
from syncd.errors import Outdated, Problem
from syncd.modules import ACCOUNTS, CONTACTS, LEADS, MODULES, NUMBERED, Module
from syncd.modules.declare import MATCH_KINDS
from syncd.store import Session, observations
from syncd.store.leases import Lease

_LINKS = {
    m.number: [(place, f.name, f.link) for place, f in enumerate(m.fields) if f.link is not None]
    for m in MODULES.values()
}
LINKING = {number: links for number, links in _LINKS.items() if links}
"""The links of each module that has some: place, name, and the module linked to."""


def moved(seen: str) -> Outdated:
    """What to say when a plan no longer fits."""
    return Outdated(
        Problem(
            "SY-W06",
            f"The saved plan no longer fits the store: {seen}.",
            "Carrying it out would not do what it showed; nothing was done.",
            "Make the plan again and look at it anew.",
        )
    )


@dataclass
class Job:
    """A plan being carried out: the run the command named, the runs whose plans it takes, and the final ids.

    `joint`: the mailboxes' plan together is taken, not the one of each. `twins` are accounts that the plan would make and
    that another mailbox of the same sync has made meanwhile: theirs is taken, as the sync would have done.
    """

    run: int
    runs: list[int]
    leases: list[Lease]
    joint: bool = False
    firsts: dict[int, int] = field(default_factory=dict)
    made: dict[int, set[int]] | None = None
    twins: dict[int, int] = field(default_factory=dict)

    def final(self, number: int, record: Any) -> Any:
        """The final id of what the plan knows by a negative one."""
        if not isinstance(record, int) or record >= 0:
            return record
        if number == ACCOUNTS.number and record in self.twins:
            return self.twins[record]
        if self.made is not None and record not in self.made.get(number, ()):
            raise moved(f"what run {self.run} relies on was planned by another run")
        return self.firsts[number] - record - 1

    def load(self, plain: Sequence[list[Any]]) -> list[Action]:
        """The actions of a stored batch, with final ids and without those that another mailbox has done."""
        return plans.load([a for a in plain if a[1] != ACCOUNTS.number or a[2] not in self.twins], self.final)


def fits(
    tx: Session, job: Job, run: int, actions: Sequence[Action], words: Words, *, acted: Set[tuple[int, int]]
) -> None:
    """Each record stands at the version from which it was planned, and what would be made is still not there.

    `acted` are the records that the plan changes up to there: its later actions have seen them as it leaves them.
    """
    check(tx, [a for a in actions if not _own(job, a.module, a.rec.id)])
    for module in MODULES.values():
        made = [a for a in actions if a.op == "create" and a.module is module and code(a.reason) != "clone"]
        if made:
            _still_new(tx, job, run, made, Keys(tx, module, words), acted={r for n, r in acted if n == module.number})


def _still_new(tx: Session, job: Job, run: int, made: Sequence[Action], maker: Keys, *, acted: Set[int]) -> None:
    """Asks the match of each creation again: it finds nobody but those it had passed over."""
    module = maker.module
    keys = maker.of_many([a.values for a in made])
    for kind in _kinds(tx, run, module, maker):
        found = _bearing(tx, module, kind, {v for row in keys for k, v in row if k == kind})
        near = [{r for k, v in row if k == kind for r in found.get(v, ())} for row in keys]
        near = [
            {r for r in one - acted - set(action.candidates) if not _own(job, module, r)}
            for action, one in zip(made, near, strict=True)
        ]
        if kind == MATCH_KINDS["name"]:
            near = _at_their_accounts(tx, made, near)
        if any(near):
            raise moved(f"{module.singular} {min(set().union(*near))} has come in since and may be the same")


def _bearing(tx: Session, module: Module, kind: int, values: Set[str]) -> dict[str, set[int]]:
    """The stored records of a module by those of the values of a key kind that they have."""
    found: dict[str, set[int]] = {}
    where = ("t.module = ? AND t.kind = ?", module.number, kind)
    for value, record in tx.lookup("match_key", "value", ("record",), sorted(values), *where):
        found.setdefault(value, set()).add(record)
    return found


def _at_their_accounts(tx: Session, made: Sequence[Action], near: Sequence[Set[int]]) -> list[set[int]]:
    """Of contacts with the name of one that would be made, those at its account: a name alone means nobody."""
    place = CONTACTS.at["account"]
    stored = {row[0]: row[2 + place] for row in fetch(tx, CONTACTS, sorted(set().union(*near)))}
    return [
        {record for record in one if stored.get(record) == action.values[place] is not None}
        for action, one in zip(made, near, strict=True)
    ]


def _kinds(tx: Session, run: int, module: Module, maker: Keys) -> list[int]:
    """The key kinds by which the run's matching finds a record of the module."""
    orders = ledger.orders(tx, run)
    if orders.get("match_on") and orders["module"] == module.name:
        return [maker.custom[tuple(orders["match_on"])]]
    names = {ACCOUNTS: ("company",), CONTACTS: ("email", "name"), LEADS: ("email", "person")}[module]
    return [MATCH_KINDS[name] for name in names]


def _own(job: Job, module: Module, record: int) -> bool:
    """Whether a record is one of those that this plan makes."""
    first = job.firsts.get(module.number)
    return first is not None and record >= first


def met_stand(tx: Session, data: Sequence[Any] | None, acted: Set[tuple[int, int]]) -> None:
    """The records for whose sake rows do nothing stand as they were met, but for those that the plan itself changes."""
    if data is None:
        return
    module = NUMBERED[data[0]]
    met = {record: version for record, version in data[1] if (module.number, record) not in acted}
    now: dict[int, int] = dict(row[1:] for row in tx.lookup(module.table, "id", ("id", "version"), sorted(met)))
    for record, version in met.items():
        if now.get(record) != version:
            raise moved(f"{module.singular} {record}, which a row means, has changed since")


def items_stand(tx: Session, data: Mapping[str, Any] | None) -> None:
    """The Outlook items that a plan speaks of still say what they said when it was made."""
    if data is None:
        return
    planned = {state[0]: tuple(state[1:]) for state in data["states"]}
    stands = {i.id: (i.digest, i.gone, i.modified) for i in observations.items(tx, list(planned))}
    if planned != stands:
        raise moved("Outlook has changed since")


@dataclass
class Survey:
    """What a whole plan speaks of, met in one pass over it.

    `made` are the negative numbers by module, `touched` the stored records of modules with links that it changes or
    deletes, `contacts` those that a sync does, `own` its Outlook items, `leans` the ties of others (item, contact).
    """

    made: dict[int, set[int]] = field(default_factory=dict)
    touched: set[tuple[int, int]] = field(default_factory=set)
    contacts: set[int] = field(default_factory=set)
    own: set[int] = field(default_factory=set)
    leans: set[tuple[int, int]] = field(default_factory=set)

    def meet(self, actions: Sequence[list[Any]], *, sync: bool) -> None:
        """Notes the records of actions in their stored form."""
        for op, number, record, *_ in actions:
            if record < 0 and op == "create":
                self.made.setdefault(number, set()).add(record)
            elif record > 0 and op != "create" and number in LINKING:
                self.touched.add((number, record))
                if sync and number == CONTACTS.number:
                    self.contacts.add(record)


def survey(tx: Session, job: Job) -> Survey:
    """What a whole saved plan speaks of."""
    found = Survey()
    for run in job.runs:
        sync = tx.value("SELECT kind FROM run WHERE id = ?", run) == "sync"
        for _, data in plans.saved(tx, run, joint=job.joint):
            found.meet(data["actions"], sync=sync)
            if data.get("items"):
                found.own.update(state[0] for state in data["items"]["states"])
                found.leans.update((item, contact) for item, contact in data["items"]["leans"])
    return found


def ties_stand(tx: Session, whole: Survey) -> None:
    """The contacts that a plan changes or deletes are known to just those items of other mailboxes that it saw."""
    asked = whole.contacts | {contact for _, contact in whole.leans}
    tied = tx.lookup("source_item", "contact", ("id",), sorted(asked))
    now = {(item, contact) for contact, item in tied if item not in whole.own}
    seen = {(item, contact) for item, contact in whole.leans if item not in whole.own}
    for _, contact in sorted(now ^ seen):
        raise moved(f"contact {contact} is no longer what the other mailboxes made of it")


def links_stand(tx: Session, job: Job, actions: Sequence[Action], touched: Set[tuple[int, int]]) -> None:
    """What a plan deletes has nothing hanging on it but what the plan touches too; what it links to is still there."""
    meant = _meant(actions)
    for module in MODULES.values():
        going = sorted(a.rec.id for a in actions if a.op == "delete" and a.module is module)
        for other, target, record in linking(tx, module, going):
            if (other.number, record) not in touched:
                raise moved(f"{other.singular} {record} belongs to {module.singular} {target} now")
        stored = sorted(record for record in meant.get(module.name, ()) if not _own(job, module, record))
        there = {row[0] for row in tx.lookup(module.table, "id", ("id",), stored)}
        for record in stored:
            if record not in there:
                raise moved(f"{module.singular} {record} is no longer there")


def _meant(actions: Sequence[Action]) -> dict[str, set[int]]:
    """The records to which actions link, by module."""
    found: dict[str, set[int]] = {}
    for action in actions:
        for place, name, module in LINKING.get(action.module.number, ()):
            value = action.values[place] if action.op == "create" else (action.delta or {}).get(name, (0, None))[1]
            if value is not None:
                found.setdefault(module, set()).add(value)
    return found
