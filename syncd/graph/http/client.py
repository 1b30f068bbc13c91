"""Reading from Graph: the short waits, the quick tries and the one new token; knows no folder and no contact.

What needs more patience or another request than the one at hand leaves as an error named by its remedy.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from syncd.errors import Problem, SetupError, StartOver
from syncd.graph.auth import Broken, Line, Reply, Tokens
from syncd.graph.http import meaning
from syncd.graph.http.lanes import Lane
from syncd.graph.shapes import Answer, Network

log = logging.getLogger("syncd.graph")

Check = Callable[[Answer], str | None]
"""Says in which way a 200 is no good answer, as the beginning of a sentence; None when it is good."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Patience. Seconds, except `tries`, `waits` and `size` (bytes).

    `untold` are the pauses when Microsoft asks for one without saying how long.
    """

    answer: float = 30.0
    size: int = 32 << 20
    tries: int = 3
    within: float = 10.0
    delays: tuple[float, ...] = (1.0, 3.0)
    in_place: float = 15.0
    untold: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0)
    waits: int = 10
    waited: float = 60.0


@dataclass(frozen=True, slots=True)
class _Call:
    """One request, however often it is sent. `weight` is how many requests Microsoft counts it as."""

    method: str
    url: str
    mailbox: str | None
    prefer: tuple[str, ...]
    body: str | None = None
    weight: int = 1

    def headers(self, tries: int) -> dict[str, str]:
        found = {"Content-Type": "application/json"} if self.body is not None else {}
        return {**found, "Prefer": self.prefer[min(tries, len(self.prefer) - 1)]} if self.prefer else found


@dataclass(slots=True)
class _Effort:
    """What one request has spent so far; `paused` are the seconds in which its mailbox had to be left alone."""

    start: float
    paused: float = 0.0
    tries: int = 0
    waits: int = 0
    waited: float = 0.0
    renewed: bool = False
    token: str = ""


class Graph:
    """Graph behind one root, with one app's token. Safe for threads; one for the process, so that lanes are shared."""

    def __init__(
        self,
        root: str,
        tokens: Tokens,
        network: Network,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        step: Callable[[str], None] = lambda name: None,
        concurrency: int = 4,
        limits: Limits | None = None,
    ) -> None:
        self._origin = _origin(root)
        if self._origin is None:
            raise SetupError(
                Problem(
                    "SY-G01",
                    f"{root!r} is no address of Graph.",
                    "It must begin with https:// and name a host, else the token would travel in the open.",
                    "Correct [graph] root, e.g. https://graph.microsoft.com",
                )
            )
        self._root = root.rstrip("/")
        self._tokens = tokens
        self._line = Line(network, clock)
        self._clock = clock
        self._sleep = sleep
        self._step = step
        self._width = max(1, min(4, concurrency))
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._lanes: dict[str, Lane] = {}

    def owns(self, link: object) -> bool:
        """Whether `link` leads to this Graph: same scheme, host and port. The token goes nowhere else."""
        return isinstance(link, str) and _origin(link) == self._origin

    def knock(self) -> datetime | None:
        """The time by Graph's own clock, None when it names none. Asks without token: any answer will do.

        Raises SetupError or TryLater when there is no way to Graph.
        """
        for last in (False, True):
            try:
                reply = self._line.send("GET", f"{self._root}/v1.0/", headers={}, seconds=self._limits.answer)
                break
            except Broken as caught:
                fault = meaning.broken(caught, None)
            if last or fault.remedy != "again":
                raise fault.error
        try:
            told = parsedate_to_datetime(reply.headers.get("date", ""))
        except ValueError:
            return None
        return told if told.tzinfo else None

    def hold(self, mailbox: str, seconds: float) -> None:
        """Send nothing to `mailbox` for so long: a pause that an earlier process was told."""
        self._lane(mailbox).close(seconds)

    def get(
        self,
        target: str,
        *,
        mailbox: str | None,
        prefer: str | Sequence[str] = (),
        check: Check | None = None,
    ) -> Answer:
        """The answer to GET `target`, a path below v1.0 or a whole link; 200 with a JSON object that passes `check`.

        `mailbox` names the lane (None: the directory's). `prefer` is the Prefer header, or one for each try, the last
        for all further ones. Raises an error of syncd.errors or one of `shapes`; foreign links are never asked.
        """
        choices = (prefer,) if isinstance(prefer, str) else tuple(prefer)
        return self._ask(_Call("GET", self._url(target), mailbox, choices), check)

    def batch(self, requests: Sequence[Mapping[str, Any]], *, mailbox: str, check: Check | None = None) -> Answer:
        """The answer to several GETs of one mailbox in one request; `requests` as Graph's $batch takes them.

        Nothing is judged of what is in it: the envelope is 200 also when every request in it failed. Raises as `get`.
        """
        body = json.dumps({"requests": list(requests)})
        return self._ask(_Call("POST", self._url("$batch"), mailbox, (), body, len(requests)), check)

    def _ask(self, call: _Call, check: Check | None) -> Answer:
        lane = self._lane(call.mailbox or "")
        effort = _Effort(self._clock())
        while True:
            outcome = self._once(call, lane, effort)
            if isinstance(outcome, Answer):
                fault = self._checked(outcome, check, call.mailbox)
                if fault is None:
                    return outcome
                outcome = fault
            self._remedy(outcome, effort, lane, call.mailbox)

    def _once(self, call: _Call, lane: Lane, effort: _Effort) -> Answer | meaning.Fault:
        effort.token = self._tokens.get()
        whose = call.mailbox or "directory"
        mark = str(uuid.uuid4())
        headers = {**call.headers(effort.tries), "Authorization": f"Bearer {effort.token}", "client-request-id": mark}
        with lane.slots:
            effort.paused += self._await(lane, call.mailbox)
            lane.count(call.weight)
            self._step("graph.send")
            try:
                reply = self._line.send(
                    call.method,
                    call.url,
                    headers=headers,
                    body=call.body,
                    seconds=self._limits.answer,
                    limit=self._limits.size,
                )
            except Broken as caught:
                log.info("%s: no whole answer (%s), our request %s", whose, caught.seen, mark)
                return meaning.broken(caught, call.mailbox)
            self._step("graph.received")
        if reply.status != 200:
            log.info(
                "%s: Graph answered %d, request-id %s, %s",
                whose,
                reply.status,
                reply.headers.get("request-id", "none"),
                reply.headers.get("date", "no date"),
            )
            return meaning.judge(reply, call.mailbox)
        return _parsed(reply, call.mailbox)

    def _checked(self, answer: Answer, check: Check | None, mailbox: str | None) -> meaning.Fault | None:
        seen = check(answer) if check else None
        return meaning.unsound(seen, mailbox, Reply(200, answer.headers, b"")) if seen else None

    def _remedy(self, fault: meaning.Fault, effort: _Effort, lane: Lane, mailbox: str | None) -> None:
        """Do what is to be done before the next try, or raise the error when that is not for here."""
        if fault.reconnect:
            self._line.renew()
        if fault.remedy == "token" and not effort.renewed:
            effort.renewed = True
            self._tokens.reject(effort.token, fault.claims)
        elif fault.remedy == "slower":
            self._slower(fault, effort, lane, mailbox)
        elif fault.remedy == "again":
            self._again(fault, effort, lane)
        else:
            raise fault.error

    def _slower(self, fault: meaning.Fault, effort: _Effort, lane: Lane, mailbox: str | None) -> None:
        effort.waits += 1
        limits = self._limits
        if fault.after is None and effort.waits > len(limits.untold):
            raise fault.error
        wait = fault.after if fault.after is not None else limits.untold[effort.waits - 1]
        lane.close(wait)
        effort.waited += wait
        if wait > limits.in_place or effort.waits > limits.waits or effort.waited > limits.waited:
            raise meaning.throttled(mailbox, max(wait, lane.left()))

    def _again(self, fault: meaning.Fault, effort: _Effort, lane: Lane) -> None:
        effort.tries += 1
        limits = self._limits
        if fault.after is not None:
            lane.close(fault.after)
        if effort.tries >= limits.tries or (fault.after or 0) > limits.in_place:
            raise fault.error
        if fault.after is None:
            delay = limits.delays[effort.tries - 1] * random.uniform(0.8, 1.2)
            if self._clock() + delay - effort.start - effort.paused > limits.within:
                raise fault.error
            self._sleep(delay)

    def _await(self, lane: Lane, mailbox: str | None) -> float:
        start = self._clock()
        while (left := lane.left()) > 0:
            if left > self._limits.in_place:
                raise meaning.throttled(mailbox, left)
            self._sleep(left)
        return self._clock() - start

    def _lane(self, name: str) -> Lane:
        with self._lock:
            return self._lanes.setdefault(name, Lane(self._clock, self._width))

    def _url(self, target: str) -> str:
        if not target.lower().startswith(("http:", "https:")):
            return f"{self._root}/v1.0/{target.lstrip('/')}"
        if self.owns(target):
            return target
        raise StartOver(
            Problem(
                "SY-G08",
                "A stored link leads to another server than [graph] root.",
                "Nothing was sent there: whoever gets a request gets the token with it.",
                "Nothing: the folder is read again from its beginning.",
            )
        )


def _origin(link: str) -> tuple[str, int] | None:
    """Host and port of an https address; None for anything else, also for what two parsers could read in two ways."""
    if any(char.isspace() or not char.isprintable() or char == "\\" for char in link):
        return None
    try:
        parts = urlsplit(link)
        port = parts.port or 443
    except ValueError:
        return None
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.hostname, port


def _parsed(reply: Reply, mailbox: str | None) -> Answer | meaning.Fault:
    try:
        # Raw control characters have been seen inside Graph's strings.
        data: Any = json.loads(reply.body, strict=False)
    except (ValueError, RecursionError):
        return meaning.unsound("Graph answered 200 with what is no JSON, or only a part of it", mailbox, reply)
    if not isinstance(data, dict):
        return meaning.unsound("Graph answered 200 with what is no JSON object", mailbox, reply)
    return Answer(data, reply.headers)
