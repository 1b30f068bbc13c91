"""The command `demo`: the whole product on this machine, with a simulated Outlook and sample files; no account needed."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syncd.cli.call import Call, command
from syncd.errors import Problem, Refused

if TYPE_CHECKING:
    from syncd.simulator.app import Simulator
    from syncd.wiring import Wiring
    from syncd.work.jobs import Halt

MAILBOXES, CONTACTS = 3, 240
WAIT = 60.0
"""Seconds in which the watched folder must have taken the sample files."""

SETTINGS = """\
# The settings of `syncd demo`. The simulated Outlook's address and secret come from the demo itself.

[locale]
language = "en"
country = "DE"

[data]
folder = "."

[inbox]
folder = "inbox"
every = "1s"
settle = "1s"

[sync]
every = "1m"
own_companies = ["Norrvik"]
"""


@command("demo", example="syncd demo\nsyncd demo --dir /tmp/syncd-demo --once")
@click.option(
    "--dir",
    "place",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    metavar="DIR",
    help="Where the demo keeps its store and its watched folder.",
)
@click.option("--once", is_flag=True, help="Stop when all is shown, instead of staying as the service.")
def demo_command(call: Call, place: Path, once: bool) -> int:
    """Try everything with no account anywhere.

    Starts a simulated Microsoft Graph with sample mailboxes, syncs them, drops sample CSV, XLS and XLSX files into a
    watched folder, shows what came of it, and stays as the service. A second time it changes nothing.
    """
    from syncd.simulator.app import Simulator
    from syncd.wiring import Wiring
    from syncd.work.jobs import Halt

    place.mkdir(parents=True, exist_ok=True)
    written = place / "syncd.toml"
    if not written.exists():
        written.write_text(SETTINGS, encoding="utf-8")
    halt = Halt()
    with Simulator(mailboxes=MAILBOXES, contacts=CONTACTS) as outlook:
        wiring = Wiring(_settings(written, outlook), sleep=halt.sleep)
        try:
            return _show(call, wiring, place, halt, once)
        finally:
            wiring.close()


def _settings(written: Path, outlook: Simulator) -> Any:
    from syncd.settings import load

    given = {
        f"SYNCD_GRAPH__{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in outlook.settings().items()
    }
    return load(written, given)


def _show(call: Call, wiring: Wiring, place: Path, halt: Halt, once: bool) -> int:
    from syncd.work.jobs import Jobs
    from syncd.work.local import Service

    made = wiring.syncing().sync(wiring.sync_order(), actor="demo", reason="demo")
    _drop(place / "inbox")
    files = _take(wiring, place / "inbox")
    document = _document(wiring, made.run, files)
    call.give(document)
    for line in _told(document, place, once):
        call.say(line)
    if not once:

        def make() -> tuple[Jobs, float]:
            return wiring.jobs(halt), wiring.settings.inbox.every

        Service(wiring.store(), wiring.clock, halt, make, []).run()
    return 0


def _drop(inbox: Path) -> None:
    from syncd.settings import config_folder

    inbox.mkdir(exist_ok=True)
    for sample in sorted((config_folder() / "demo").iterdir()):
        if not sample.name.startswith("."):
            shutil.copyfile(sample, inbox / f"{sample.name}.part")
            os.replace(inbox / f"{sample.name}.part", inbox / sample.name)


def _take(wiring: Wiring, inbox: Path) -> list[dict[str, Any]]:
    """Lets the watched folder take the samples; returns their reports."""
    watch = wiring.watch()
    assert watch is not None
    names = {path.name for path in inbox.iterdir() if path.is_file()}
    began, started = time.time(), time.monotonic()
    while names & {path.name for path in inbox.iterdir()}:
        if time.monotonic() - started > WAIT:
            raise Refused(
                Problem(
                    "SY-D02",
                    f"{inbox} still holds {', '.join(sorted(names))}.",
                    "The watched folder did not take them.",
                    "Look at the lines above, and at failed/.",
                )
            )
        watch.look()
        time.sleep(0.2)
    reports = sorted((inbox / "done").glob("*.report.json"), key=lambda path: path.stat().st_mtime)
    fresh = [path for path in reports if path.stat().st_mtime >= began - 1]
    return [{"file": path.name.removesuffix(".report.json")} | json.loads(path.read_text("utf-8")) for path in fresh]


def _document(wiring: Wiring, run: int, files: list[dict[str, Any]]) -> dict[str, Any]:
    from syncd.crm import runs, status

    with wiring.store().reading() as tx:
        totals = status.records(tx)
        synced = runs.with_mailboxes(tx, run)
    return {"totals": totals, "sync": synced, "files": files}


def _told(document: dict[str, Any], place: Path, once: bool) -> Iterator[str]:
    from syncd.cli import text

    sync = document["sync"]
    yield f"Outlook    {len(sync['mailboxes'])} simulated mailboxes over TLS, run {sync['id']}"
    for run in sync["mailboxes"]:
        yield f"           {run['source']:<32} {text.counts(run['counts'])}"
    yield "Files      through the watched folder"
    for report in document["files"]:
        repeat = f"known already, run {report['repeat_of']}: nothing imported" if report["repeat_of"] else None
        yield f"           {report['file']:<32} {repeat or text.counts(report['counts'])}"
        for problem in report["problems"]:
            yield f"             {problem['what']} {problem['why']}"
    totals = document["totals"]
    yield f"Store      {totals['accounts']} accounts · {totals['contacts']} contacts · {totals['leads']} leads"
    yield ""
    config = f"{os.path.relpath(sys.argv[0])} --config {place / 'syncd.toml'}"
    yield f"look       {config} list accounts     {config} runs     {config} why contacts 1"
    yield f"take back  {config} undo {sync['id']}"
    if not once:
        yield f"The service runs now: drop a lead file into {place / 'inbox'}. Ctrl+C ends it."
