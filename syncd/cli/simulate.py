"""The command `simulate`: a local Entra and Graph to try things with."""

from __future__ import annotations

import signal
import sys
import threading

import click

from syncd.cli.call import Call, command


@command("simulate", example="syncd simulate --mailboxes 3 --contacts 200")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, metavar="N", help="The port (0: any free one).")
@click.option("--mailboxes", type=click.IntRange(0), default=3, show_default=True, metavar="N")
@click.option(
    "--contacts", type=click.IntRange(0), default=200, show_default=True, metavar="N", help="In each mailbox."
)
@click.option("--seed", type=int, default=1, show_default=True, metavar="N", help="Other people, the same each time.")
def simulate_command(call: Call, port: int, mailboxes: int, contacts: int, seed: int) -> None:
    """Serve a simulated Microsoft Graph and sign-in on this machine until stopped.

    Prints one JSON line: root, authority, CA file, and the keys of [graph] under "settings".
    """
    from syncd.simulator import app

    until = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: until.set())
    app.serve(port, mailboxes, contacts, seed=seed, out=sys.stdout, until=until)
