"""Several at once: whatever the order and the size of batches, the store is that of one after the other."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.errors import Busy
from syncd.simulator.app import Simulator
from syncd.store import Store, leases
from tests.faults.test_kill import differences, leads
from tests.faults.yard import Ground, Yard, toml

BUSY = 75
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def yard(request: pytest.FixtureRequest, tmp_path: Path, postgres_server: str) -> Iterator[Yard]:
    made = Yard(tmp_path, request.param, postgres_server)
    try:
        yield made
    finally:
        made.close()


def blank(yard: Yard) -> Ground:
    """An empty store with its tables."""
    ground = yard.fresh()
    ground.prepare("runs")
    return ground


def ended(*processes: subprocess.Popen[str]) -> list[int]:
    """Waits for the processes; returns their exit statuses."""
    for process in processes:
        process.communicate(timeout=60)
    return [int(process.returncode) for process in processes]


def same_file_twice(yard: Yard, empty: Ground, path: Path, rng: random.Random, wanted: list[str]) -> None:
    """Two importers of one file in chunks of different sizes: the second one waits its turn or names the first one's run."""
    ground = yard.fresh(empty)
    sizes = rng.sample([1, 2, 50, 5000], 2)
    codes = ended(*(ground.start("import", path, "--chunk", size) for size in sizes))
    assert 1 in codes and set(codes) <= {0, 1, BUSY}, codes
    assert ground.whole() == wanted, differences(wanted, ground.whole())
    yard.drop(ground)


def test_chunks_of_every_size_give_one_store(yard: Yard) -> None:
    path = leads(yard.folder / "leads.csv", rows=600)
    empty = blank(yard)
    found = []
    for size in (1, 2, 5000):
        ground = yard.fresh(empty)
        ground.prepare("import", path, "--chunk", size, codes=(1,))
        found.append(ground.whole())
    assert found[0] == found[1] == found[2]


def test_two_importers_of_one_file(yard: Yard) -> None:
    _same_file(yard, 3)


@pytest.mark.long
def test_many_times_two_importers_of_one_file(yard: Yard, record_property: Callable[[str, object], None]) -> None:
    _same_file(yard, 20)
    record_property("figures", f"two importers of one file on {yard.kind}: 20 times, 0 divergences")


def _same_file(yard: Yard, times: int) -> None:
    path = leads(yard.folder / "leads.csv", rows=300)
    empty = blank(yard)
    alone = yard.fresh(empty)
    alone.prepare("import", path, codes=(1,))
    rng = random.Random(3)
    for _ in range(times):
        same_file_twice(yard, empty, path, rng, alone.whole())


def test_two_files_with_the_same_rows(yard: Yard) -> None:
    """The records and keys are those of either file first; which run made a row is a matter of who came first."""
    one, two = leads(yard.folder / "one.csv", rows=300), leads(yard.folder / "two.csv", 150, 300)
    empty = blank(yard)
    serial = []
    for order in ((one, two), (two, one)):
        ground = yard.fresh(empty)
        for path in order:
            ground.prepare("import", path, codes=(1,))
        serial.append(records(ground))
    together = yard.fresh(empty)
    assert ended(*(together.start("import", path, "--chunk", 20) for path in (one, two))) == [1, 1]
    assert serial[0] == serial[1] == records(together)


def records(ground: Ground) -> list[str]:
    """The records and match keys of a store."""
    return [line for line in ground.whole() if line.startswith(('{"module"', "key ")) or '"module":"leads"' in line]


def test_an_edit_beside_an_import_is_kept(yard: Yard) -> None:
    path = leads(yard.folder / "leads.csv", rows=2000)
    ground = blank(yard)
    ground.prepare("create", "leads", "last_name=Berg", "company=Norrvik AB", "email=berg@norrvik.example")
    process = ground.start("import", path, "--chunk", 10)
    for number in range(3):
        ground.prepare("edit", "leads", 1, f"description=note {number}")
    assert ended(process) == [1]
    assert '"note 2"' in ground.prepare("show", "leads", 1, "--json")
    assert ground.running() == []


def test_an_edit_and_an_import_beside_a_sync(yard: Yard) -> None:
    path = leads(yard.folder / "leads.csv", rows=500)
    with Simulator(1, 120) as simulator:
        yard.settings = toml(graph=simulator.settings() | {"page_size": 5})
        ground = blank(yard)
        ground.prepare("create", "contacts", "last_name=Berg", "email=berg@norrvik.example")
        running = [ground.start("sync"), ground.start("import", path, "--chunk", 10)]
        ground.prepare("edit", "contacts", 1, "title=Head")
        codes = ended(*running)
        assert codes[1] == 1 and codes[0] in (0, 1)
        assert ground.running() == [] and '"Head"' in ground.prepare("show", "contacts", 1, "--json")
        alone = blank(yard)
        alone.prepare("import", path, codes=(1,))
    wanted = {line for line in records(alone) if '"module":"leads"' in line}
    assert wanted == {line for line in records(ground) if '"module":"leads"' in line}


def test_a_holder_that_was_overtaken_cannot_commit(yard: Yard) -> None:
    ground = blank(yard)
    with closing(Store(ground.url)) as slow, closing(Store(ground.url)) as quick:
        with slow.writing() as tx:
            old = leases.take(tx, "file:leads:x", START)
        late = START + leases.LASTS + timedelta(seconds=1)
        with pytest.raises(Busy), quick.writing() as tx:
            leases.take(tx, "file:leads:x", START + leases.LASTS - timedelta(seconds=1))
        with quick.writing() as tx:
            new = leases.take(tx, "file:leads:x", late)
        with pytest.raises(Busy), slow.writing() as tx:
            tx.run("INSERT INTO lead (last_name, version) VALUES ('Late', 1)")
            leases.prove(tx, old, late)
        with quick.writing() as tx:
            leases.release(tx, old)
            leases.prove(tx, new, late)
            assert tx.value("SELECT COUNT(*) FROM lead") == 0


def test_as_many_sessions_as_a_sync_may_have_mailboxes_at_once(yard: Yard) -> None:
    ground = blank(yard)
    with closing(Store(ground.url)) as store, ExitStack() as stack:
        begun = time.monotonic()
        sessions = [stack.enter_context(store.reading()) for _ in range(33)]
        assert {tx.value("SELECT COUNT(*) FROM run") for tx in sessions} == {0}
        assert time.monotonic() - begun < 20
