"""kill -9 at random moments of every kind of run: the rerun gives the undisturbed store, byte for byte."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncd.simulator.app import Simulator
from tests.faults.yard import Ground, Yard, kill, length, toml

HEADER = "First Name,Last Name,Company,Email,Phone"
SEED = 20
ROWS = 1500


@dataclass(frozen=True)
class Job:
    """A command, the store it begins with, and what it gives undisturbed."""

    name: str
    before: Ground
    args: tuple[object, ...]
    codes: tuple[int, ...]
    seconds: float
    after: list[str]


def leads(path: Path, first: int = 0, rows: int = ROWS) -> Path:
    """Leads of which some repeat others, some are refused and some are doubtful."""
    lines = [HEADER]
    for n in range(first, first + rows):
        email = "not-an-address" if n % 97 == 5 else f"n{n % 1200}@firm{n % 50}.example"
        lines.append(f"F{n % 7},Name{n % 900},Firm {n % 300} GmbH,{email},+49 30 12{n % 10_000:05d}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def edited(simulator: Simulator) -> None:
    """What users do between two syncs: edits, moves, deletions, new contacts, a new folder."""
    for address in simulator.addresses:
        box = simulator.mailbox(address)
        box.add_folder("Later")
        ids = [str(row["id"]) for row in box.truth()]
        for place, key in enumerate(ids):
            if place % 5 == 0:
                box.edit(key, companyName=f"Moved {place % 7} AB", jobTitle="Head")
            elif place % 5 == 1:
                box.move(key, "Later")
            elif place % 11 == 2:
                box.delete(key)
        for n in range(20):
            box.add(givenName="New", surname=f"Person{n}", companyName=f"Fresh {n % 4} SA")


class Field:
    """The jobs on one kind of database, each with its starting store."""

    def __init__(self, yard: Yard, simulator: Simulator, folder: Path) -> None:
        self.yard = yard
        self.simulator = simulator
        self.folder = folder

    def job(self, name: str, before: Ground, *args: object, codes: Sequence[int] = (0,)) -> Job:
        """Carries the command out once, undisturbed."""
        ground = self.yard.fresh(before)
        seconds = length(ground, *args, codes=codes)
        after = ground.whole()
        self.yard.drop(ground)
        return Job(name, before, args, tuple(codes), seconds, after)

    def jobs(self) -> dict[str, Callable[[], Job]]:
        """Each kind of run, made when it is asked for."""
        one, two = leads(self.folder / "leads.csv"), leads(self.folder / "more.csv", ROWS // 2)
        again = ("import", two, "--chunk", 100, "--on-duplicate", "overwrite")
        first = ("import", one)
        whole = {"codes": (0, 1)}
        return {
            "import": lambda: self.job("import", self._made(), *first, "--chunk", 100, codes=(1,)),
            "overwrite": lambda: self.job("overwrite", self._made(first), *again, codes=(1,)),
            "undo import": lambda: self.job("undo import", self._made(first, again), "undo", 2),
            "apply import": lambda: self.job(
                "apply import", self._made(first, (*again, "--dry-run")), "apply", 2, codes=(1,)
            ),
            "first sync": lambda: self.job("first sync", self._made(), "sync", **whole),
            "apply sync": lambda: self.job("apply sync", self._made(("sync", "--dry-run")), "apply", 1),
            "undo sync": lambda: self.job("undo sync", self._made(("sync",)), "undo", 1),
            "delta sync": self._delta,
        }

    def _delta(self) -> Job:
        synced = self._made(("sync",))
        edited(self.simulator)
        return self.job("delta sync", synced, "sync", codes=(0, 1))

    def _made(self, *commands: tuple[object, ...]) -> Ground:
        ground = self.yard.fresh()
        ground.prepare("runs")
        for command in commands:
            ground.prepare(*command, codes=(0, 1))
        return ground

    def strike(self, job: Job, rng: random.Random, times: int) -> int:
        """Kills the job up to `times` times in a row, lets it finish, and compares; returns the kills that hit."""
        ground = self.yard.fresh(job.before)
        hits = 0
        while hits < times and kill(ground, rng.uniform(0, job.seconds), *job.args):
            hits += 1
        if ground.running() or ground.states() == job.before.states():
            ground.call(*job.args, codes=job.codes)
        assert ground.running() == [], f"{job.name}: a run stays running"
        assert ground.whole() == job.after, f"{job.name}: {differences(job.after, ground.whole())}"
        self.yard.drop(ground)
        return hits


def unhurried(simulator: Simulator) -> None:
    """Copies of one store ask the same links again and again: no state is dropped for it, and no request throttled."""
    simulator.tenant_data.limits.requests = 10_000_000
    for address in simulator.addresses:
        simulator.tenant_data.feed(simulator.mailbox(address)).generations = 10_000


def differences(wanted: list[str], found: list[str]) -> str:
    """The first lines in which two stores differ."""
    lost = sorted(set(wanted) - set(found))
    more = sorted(set(found) - set(wanted))
    return f"{len(wanted)} and {len(found)} lines\nlost: {lost[:5]}\nmore: {more[:5]}"


@pytest.fixture(params=["sqlite", "postgresql"])
def field(request: pytest.FixtureRequest, tmp_path: Path, postgres_server: str) -> Iterator[Field]:
    with Simulator(2, 160, seed=SEED) as simulator:
        unhurried(simulator)
        graph = simulator.settings() | {"page_size": 10}
        yard = Yard(tmp_path, request.param, postgres_server, toml(graph=graph, sync={"max_removals": "100 %"}))
        try:
            yield Field(yard, simulator, tmp_path)
        finally:
            yard.close()


def programme(field: Field, kinds: Sequence[str], rounds: int) -> int:
    """Strikes each kind of run until `rounds` kills have hit it, in ones and twos; returns the kills that hit."""
    rng = random.Random(SEED)
    made = field.jobs()
    hits = 0
    for kind in kinds:
        job = made[kind]()
        mine = tries = 0
        while mine < rounds:
            mine += field.strike(job, rng, min(1 + (tries + len(kind)) % 2, rounds - mine))
            tries += 1
            assert tries < rounds * 5 + 5, f"{job.name}: its kills never hit"
        hits += mine
    return hits


SAMPLE = {
    "sqlite": ("import", "undo sync", "apply sync", "delta sync"),
    "postgresql": ("overwrite", "undo import", "apply import", "first sync"),
}
"""The kinds of run that the ordinary suite strikes; the long programme strikes all on both."""


def test_a_killed_run_leaves_no_trace(field: Field, record_property: Callable[[str, object], None]) -> None:
    kinds = SAMPLE[field.yard.kind]
    hits = programme(field, kinds, 2)
    record_property(
        "figures", f"kill -9 on {field.yard.kind}: {hits} kills that hit, {', '.join(kinds)}, 0 divergences"
    )


@pytest.mark.long
def test_many_killed_runs_leave_no_trace(field: Field, record_property: Callable[[str, object], None]) -> None:
    kinds = tuple(field.jobs())
    hits = programme(field, kinds, 8)
    record_property(
        "figures", f"kill -9 on {field.yard.kind}: {hits} kills that hit, {', '.join(kinds)}, 0 divergences"
    )
    assert hits >= 50
