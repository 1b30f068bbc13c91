"""Seeds: whatever people do in their mailboxes, in whatever order, and wherever a sync is killed, the store is as the rules say.

A seed that fails tells what was done: SYNCD_SEED=NUMBER runs it alone.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from syncd.simulator.app import Simulator
from tests.seeds.office import Office

ROUNDS = 7
ALONE = os.environ.get("SYNCD_SEED")


def live(folder: Path, url: str, seed: int) -> None:
    """One office's life."""
    with Simulator(2 + seed % 2, 0, seed=seed) as simulator:
        office = Office(folder, url, simulator, seed)
        try:
            for _ in range(ROUNDS):
                office.tale.append("-- round")
                office.round()
        except AssertionError as error:
            told = "\n".join(office.tale)
            raise AssertionError(f"seed {seed}:\n{told}\n{error}") from error


@pytest.mark.parametrize("seed", [int(ALONE)] if ALONE else range(8))
def test_a_seed(seed: int, tmp_path: Path, database: str) -> None:
    live(tmp_path, database, seed)


@pytest.mark.long
@pytest.mark.parametrize("block", range(25))
def test_many_seeds(block: int, tmp_path: Path) -> None:
    for seed in range(1000 + block * 20, 1020 + block * 20):
        folder = tmp_path / str(seed)
        folder.mkdir()
        live(folder, f"sqlite:///{folder}/syncd.db", seed)
