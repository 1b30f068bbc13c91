"""Starts syncd: the process's signals and its exit status; knows no command."""

from __future__ import annotations

import gc
import io
import signal
import sys
from typing import NoReturn

_GARBAGE = 50_000
"""New objects after which circles among them are looked for: pages and batches make many objects and few circles."""

TERMINATED = 128 + signal.SIGTERM


def _stop(number: int, frame: object) -> NoReturn:
    """SIGTERM gives up the batch at hand: what is open is taken back, what was committed stands."""
    raise SystemExit(TERMINATED)


def main() -> None:
    """Runs one command line and ends the process with its exit status."""
    signal.signal(signal.SIGTERM, _stop)
    from syncd.cli import program

    gc.set_threshold(_GARBAGE)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        program.main(prog_name="syncd")
    except SystemExit as end:
        if end.code == TERMINATED:
            print("syncd: stopped. What was committed stands; the same command goes on from there.", file=sys.stderr)
        raise


if __name__ == "__main__":
    main()
