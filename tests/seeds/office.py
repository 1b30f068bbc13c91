"""Office: people in several Outlook mailboxes who do what a seed tells them, and the program that syncs them; knows no test.

After each sync the store must hold what the model says. Syncs are killed at random steps, states are lost, braked plans
are approved, and runs are undone and done again on the way.
"""

from __future__ import annotations

import os
import random
import re
import signal
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Item, Mailbox
from tests.flows.outlook import settings
from tests.flows.program import Program
from tests.seeds.model import Fields, Model, Said

DEAD = 137
WIRE = {"mobile": "mobilePhone", "title": "jobTitle", "department": "department", "nick_name": "nickName"}
COMPANIES = (
    ("Solbakken Elektro AS", "SOLBAKKEN ELEKTRO", "Solbakken  Elektro as"),
    ("Brasserie du Rhin SAS", "Brasserie du Rhin", "brasserie du rhin S.A.S."),
    ("Möller Anlagenbau GmbH", "Moller Anlagenbau", "MÖLLER ANLAGENBAU GmbH"),
    ("Harbour & Sons Ltd", "Harbour and Sons Limited", "Harbour & Sons"),
)
GIVEN = "Ylva Claire Jonas Amelia Søren Márta Théo Isla Emil Zoé".split()
FAMILY = "Brandt Morel Keller Walker Nørgaard Szabó Girard Hughes Vogel Noël".split()
MAILED = 8
"""People from this number on have no e-mail: they are in the first mailbox only, as nothing else would tell who they are."""
FOLDERS = ("contacts", "Kunden", "Kunden/Nord")
PRIVATE = "Privat"


@dataclass
class Place:
    """A person's contact in one mailbox."""

    person: int
    item: Item
    hidden: bool = False


@dataclass
class Desk:
    """One mailbox: the contacts in it by person, and what was taken out of it since the last sync."""

    rank: int
    box: Mailbox
    here: dict[int, Place] = field(default_factory=dict)


