"""Bench: a first sync and an idle one as whole processes, in turn with bare reading of the same pages.

Usage: python -m tests.bench.sync [--contacts 10000] [--mailboxes 3] [--times 5]

Both read from one simulator in a process of its own, whose own time counts for neither. The best of the tries counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.measure import Cost, run

BIN = Path(sys.executable).parent
BARE = Path(__file__).with_name("bare_sync.py")


def main() -> int:
    """Measures and prints one table."""
    parser = argparse.ArgumentParser(description="Sync speed beside bare reading")
    parser.add_argument("--contacts", type=int, default=10_000, help="in each mailbox")
    parser.add_argument("--mailboxes", type=int, default=3)
    parser.add_argument("--times", type=int, default=5)
    wishes = parser.parse_args()
    best: dict[str, Cost] = {}
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as name, _outlook(wishes) as graph:
        folder = Path(name)
        (folder / "graph.json").write_text(json.dumps(graph), encoding="utf-8")
        for _ in range(wishes.times):
            for stage, cost in _round(folder, graph):
                best[stage] = min(best.get(stage, cost), cost, key=lambda each: each.wall)
    base = best["bare reading and insert"]
    rows = wishes.contacts * wishes.mailboxes
    print(f"\n{rows:,} contacts, SQLite\n{'':42}{'wall s':>8}{'x':>7}{'CPU s':>8}{'x':>7}{'MiB':>7}")
    for stage, cost in best.items():
        figures = (
            f"{cost.wall:8.2f}{cost.wall / base.wall:7.1f}{cost.cpu:8.2f}{cost.cpu / base.cpu:7.1f}{cost.memory:7.0f}"
        )
        print(f"{stage:42}{figures}")
    return 0


@contextmanager
def _outlook(wishes: argparse.Namespace) -> Iterator[dict[str, Any]]:
    command = [str(BIN / "syncd"), "simulate", "--mailboxes", str(wishes.mailboxes), "--contacts", str(wishes.contacts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["settings"]
        process.terminate()


def _round(folder: Path, graph: dict[str, Any]) -> Iterator[tuple[str, Cost]]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SYNCD_")}
    for each in (*folder.glob("bare.db*"), *folder.glob("syncd.db*")):
        each.unlink()
    plain = [sys.executable, str(BARE), str(folder / "graph.json"), str(folder / "bare.db")]
    yield "bare reading and insert", run(plain, folder=folder, environ=environ)
    environ |= {f"SYNCD_GRAPH__{k.upper()}": v if isinstance(v, str) else json.dumps(v) for k, v in graph.items()}
    environ |= {"SYNCD_STORE__URL": f"sqlite:///{folder / 'syncd.db'}"}
    for stage in ("first sync", "idle sync"):
        yield stage, run([str(BIN / "syncd"), "sync", "--json"], folder=folder, environ=environ)


if __name__ == "__main__":
    sys.exit(main())
