"""Signals: lets a long command end in good order when it is told to stop; knows no command."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.work.jobs import Halt


@contextmanager
def starting() -> Iterator[list[int]]:
    """Meanwhile SIGTERM ends the program with 0, for nothing is under way yet; the list holds each SIGHUP that came."""
    came: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, does) for number, does in ((signal.SIGTERM, end), (signal.SIGHUP, note))}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def halting(halt: Halt) -> Iterator[list[int]]:
    """Meanwhile SIGTERM and SIGINT set `halt`, a second time at once; the list holds what came.

    Python gives signals to the main thread alone: elsewhere nothing is changed.
    """
    came: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if came:
            raise SystemExit(128 + number)
        came.append(number)
        halt.set()

    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