class Steps:
    """Ends the process at the step, as a kill would."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, name: str) -> None:
        self.left -= 1
        if self.left == 0:
            os._exit(DEAD)


class Office:
    """The mailboxes, the program and the model. `tale` tells what was done, for when it comes out wrong."""

    def __init__(self, folder: Path, url: str, simulator: Simulator, seed: int) -> None:
        self.dice = random.Random(seed)
        self.simulator = simulator
        removed = self.dice.choice(("delete", "delete", "unlink", "keep"))
        more = f'max_removals = "100 %"\nexclude_categories = ["{PRIVATE}"]\non_removed = "{removed}"'
        text = settings(simulator, more, page_size=3, concurrency=self.dice.choice((1, 3)))
        self.syncd = Program(folder, url, text)
        self.model = Model(removes=removed == "delete")
        self.desks = [Desk(rank, simulator.mailbox(address)) for rank, address in enumerate(simulator.addresses)]
        for desk in self.desks:
            desk.box.add_folder("Kunden")
            desk.box.add_folder("Nord", "Kunden")
        self.number = 0
        self.erased = False
        self.tale: list[str] = []

    # -- what people do

    def round(self) -> None:
        """Some things happen; then all is synced and compared."""
        for _ in range(self.dice.randrange(1, 9)):
            self.dice.choice(self.deeds)(self, self.dice.choice(self.desks))
        self.sync()
        self.compare()

    def _told(self, *words: object) -> None:
        self.tale.append(" ".join(map(str, words)))

    def _value(self, kind: str) -> str:
        self.number += 1
        return f"+47 21 {self.number:06}" if kind == "mobile" else f"{kind} {self.number}"

    def _any(self, desk: Desk) -> Place | None:
        return self.dice.choice(sorted(desk.here.values(), key=lambda p: p.person)) if desk.here else None

    def add(self, desk: Desk) -> None:
        """A person becomes a contact in the mailbox."""
        free = [p for p in range(len(GIVEN)) if p not in desk.here and (p < MAILED or self._new(p, desk))]
        if not free:
            return
        person = self.dice.choice(free)
        props: dict[str, Any] = {
            WIRE[n]: self._value(n) for n in self.dice.sample(sorted(WIRE), self.dice.randrange(4))
        }
        if self.dice.random() < 0.7:
            props["companyName"] = self.dice.choice(self.dice.choice(COMPANIES))
        if person < MAILED:
            props["emailAddresses"] = [{"address": mail(person)}]
        folder = self.dice.choice([f for f in FOLDERS if f == "contacts" or self._has(desk, f)])
        item = desk.box.add(folder, givenName=GIVEN[person], surname=FAMILY[person], **props)
        desk.here[person] = Place(person, item)
        self._told("add", desk.rank, person, props)

    def _new(self, person: int, desk: Desk) -> bool:
        """Whether a person without e-mail may come: to the first mailbox alone, and while nothing is here of it."""
        return not desk.rank and person not in self.model.records and not self.model.tied.get(person)

    def change(self, desk: Desk) -> None:
        """A contact gets other values, or loses some."""
        if place := self._any(desk):
            name = self.dice.choice(sorted(WIRE))
            patch: dict[str, Any] = {WIRE[name]: self._value(name) if self.dice.random() < 0.7 else None}
            desk.box.edit(place.item.immutable, **patch)
            self._told("change", desk.rank, place.person, patch)

    def employ(self, desk: Desk) -> None:
        """A contact gets another company, or none; only who has an e-mail is still known then."""
        place = self._any(desk)
        if place and place.person < MAILED:
            name = self.dice.choice(self.dice.choice(COMPANIES)) if self.dice.random() < 0.75 else None
            desk.box.edit(place.item.immutable, companyName=name)
            self._told("employ", desk.rank, place.person, name)

    def move(self, desk: Desk) -> None:
        """A contact is dragged into another folder."""
        if place := self._any(desk):
            folder = self.dice.choice([f for f in FOLDERS if f == "contacts" or self._has(desk, f)])
            desk.box.move(place.item.immutable, folder)
            self._told("move", desk.rank, place.person, folder)

    def delete(self, desk: Desk) -> None:
        """A contact is deleted, sometimes for good."""
        if place := self._any(desk):
            (desk.box.purge if self.dice.random() < 0.3 else desk.box.delete)(place.item.immutable)
            del desk.here[place.person]
            self._told("delete", desk.rank, place.person)

    def hide(self, desk: Desk) -> None:
        """A contact becomes private, or no longer is; not of one who was edited here, as only that would be left."""
        place = self._any(desk)
        record = self.model.records.get(place.person) if place else None
        if place and not (record and record.hands):
            place.hidden = not place.hidden
            desk.box.edit(place.item.immutable, categories=[PRIVATE] if place.hidden else [])
            self._told("hide" if place.hidden else "show", desk.rank, place.person)

    def folders(self, desk: Desk) -> None:
        """A folder is renamed, goes with all that is in it, or is made again."""
        name = self.dice.choice(FOLDERS[1:])
        if not self._has(desk, name):
            parent = name.rpartition("/")[0] or "contacts"
            if parent == "contacts" or self._has(desk, parent):
                desk.box.add_folder(name.rpartition("/")[2], parent)
                self._told("folder", desk.rank, name)
            return
        top = desk.box.folder(name)
        within = {top.id, *(child.id for child in desk.box.children(top))}
        desk.box.remove_folder(top.id)
        desk.here = {p: place for p, place in desk.here.items() if place.item.folder.id not in within}
        self._told("no folder", desk.rank, name)

    def forget(self, desk: Desk) -> None:
        """The server loses its delta states: 410."""
        if self.dice.random() < 0.4:
            self.simulator.tenant_data.feed(desk.box).reset()
            self._told("forget", desk.rank)

    def edit(self, desk: Desk) -> None:
        """Somebody edits a contact of the store by hand."""
        hidden = {p for one in self.desks for p, place in one.here.items() if place.hidden}
        people = [p for p in sorted(self.model.records) if p < MAILED and p not in hidden]
        if people:
            person, name = self.dice.choice(people), self.dice.choice(sorted(WIRE))
            value = self._value(name)
            found = self.syncd.json("list", "contacts", "--where", f"email={mail(person)}")
            self.syncd("edit", "contacts", found[0]["id"], f"{name}={value}")
            self.model.edit(person, name, value)
            self._told("edit", person, name, value)

    deeds: tuple[Callable[[Office, Desk], None], ...] = (
        *(add,) * 4,
        *(change,) * 4,
        *(employ,) * 3,
        *(move,) * 2,
        *(delete,) * 2,
        hide,
        folders,
        forget,
        edit,
    )

    def _has(self, desk: Desk, name: str) -> bool:
        return any(folder.path == name for folder in desk.box.tree())

    # -- the program

    def sync(self) -> None:
        """One sync, killed before at times, what a brake stopped approved, and at times undone and done again."""
        before, self.erased = self.syncd.whole(), False
        self._brake('"100 %"')
        killed = self.dice.random() < 0.3 and self._killed(self.dice.randrange(1, 40))
        tries = 1
        while (found := self._sync())[1]:
            tries += 1
            assert tries <= len(self.desks) + 1, "the brake stops again and again"
        # What left the scope is erased: no undo can bring it back.
        if not killed and tries == 1 and not self.erased and self.dice.random() < 0.35:
            self._regret(found[0], before)

    def _sync(self) -> tuple[int, bool]:
        """One sync; its run, and whether something of it waits still: what was stopped and approved one by one may meet
        what the yes before it has done."""
        full = ("--full",) if self.dice.random() < 0.1 else ()
        planned = ("--dry-run",) if self.dice.random() < 0.2 else ()
        self._brake("0" if self.dice.random() < 0.25 else '"100 %"')
        run = self.syncd.json("sync", *full, *planned, code=(0, 3))
        runs = {one["source"]: one for one in run["mailboxes"]}
        waiting = [desk for desk in self.desks if runs[desk.box.address]["state"] in ("stopped", "planned")]
        for desk in self.desks:
            if desk not in waiting:
                self._carried(desk)
        if not waiting:
            return int(run["id"]), False
        if planned or self.dice.random() < 0.6:
            self._approve(run["id"])
            for desk in waiting:
                self._carried(desk)
            return int(run["id"]), False
        self.dice.shuffle(waiting)
        fits = [self._alone(desk, runs[desk.box.address]["id"]) for desk in waiting]
        return int(run["id"]), not all(fits)

    def _brake(self, limit: str) -> None:
        text = self.syncd.config.read_text(encoding="utf-8")
        self.syncd.config.write_text(re.sub("max_removals = .*", f"max_removals = {limit}", text), encoding="utf-8")

    def _approve(self, run: int) -> None:
        """A yes to a whole plan fits, also when it is killed and given again."""
        killed = self.dice.random() < 0.3 and self._killed(self.dice.randrange(1, 20), "apply", run, "--approve")
        self._told("approved", run)
        self.syncd("apply", run, "--approve", code=(0, 4) if killed else 0)
        assert self.syncd.json("runs", run)["state"] == "done"

    def _alone(self, desk: Desk, run: int) -> bool:
        """A yes to one mailbox; whether it still fits."""
        self.syncd("apply", run, "--approve", code=(0, 4))
        fits = self.syncd.code == 0
        self._told("stopped", desk.rank, "approved" if fits else "outdated")
        if fits:
            self._carried(desk)
        return fits

    def _killed(self, step: int, *command: object) -> bool:
        """A command, if none is told a sync, that ends at a step, as by kill -9."""
        self._told("killed at", step, *command)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            code = 1
            try:
                signal.alarm(60)
                self.syncd.step = Steps(step)
                self.syncd(*(command or ("sync",)), code=(0, 3))
                code = 0
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert code in (0, DEAD), f"what was to be killed ended with {code}"
        return True

    def _regret(self, run: int, before: list[str]) -> None:
        """The sync is undone, stays undone, and is done again."""
        self._told("regret")
        after = self.syncd.whole()
        if after == before:
            return
        undo = self.syncd.json("undo", run)["id"]
        same(before, self.syncd.whole(), "undone")
        self.syncd("sync", *(("--full",) if self.dice.random() < 0.5 else ()))
        same(before, self.syncd.whole(), "held")
        self.syncd("undo", undo)
        same(after, self.syncd.whole(), "done again")
        self.syncd("sync")
        same(after, self.syncd.whole(), "synced again")

    def _carried(self, desk: Desk) -> None:
        """The model hears what the mailbox has to say."""
        live = {
            f"{desk.rank}/{place.item.immutable}": (person, said(desk, place))
            for person, place in desk.here.items()
            if not place.hidden
        }
        for key, (person, one) in live.items():
            if self.model.tied.get(person, {}).get(key) != one:
                self.model.say(person, key, one)
        hidden = {f"{desk.rank}/{place.item.immutable}" for place in desk.here.values() if place.hidden}
        for person, tied in list(self.model.tied.items()):
            for key in [key for key in tied if key.startswith(f"{desk.rank}/") and key not in live]:
                self.model.lose(person, key, "scope" if key in hidden else "deleted")
                self.erased |= key in hidden

    def compare(self) -> None:
        """The store holds what the model says; asked again, a sync changes nothing."""
        found: dict[str, Fields] = {}
        for row in self.syncd.json("list", "contacts"):
            name = f"{row['first_name']} {row['last_name']} {row['email']}"
            assert name not in found, f"{name} is here twice"
            values = {field: row[field] for field in WIRE if row[field] is not None}
            found[name] = values | ({"account": employer(row["account"])} if row["account"] else {})
        wanted = {
            f"{GIVEN[p]} {FAMILY[p]} {mail(p) if p < MAILED else None}": {
                name: value for name, value in record.values.items() if value is not None
            }
            for p, record in self.model.records.items()
        }
        wrong = {name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)}
        assert not wrong, [(name, "is", found.get(name), "should be", wanted.get(name)) for name in sorted(wrong)]
        names = [employer(row["name"]) for row in self.syncd.json("list", "accounts")]
        assert len(names) == len(set(names)) and set(names) <= self.model.companies, names
        if self.dice.random() < 0.2:
            whole = self.syncd.whole(ledger=True)
            counts = self.syncd.json("sync")["counts"]
            assert not any(counts.values()), f"synced twice: {counts}"
            same(without_runs(whole), without_runs(self.syncd.whole(ledger=True)), "synced twice")


def mail(person: int) -> str:
    """A person's e-mail address."""
    return f"{FAMILY[person]}@{person}.example".encode("ascii", "ignore").decode().lower()


def said(desk: Desk, place: Place) -> Said:
    """What a contact says now."""
    props = place.item.props
    fields: Fields = {name: props[wire] for name, wire in WIRE.items() if props[wire]}
    if props["companyName"]:
        fields["account"] = employer(props["companyName"])
    return Said(place.item.modified, desk.rank, fields)


def employer(name: str) -> str:
    """The first spelling of a company."""
    return next(spelt[0] for spelt in COMPANIES if name in spelt)


def without_runs(lines: list[str]) -> list[str]:
    """What a sync that changes nothing leaves alone."""
    return [line for line in lines if '"run":"' not in line]


def same(wanted: list[str], found: list[str], when: str) -> None:
    """Two stores are equal; else what differs is told."""
    gone, new = [x for x in wanted if x not in found], [x for x in found if x not in wanted]
    assert wanted == found, f"{when}: missing {gone}, too many {new}"
