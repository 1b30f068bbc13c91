"""Plain files: opens only them, sums them up, writes and moves them whole or not at all; knows no folder's meaning."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

Step = Callable[[str], None]
"""Called with a name before and after each write, rename and unlink: a test may end the process there."""

NAME_LIMIT = 255
"""Bytes in one file name on the usual file systems."""


def no_step(name: str) -> None:
    """The step that does nothing."""


def checksum(path: Path) -> str:
    """SHA-256 of a plain file in hex, read in pieces. Raises OSError, for links, FIFOs and devices too."""
    with opened(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A plain file, open to read. Raises OSError for links and for everything else that is no plain file."""
    number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(number, "rb") as stream:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(f"{path} is no plain file")
        yield stream


@contextmanager
def written(path: Path, mode: int, step: Step) -> Iterator[BinaryIO]:
    """A new file that appears under its name whole and on disk, or not at all.

    The unfinished file begins with a dot and has one name a target, so what a killed process left is written over.
    """
    unfinished = path.with_name(f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}.tmp")
    step(f"write:{path.name}")
    with contextlib.suppress(FileNotFoundError):
        unfinished.unlink()
    number = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(number, "wb") as stream:
            yield stream
            stream.flush()
            os.fchmod(number, mode)
            os.fsync(number)
    except BaseException:
        unfinished.unlink()
        raise
    step(f"rename:{path.name}")
    unfinished.rename(path)
    settled(path.parent)
    step(f"written:{path.name}")


def moved(source: Path, target: Path, step: Step) -> None:
    """Moves a directory entry on one file system; a link is moved itself, never what it points to."""
    step(f"move:{target.name}")
    source.rename(target)
    settled(target.parent)
    settled(source.parent)
    step(f"moved:{target.name}")


def settled(folder: Path) -> None:
    """Brings a folder's entries to disk. Some network shares cannot; there the rename alone has to do."""
    number = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            os.fsync(number)
    finally:
        os.close(number)


def beside(name: str, ending: str) -> str:
    """The name of a companion file: NAME + ending, shortened where it would be longer than a name may be."""
    raw = os.fsencode(name)
    room = NAME_LIMIT - len(ending)
    if len(raw) > room:
        mark = hashlib.sha256(raw).hexdigest()[:8]
        kept = raw[: room - 9].decode("utf-8", "ignore")
        return f"{kept}~{mark}{ending}"
    return name + ending


def numbered(name: str, number: str) -> str:
    """NAME.NUMBER.ext, shortened where it would be longer than a name may be."""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(os.fsencode(ending)) > 16:
        stem, dot, ending = name, "", ""
    return beside(stem, f".{number}{dot}{ending}")
