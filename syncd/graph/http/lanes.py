"""Traffic of one mailbox: how many requests at once, how many in ten minutes, and until when none; knows no request."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 600.0
WINDOW_REQUESTS = 9_500
"""Microsoft allows 10,000 an app, mailbox and window; what was refused counts too, so we stay a little below."""


class Lane:
    """One mailbox's lane. `slots` admits a number of requests at once; everything else is a matter of `left`."""

    def __init__(self, clock: Callable[[], float], width: int) -> None:
        self.slots = threading.BoundedSemaphore(width)
        self._clock = clock
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._sent: deque[float] = deque(maxlen=WINDOW_REQUESTS)

    def left(self) -> float:
        """Seconds until the next request may go out; 0 when it may go now."""
        with self._lock:
            now = self._clock()
            full = len(self._sent) == WINDOW_REQUESTS
            free = self._sent[0] + WINDOW_SECONDS if full else 0.0
            return max(0.0, self._closed_until - now, free - now)

    def close(self, seconds: float) -> None:
        """Let nothing out for so long. A shorter time than one already running changes nothing."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock() + seconds)

    def count(self, requests: int = 1) -> None:
        """So many requests go out now."""
        with self._lock:
            self._sent.extend([self._clock()] * requests)
