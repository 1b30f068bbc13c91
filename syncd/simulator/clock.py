"""The simulator's clock: real time plus what a test added, or a clock that stands until it is moved."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Without `start` it runs with the machine and `advance` puts it ahead; with `start` it stands until it is moved.

    Standing, each stamp moves it by a second. Certificate assertions are dated by the client's own clock, so a
    standing clock fits sign-in by secret only.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self._offset = timedelta()
        self._last = datetime(1970, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Aware UTC."""
        return (self._start or datetime.fromtimestamp(time.time(), UTC)) + self._offset

    def advance(self, seconds: float) -> None:
        self._offset += timedelta(seconds=seconds)

    def stamp(self) -> str:
        """The time of one write: whole seconds, later than each stamp before: the newest is never in doubt."""
        if self._start:
            self.advance(1)
        self._last = max(self.now().replace(microsecond=0), self._last + timedelta(seconds=1))
        return iso(self._last)


def iso(moment: datetime) -> str:
    """`2024-05-01T08:15:30Z`: how Graph writes an instant (whole seconds)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
