"""Cage: the reader's own process, bounded in memory and time; knows nothing but one order and a pipe.

In: four bytes of length and a JSON document `{"path", "order", "careful"}` on stdin, which stays open: when it ends,
the caller is gone and so is this process. All that reading needs is loaded before the order comes. Out, on stdout: four
bytes of length and a marshalled pair, `opened`, then `batch` as often as it takes, then `end`; or `unreadable` with a
problem, or `fault` with its place and a traceback.
"""

from __future__ import annotations

import gc
import json
import marshal
import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

from importers.rows import Order, UnreadableFile

if TYPE_CHECKING:
    from importers.readers.reader import Reader

MEMORY = 1 << 30
"""Bytes of address space a reader may take."""

_GARBAGE = 1_000_000
"""Rows are lists in lists without a cycle: looking for cycles among them took a tenth of the time."""

SECONDS = 60
"""Seconds of processor time a reader may take for one batch; opening a file counts as one."""


def main() -> int:
    """Read one file as ordered on stdin and answer on stdout."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    gc.set_threshold(_GARBAGE)
    _bound()
    from importers import vocabulary
    from importers.readers.reader import Reader

    vocabulary.headers()
    data = json.loads(_taken(int.from_bytes(_taken(4), "big")))
    threading.Thread(target=_watch, daemon=True).start()
    try:
        _read(out, Reader(os.fsdecode(data["path"]), Order.of(data["order"]), careful=data["careful"]))
    except UnreadableFile as error:
        _send(out, "unreadable", error.problem.plain())
    except MemoryError:
        return 1
    except BrokenPipeError:
        return 0
    except Exception as error:
        _send(out, "fault", (_place(error), traceback.format_exc()))
    return 0


def _place(error: Exception) -> str:
    """The kind of a fault and where it came from; its message may hold anyone's name or address."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}, {os.path.basename(last.filename)}:{last.lineno}"


def _read(out: Any, reader: Reader) -> None:
    _send(out, "opened", reader.opened)
    for batch in reader:
        _send(out, "batch", batch)
        _more_time()
    _send(out, "end", None)


def _send(out: Any, kind: str, value: Any) -> None:
    body = memoryview(marshal.dumps((kind, value)))
    out.write(len(body).to_bytes(4, "big"))
    while body:
        body = body[out.write(body) :]


def _taken(count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = os.read(0, count - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return data


def _watch() -> None:
    while os.read(0, 1):
        continue
    os._exit(0)


def _bound() -> None:
    """Limits that the system does not know or does not grant (macOS knows no limit of address space) are left out."""
    import resource

    for limit, value in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(limit, (value, value))
        except (OSError, ValueError):
            continue
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    _more_time()


def _more_time() -> None:
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + SECONDS
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


if __name__ == "__main__":
    sys.exit(main())
