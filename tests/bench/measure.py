"""Measure: what a command costs with all the processes it starts: wall, CPU, memory; knows no program."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Cost:
    """One run of a command. Seconds of wall, seconds of CPU over the whole tree, peak MiB summed over the tree."""

    wall: float
    cpu: float
    memory: float
    output: str


def run(command: Sequence[str], *, folder: Path, environ: Mapping[str, str]) -> Cost:
    """Runs a command to its end and measures it. Raises CalledProcessError with what it said when it fails.

    CPU is that of every waited-for descendant; memory is sampled each 10 ms as the sum of what each process holds,
    pages shared between them counted in each.
    """
    before = os.times()
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        peak = [0]
        ended = Event()
        watcher = Thread(target=_watch, args=(process.pid, peak, ended), daemon=True)
        watcher.start()
        output, complaint = process.communicate()
        wall = time.perf_counter() - started
        ended.set()
        watcher.join()
    after = os.times()
    if process.returncode not in (0, 1):
        raise subprocess.CalledProcessError(process.returncode, command, output, complaint)
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(wall, cpu, peak[0] / MIB, output)


def _watch(pid: int, peak: list[int], ended: Event) -> None:
    while not ended.wait(0.01):
        peak[0] = max(peak[0], _held(pid))


def _held(pid: int) -> int:
    """Resident bytes of a process and its descendants at this moment; those that end meanwhile count nothing."""
    held = 0
    try:
        top = psutil.Process(pid)
        for process in [top, *top.children(recursive=True)]:
            held += process.memory_info().rss
    except psutil.Error:
        return held
    return held
