"""Rejects: the refused rows of a file taken in by command, beside it as NAME.rejects.csv; knows no format.

Those of a second sheet of a workbook have the run's number in their name: the first one's may still be in work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from importers import folder
from importers.folder import Rejects
from syncd.cli.call import Call
from syncd.crm import files, ledger, runs
from syncd.errors import Problem
from syncd.intake import watch
from syncd.store.times import moment

Run = dict[str, Any]


def lay(call: Call, run: Run, path: Path, language: str, *, late: bool = False) -> None:
    """Writes the refused rows of a run beside its file, names them in the run's document and notes that this was done.
    `late`: its process was killed meanwhile; a file written since the run's end may have been corrected, and stays."""
    with call.wiring.store().reading() as tx:
        rejects = watch.rejects(tx, run["id"], language)
        if rejects is not None:
            number = f".{run['id']}" if files.beside_another(tx, run["id"]) else ""
            target = path.with_name(f"{path.name}{number}.rejects.csv")
            run["rejects"] = _written(path, target, rejects, run, late=late)
    with call.wiring.store().writing("rejects:laid") as tx:
        files.place(tx, run["id"])


def lay_late(call: Call, run: Run, path: Path, language: str) -> None:
    """Does so for an import that was killed just before."""
    with call.wiring.store().reading() as tx:
        late = not files.placed(tx, run["id"])
    if late and (run["source"], run["actor"]) == (path.name, call.actor):
        lay(call, run, path, language, late=True)


def owed(call: Call, run: int) -> bool:
    """Whether a plan made by command was carried out, but killed before its refused rows were written."""
    with call.wiring.store().reading() as tx:
        return (
            runs.state(tx, run) == "done" and bool(ledger.orders(tx, run).get("beside")) and not files.placed(tx, run)
        )


def lay_planned(call: Call, run: Run, *, late: bool) -> None:
    """Writes the refused rows of a plan that was carried out; one of the watched folder has its own place for them."""
    with call.wiring.store().reading() as tx:
        orders = ledger.orders(tx, run["id"])
    run["rejects"] = None
    if orders.get("beside"):
        lay(call, run, Path(orders["beside"]), orders["language"], late=late)


def _written(path: Path, target: Path, rejects: Rejects, run: Run, *, late: bool) -> str | None:
    if late and target.exists() and target.stat().st_mtime >= moment(run["ended"]).timestamp():
        return str(target)
    try:
        folder.write_rejects(target, rejects, mode=path.stat().st_mode & 0o777 if path.exists() else 0o600)
    except OSError as error:
        problem = Problem(
            "SY-F43",
            f"{target.name} could not be written: {error.strerror or error}.",
            "The refused rows are kept with the run; everything else was imported.",
            f"Make the folder writable, or look at: syncd runs {run['id']}",
        )
        run["problems"].insert(0, problem.plain())
        return None
    return str(target)
