"""Bench: imports of leads as whole processes, in turn with sqlite3's own `.import` of the same file.

Usage: python -m tests.bench.import_csv [--rows 10000,100000] [--databases sqlite,postgresql] [--times 5] [--peer]

Each figure is the best of its tries. CPU and memory are those of syncd's processes, a PostgreSQL server's not.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl

from tests.bench.measure import Cost, run
from tests.bench.people import write

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
STAGES = ("import", "import again", "overwrite a field", "undo overwrite", "undo import")


class Failed(Exception):
    """A command did not do what is measured; its figures would mean nothing."""


def main() -> int:
    """Measures what is asked for and prints one table for each size and database."""
    wishes = _wishes()
    for rows in map(int, wishes.rows.split(",")):
        with tempfile.TemporaryDirectory(prefix="syncd-bench-") as name:
            folder = Path(name)
            for database in wishes.databases.split(","):
                _table(folder, rows, database, wishes)
    return 0


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Import speed beside sqlite3's own .import")
    parser.add_argument("--rows", default="10000,100000", help="sizes, parted by commas")
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--times", type=int, default=5, help="tries of each; the best counts")
    parser.add_argument("--postgres", default="postgresql://postgres@127.0.0.1:5432/postgres", help="a server")
    parser.add_argument("--peer", action="store_true", help="django-import-export too (SQLite; up to 100,000 rows)")
    parser.add_argument("--xlsx", action="store_true", help="the same leads as a workbook too")
    parser.add_argument("--csv", type=Path, help="appends the figures to this file as well")
    return parser.parse_args()


def _table(folder: Path, rows: int, database: str, wishes: argparse.Namespace) -> None:
    files = _files(folder, rows)
    best: dict[str, Cost] = {}
    for number in range(wishes.times):
        _keep(best, "sqlite3 .import", _plain(folder, files[0]))
        with _fresh(folder, database, wishes.postgres) as url:
            for stage, cost in _stages(folder, files, url, rows):
                _keep(best, stage, cost)
        if wishes.xlsx:
            with _fresh(folder, database, wishes.postgres) as url:
                _keep(best, "import XLSX", _syncd(folder, url)("import", str(_workbook(files[0]))))
        if wishes.peer and database == "sqlite" and rows <= 100_000 and number < 2:
            for stage, cost in _peer(folder, files):
                _keep(best, stage, cost)
    _print(best, rows, database, wishes.csv)


def _files(folder: Path, rows: int) -> tuple[Path, Path, Path]:
    """The leads, the same with one byte more, and the same with another title in every row."""
    first = folder / f"leads-{rows}.csv"
    if not first.exists():
        write(first, rows)
    again = folder / f"again-{rows}.csv"
    again.write_bytes(first.read_bytes() + b"\n")
    return first, again, write(folder / f"title-{rows}.csv", rows, title="Head of purchasing")


def _workbook(source: Path) -> Path:
    """The same rows as an XLSX file, made once."""
    target = source.with_suffix(".xlsx")
    if not target.exists():
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("Leads")
        with source.open(encoding="utf-8", newline="") as stream:
            for row in csv.reader(stream):
                sheet.append(row)
        book.save(target)
    return target


def _keep(best: dict[str, Cost], stage: str, cost: Cost) -> None:
    best[stage] = min(best.get(stage, cost), cost, key=lambda each: each.wall)


def _plain(folder: Path, source: Path) -> Cost:
    target = folder / "plain.db"
    target.unlink(missing_ok=True)
    return run(["sqlite3", str(target), f".import --csv {source} leads"], folder=folder, environ=os.environ)


def _stages(folder: Path, files: tuple[Path, Path, Path], url: str, rows: int) -> Iterator[tuple[str, Cost]]:
    first, again, title = files
    syncd = _syncd(folder, url)
    made = _proven(syncd("import", str(first)), "created", rows)
    yield STAGES[0], made
    yield STAGES[1], _proven(syncd("import", str(again)), "duplicate", rows)
    changed = _proven(syncd("import", str(title), "--on-duplicate", "overwrite"), "updated", rows)
    yield STAGES[2], changed
    yield STAGES[3], _proven(syncd("undo", str(_run(changed)["id"])), "updated", rows)
    yield STAGES[4], _proven(syncd("undo", str(_run(made)["id"])), "removed", rows)


def _proven(cost: Cost, count: str, rows: int) -> Cost:
    """The cost of a command that did to nearly all rows what it is measured for."""
    found = _run(cost)["counts"][count]
    if found < rows * 0.95:
        raise Failed(f"{count} {found:,} of {rows:,} rows: {cost.output[:2000]}")
    return cost


def _syncd(folder: Path, url: str) -> Callable[..., Cost]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SYNCD_")}
    environ |= {"SYNCD_STORE__URL": url, "SYNCD_LOCALE__COUNTRY": "FR", "SYNCD_DATA__FOLDER": str(folder / "var")}

    def command(*words: str) -> Cost:
        return run([str(BIN / "syncd"), *words, "--json"], folder=folder, environ=environ)

    return command


def _run(cost: Cost) -> dict[str, Any]:
    document = json.loads(cost.output)
    found: dict[str, Any] = document["runs"][0] if "runs" in document else document
    return found


@contextmanager
def _fresh(folder: Path, database: str, server: str) -> Iterator[str]:
    """URL of an empty store, gone again at the end."""
    if database == "sqlite":
        path = folder / "bench.db"
        yield f"sqlite:///{path}"
        for each in folder.glob("bench.db*"):
            each.unlink()
        return
    import psycopg

    name = f"syncd_bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _peer(folder: Path, files: tuple[Path, Path, Path]) -> Iterator[tuple[str, Cost]]:
    python = ROOT / ".venv" / "peer" / "bin" / "python"
    if not python.exists():
        raise Failed("the peer's environment is missing: make bench makes it")
    target = folder / "peer.db"
    target.unlink(missing_ok=True)
    for stage, source in zip(STAGES[:3], files, strict=True):
        command = [str(python), str(ROOT / "tests/bench/peer_django.py"), str(target), str(source)]
        yield f"django-import-export: {stage}", run(command, folder=folder, environ=os.environ)


def _print(best: dict[str, Cost], rows: int, database: str, record: Path | None) -> None:
    base = best["sqlite3 .import"].wall
    lines = [f"\n{rows:,} leads, {database}\n{'':42}{'wall s':>8}{'x':>7}{'CPU s':>8}{'MiB':>7}{'rows/s':>10}"]
    for stage, cost in best.items():
        figures = f"{cost.wall:8.2f}{cost.wall / base:7.1f}{cost.cpu:8.2f}{cost.memory:7.0f}{rows / cost.wall:10,.0f}"
        lines.append(f"{stage:42}{figures}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    if record is None:
        return
    with record.open("a", encoding="utf-8") as stream:
        for stage, cost in best.items():
            stream.write(f"{rows},{database},{stage},{cost.wall:.3f},{cost.cpu:.3f},{cost.memory:.0f}\n")


if __name__ == "__main__":
    sys.exit(main())
