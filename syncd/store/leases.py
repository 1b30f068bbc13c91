"""Leases: who holds a piece of work, proved at each commit; knows no work.

A lease names its owner as host:pid:start time of the process, so that a dead owner on this host is replaced at once; one
on another host, when its time is over. Each taking raises the fence; a holder that was overtaken cannot commit.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from syncd.errors import Busy, Problem
from syncd.store.session import Session
from syncd.store.times import moment, stamp

LASTS = timedelta(minutes=5)
"""How long a lease holds without being renewed. Every commit of its holder renews it."""

RENEWED = LASTS / 5
"""How often a lease is renewed whose part of the work waits for the others."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A piece of work that this process holds."""

    name: str
    fence: int
    work: _Work | None = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class _Work:
    """A piece of work of several parts, each with its lease."""

    renewed: datetime
    parts: Sequence[Lease] = ()


def together(parts: Sequence[Lease], now: datetime) -> list[Lease]:
    """Leases of one piece of work: none lapses because its part waits for the others, for proving one renews all."""
    work = _Work(now)
    work.parts = [replace(part, work=work) for part in parts]
    return list(work.parts)


def started(pid: int) -> str:
    """The start time of a process as the system tells it, "" when there is none: tells a pid from its later namesake."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except OSError:
            return ""
        return "" if fields[0] in "ZX" else fields[19]
    found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip().replace(" ", "_").replace(":", ".")


@cache
def _mine(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{started(pid)}"


def me() -> str:
    """This process as an owner of leases."""
    return _mine(os.getpid())


def alive(owner: str) -> bool:
    """Whether an owner may still be at work: always true of one on another host."""
    host, pid, start = owner.rsplit(":", 2)
    return host != socket.gethostname() or (start != "" and started(int(pid)) == start)


def take(tx: Session, name: str, now: datetime, called: str = "") -> Lease:
    """Takes a lease, also one whose owner is dead or whose time is over. Raises Busy when another holds it; people know
    what it is for as `called`."""
    found = tx.row("SELECT owner, fence, until FROM lease WHERE name = ?", name)
    if found is None:
        tx.run("INSERT INTO lease (name, owner, fence, until) VALUES (?, ?, 1, ?)", name, me(), stamp(now + LASTS))
        return Lease(name, 1)
    owner, fence, until = found
    if holds(owner, until, now):
        raise Busy(
            Problem(
                "SY-W01",
                f"{called or name} is being worked on by another syncd ({owner.rsplit(':', 1)[0]}).",
                "Two at once would do the same work twice.",
                "Wait until it has finished, or stop it; then run this again.",
            )
        )
    tx.run("UPDATE lease SET owner = ?, fence = ?, until = ? WHERE name = ?", me(), fence + 1, stamp(now + LASTS), name)
    return Lease(name, fence + 1)


def prove(tx: Session, lease: Lease, now: datetime) -> None:
    """Renews a lease, and those of the same work, inside the transaction that it guards. Raises Busy when another has taken
    it: nothing is committed."""
    until = stamp(now + LASTS)
    if not tx.run(
        "UPDATE lease SET until = ? WHERE name = ? AND fence = ? AND owner = ?", until, lease.name, lease.fence, me()
    ):
        raise Busy(
            Problem(
                "SY-W02",
                f"{lease.name} was taken over by another syncd while this one stood still.",
                "Its last batch was taken back; the other one goes on.",
                "Nothing; look at: syncd runs.",
            )
        )
    work = lease.work
    if work is not None and now - work.renewed >= RENEWED:
        # One that was taken over meanwhile stays so: that is told when its own part is proved.
        tx.many(
            "UPDATE lease SET until = ? WHERE name = ? AND fence = ? AND owner = ?",
            [(until, part.name, part.fence, me()) for part in work.parts],
        )
        work.renewed = now


def release(tx: Session, lease: Lease) -> None:
    """Gives a lease back. The row stays: its fence must go on rising."""
    tx.run("UPDATE lease SET owner = '' WHERE name = ? AND fence = ?", lease.name, lease.fence)


def free(tx: Session, name: str, now: datetime) -> bool:
    """Whether nobody who may be at work holds the lease."""
    found = tx.row("SELECT owner, until FROM lease WHERE name = ?", name)
    return found is None or not holds(found[0], found[1], now)


def holds(owner: str | None, until: str, now: datetime) -> bool:
    """Whether the owner of a lease that lasts until then may be at work."""
    return bool(owner) and moment(until) > now and alive(str(owner))
