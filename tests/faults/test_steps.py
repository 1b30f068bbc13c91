"""Every step of a run is a place to die: the process ends at the n-th one, the next call goes on, the store is the same."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from syncd.cli import program
from syncd.cli.call import Call
from syncd.crm.undo import undo
from syncd.errors import Refused
from syncd.settings import load
from syncd.simulator.app import Simulator
from syncd.wiring import Wiring
from tests.faults.test_kill import differences, edited, leads, unhurried
from tests.faults.yard import Ground, Yard, toml

DEAD = 137
SEED = 7
PATIENCE = 60
Work = Callable[[Wiring], object]


class Steps:
    """Counts steps; ends the process at step `at`, as a kill would: nothing is flushed, closed or rolled back."""

    def __init__(self, at: int = 0) -> None:
        self.at = at
        self.names: list[str] = []

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self.at:
            os._exit(DEAD)


@dataclass(frozen=True)
class Scenario:
    """A piece of work, the store and inbox it begins with, and what it leaves undisturbed."""

    name: str
    before: Ground
    work: Work
    inbox: Path | None = None


class Stage:
    """The scenarios on SQLite, where a store is a file that can be copied quickly."""

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        self.folder = folder
        self.simulator = simulator
        graph = simulator.settings() | {"page_size": 6, "concurrency": 1}
        self.yard = Yard(folder, "sqlite", "", toml(graph=graph, sync={"max_removals": "100 %"}))
        self.number = 0

    def scenarios(self) -> Iterator[Scenario]:
        """Each kind of run in turn; the simulator's mailboxes are edited before the last ones."""
        one, two = leads(self.folder / "one.csv", rows=60), leads(self.folder / "two.csv", 30, 60)
        yield Scenario("inbox", self._made(), look, self._inbox(one))
        imported = self._made(("import", one))
        again = ("import", two, "--on-duplicate", "overwrite", "--chunk", 7)
        yield Scenario("undo import", self._made(("import", one), again), undone(2))
        yield Scenario("apply import", self._made(("import", one), (*again, "--dry-run")), command("apply", 2))
        yield Scenario("overwrite", imported, command(*again))
        yield Scenario("dry run", imported, command(*again, "--dry-run"))
        yield Scenario("first sync", self._made(), synced())
        yield Scenario("apply sync", self._made(("sync", "--dry-run")), command("apply", 1))
        full = self._made(("sync",))
        yield Scenario("undo sync", full, undone(1))
        edited(self.simulator)
        yield Scenario("delta sync", full, synced())
        yield Scenario("brake", full, synced(0))
        stopped = self.yard.fresh(full)
        synced(0)(self._wiring(stopped, Steps()))
        yield Scenario("apply stopped", stopped, command("apply", 4, "--approve"))

    def _made(self, *commands: tuple[object, ...]) -> Ground:
        ground = self.yard.fresh()
        ground.prepare("runs")
        for one in commands:
            ground.prepare(*one, codes=(0, 1))
        return ground

    def _inbox(self, good: Path) -> Path:
        inbox = self.folder / "inbox"
        inbox.mkdir()
        shutil.copyfile(good, inbox / "a.csv")
        shutil.copyfile(good, inbox / "same content.csv")
        (inbox / "broken.xlsx").write_bytes(b"PK\x03\x04 this is no workbook")
        (inbox / "empty.csv").write_bytes(b"")
        for age, name in enumerate(("a.csv", "broken.xlsx", "empty.csv", "same content.csv")):
            os.utime(inbox / name, (age, age))
        return inbox

    def _wiring(self, ground: Ground, steps: Steps) -> Wiring:
        return Wiring(load(ground.config, {}), step=steps)

    def begin(self, scenario: Scenario) -> tuple[Ground, Path | None]:
        """A copy of the scenario's store, and of its inbox."""
        self.number += 1
        inbox = self.folder / f"inbox-{self.number}" if scenario.inbox else None
        settings = toml(inbox={"folder": str(inbox), "settle": 0}) if inbox else ""
        if inbox is not None and scenario.inbox is not None:
            shutil.copytree(scenario.inbox, inbox)
        return self.yard.fresh(scenario.before, settings), inbox

    def count(self, scenario: Scenario) -> tuple[list[str], list[str]]:
        """The work undisturbed: the names of its steps, and what it leaves."""
        ground, inbox = self.begin(scenario)
        steps = Steps()
        self._in_process(ground, scenario, steps)
        left = ground.whole() + placed(inbox)
        self.yard.drop(ground)
        return steps.names, left

    def _in_process(self, ground: Ground, scenario: Scenario, steps: Steps) -> None:
        wiring = self._wiring(ground, steps)
        try:
            scenario.work(wiring)
        finally:
            wiring.close()

    def die(self, scenario: Scenario, points: list[int], after: list[str]) -> int:
        """Dies at each of the points, one life after the other, then lives; returns the deaths. Compares with `after`."""
        ground, inbox = self.begin(scenario)
        deaths = 0
        for point in points:
            if deaths == 0 or self._unfinished(ground, scenario):
                deaths += self._life(ground, scenario, point)
        if self._unfinished(ground, scenario):
            self._in_process(ground, scenario, Steps())
        where = f"{scenario.name} at {points}"
        assert ground.running() == [], f"{where}: a run stays running"
        left = ground.whole() + placed(inbox)
        assert left == after, f"{where}: {differences(after, left)}"
        self.yard.drop(ground)
        return deaths

    def _unfinished(self, ground: Ground, scenario: Scenario) -> bool:
        states = ground.states()
        begun = states != scenario.before.states()
        return scenario.inbox is not None or not begun or "running" in {state for _, state in states}

    def _life(self, ground: Ground, scenario: Scenario, point: int) -> bool:
        """One process that ends at the point; True when it came to it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            code = 1
            try:
                signal.alarm(PATIENCE)
                self._in_process(ground, scenario, Steps(point))
                code = 0
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert code in (0, DEAD), f"{scenario.name} at {point}: exit {code}"
        return code == DEAD


def placed(inbox: Path | None) -> list[str]:
    """The files of an inbox and where they lie; the contents of rejects."""
    if inbox is None:
        return []
    files = sorted(path for path in inbox.rglob("*") if path.is_file())
    texts = [path.read_text() for path in files if path.name.endswith(".rejects.csv")]
    return [*(f"file {path.relative_to(inbox)}" for path in files), *texts]


def look(wiring: Wiring) -> None:
    """One look through the watched folder, seven rows a transaction."""
    watch = wiring.watch()
    assert watch is not None
    watch.options = lambda profile: replace(wiring.options(profile), chunk=7)
    watch.look()


def undone(run: int) -> Work:
    """The undo of a run, five records a batch."""

    def work(wiring: Wiring) -> None:
        with suppress(Refused):
            undo(wiring.store(), run, words=wiring.words(), actor="tester", clock=wiring.clock, batch=5)

    return work


def synced(limit: int = 1000) -> Work:
    """A sync of all mailboxes, nine contacts a batch, that may take away up to `limit` contacts."""

    def work(wiring: Wiring) -> None:
        order = replace(wiring.sync_order(), batch=9, max_count=limit, max_percent=0.0)
        wiring.syncing().sync(order, actor="tester")

    return work


def command(*args: object) -> Work:
    """A command of the program."""

    def work(wiring: Wiring) -> None:
        line = ["--as", "tester", *map(str, args)]
        call = Call(build=lambda settings: wiring)
        call.__dict__["settings"] = wiring.settings
        program.main(line, prog_name="syncd", obj=call, standalone_mode=False)

    return work


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Simulator(2, 24, seed=SEED) as simulator:
        unhurried(simulator)
        yield Stage(tmp_path, simulator)


def programme(stage: Stage, singles: int, doubles: int) -> tuple[int, int]:
    """Dies at up to `singles` points of each scenario, and twice in a row `doubles` times; returns deaths and points."""
    rng = random.Random(SEED)
    deaths = points = 0
    for scenario in stage.scenarios():
        names, after = stage.count(scenario)
        points += len(names)
        each = range(1, len(names) + 1)
        chosen = each if len(names) <= singles else sorted(rng.sample(each, singles))
        for point in chosen:
            deaths += stage.die(scenario, [point], after)
        for _ in range(doubles):
            deaths += stage.die(scenario, [rng.choice(each), rng.randint(1, len(names))], after)
    return deaths, points


def test_a_run_that_dies_at_a_step_goes_on(stage: Stage, record_property: Callable[[str, object], None]) -> None:
    deaths, points = programme(stage, 5, 1)
    assert deaths >= 50
    record_property("figures", f"crash points: {deaths} deaths at a sample of {points} steps, 0 divergences")


@pytest.mark.long
def test_every_step_may_be_the_last(stage: Stage, record_property: Callable[[str, object], None]) -> None:
    deaths, points = programme(stage, 100_000, 20)
    assert deaths >= points and points >= 500
    record_property("figures", f"crash points: all {points} steps, {deaths} deaths with doubles, 0 divergences")


def test_a_dry_run_that_died_is_no_half_import(stage: Stage) -> None:
    path = leads(stage.folder / "leads.csv", rows=60)
    clean = stage._made(("import", path))
    empty = stage._made()
    names, _ = stage.count(Scenario("dry run", empty, command("import", path, "--dry-run", "--chunk", 7)))
    for point in (names.index("plan:chunk:committed") + 1, len(names) // 2):
        ground = stage.yard.fresh(empty)
        dry = Scenario("dry run", ground, command("import", path, "--dry-run", "--chunk", 7))
        assert stage._life(ground, dry, point) and ground.running()
        ground.prepare("import", path, codes=(1,))
        assert ground.whole() == clean.whole(), differences(clean.whole(), ground.whole())


def test_a_plan_half_carried_out_is_gone_on_with_before_its_file_is_imported(stage: Stage) -> None:
    path = leads(stage.folder / "leads.csv", rows=60)
    ground = stage._made(("import", path, "--dry-run", "--chunk", 7))
    after = stage.yard.fresh(ground)
    after.prepare("apply", 1, codes=(1,))
    names, _ = stage.count(Scenario("apply", ground, command("apply", 1)))
    assert stage._life(ground, Scenario("apply", ground, command("apply", 1)), len(names) // 2)
    assert "SY-W08" in ground.prepare("import", path, "--json", codes=(75,))
    ground.prepare("apply", 1, codes=(1,))
    assert ground.whole() == after.whole()


def test_a_killed_sync_is_not_gone_on_with_after_a_younger_one(stage: Stage) -> None:
    ground = stage._made()
    names, _ = stage.count(Scenario("first sync", ground, synced()))
    assert stage._life(ground, Scenario("first sync", ground, synced()), names.index("sync:page:committed") + 1)
    killed = ground.running()
    assert killed
    ground.prepare("sync", "--dry-run")
    assert [state for run, state in ground.states() if run in killed] == ["failed"] * len(killed)
    ground.prepare("sync")
    assert not ground.running() and max(ground.states())[1] == "done"
    assert dict(ground.states())[killed[0]] == "failed"


def test_a_full_sync_after_a_killed_one_reads_every_folder_anew(stage: Stage) -> None:
    ground = stage._made()
    names, _ = stage.count(Scenario("first sync", ground, synced()))
    last = len(names) - names[::-1].index("sync:page:committed")
    assert stage._life(ground, Scenario("first sync", ground, synced()), last)
    ground.prepare("sync", "--full")
    counts = json.loads(ground.prepare("sync", "--json"))["counts"]
    assert not any(counts.values()), counts


def test_a_yes_to_all_finishes_the_one_that_was_killed_first(stage: Stage) -> None:
    full = stage._made(("sync",))
    edited(stage.simulator)
    synced(0)(stage._wiring(full, Steps()))
    parent, *stopped = [run for run, state in full.states() if state == "stopped"]
    assert len(stopped) > 1
    one = Scenario("apply one", full, command("apply", stopped[0], "--approve"))
    names, _ = stage.count(one)
    ground = stage.yard.fresh(full)
    assert stage._life(ground, one, names.index("apply:batch:committed") + 1)
    ground.prepare("apply", parent, "--approve", codes=(0, 4))
    assert not ground.running() and dict(ground.states())[stopped[0]] == "done"
