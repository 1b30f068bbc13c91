"""Faults on demand: which request is struck, and how; the README lists them. Knows wire shapes, no mailbox."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from syncd.simulator import distortions, refusals
from syncd.simulator.clock import Clock
from syncd.simulator.wire import Answer, Request

QUIRKS = ("empty", "replay", "delayed", "lose-back", "slow")
"""Faults that the delta feed carries out; `slow` is carried out while the request is in flight."""

WIRES = ("reset", "cut", "drip", "hang", "chunked-cut")
"""Faults that the server carries out while it sends."""

NAMES = (*refusals.REFUSALS, *distortions.DISTORTIONS, *QUIRKS, *WIRES)
KINDS = (
    "any",
    "token",
    "discovery",
    "users",
    "folders",
    "delta",
    "list",
    "item",
    "write",
    "photo",
    "batch",
    "subscriptions",
)


@dataclass(slots=True)
class Fault:
    """Strikes the matching requests number `at` to `at` + `count` - 1; `count` None means for ever.

    `kind` is the kind of request, `mailbox` an address (None: all), `options` what the fault of this name takes.
    """

    name: str
    kind: str = "any"
    mailbox: str | None = None
    at: int = 1
    count: int | None = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    seen: int = 0
    struck: int = 0
    memory: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"There is no fault {self.name!r}. Known: {', '.join(sorted(NAMES))}.")
        if self.kind not in KINDS:
            raise ValueError(f"There is no kind of request {self.kind!r}. Known: {', '.join(KINDS)}.")

    def strikes(self, request: Request) -> bool:
        """Counts the request when it matches, and says whether it is struck."""
        if self.kind not in ("any", request.kind):
            return False
        if self.mailbox is not None and self.mailbox.lower() != (request.mailbox or "").lower():
            return False
        self.seen += 1
        hit = self.seen >= self.at and (self.count is None or self.seen < self.at + self.count)
        self.struck += hit
        return hit


class Faults:
    """The script of faults. Thread-safe; several may strike one request, the first refusal wins."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.root = ""
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self,
        name: str,
        kind: str = "any",
        *,
        mailbox: str | None = None,
        at: int = 1,
        count: int | None = 1,
        **options: Any,
    ) -> Fault:
        """Adds a fault; what is returned counts the requests it saw and struck."""
        fault = Fault(name, kind, mailbox, at, count, options)
        with self._lock:
            self._faults.append(fault)
        return fault

    def report(self) -> list[dict[str, Any]]:
        """Each fault with how many requests it saw and struck."""
        with self._lock:
            return [
                {"name": each.name, "kind": each.kind, "seen": each.seen, "struck": each.struck}
                for each in self._faults
            ]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def answer(self, request: Request) -> Answer | None:
        """The refusal that takes the place of handling, or None; notes what is to be done afterwards."""
        with self._lock:
            request.struck = [fault for fault in self._faults if fault.strikes(request)]
        request.quirks = {fault.name: fault.options for fault in request.struck if fault.name in QUIRKS}
        for fault in request.struck:
            if fault.name in refusals.REFUSALS:
                return refusals.refuse(fault.name, fault.options, request, self.clock.now(), self.root)
        return None

    def distort(self, request: Request, answer: Answer) -> None:
        """Changes a good answer, or marks it to be sent badly."""
        for fault in request.struck:
            if fault.name in WIRES:
                answer.wire, answer.options = fault.name, fault.options
            elif fault.name in distortions.DISTORTIONS and answer.status == 200:
                distortions.DISTORTIONS[fault.name](answer, request, fault.options, fault.memory)
