"""Pipeline: starts a reader's process for one file and hands on its batches; knows no format and no store."""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, cast

from importers import vocabulary
from importers.rows import Batch, Opened, Order, Problem, UnreadableFile

PATIENCE = 120.0
"""Seconds without any progress after which a reader is given up."""

_PIECE = 1 << 20
_PIPE_SIZE = 1031
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_START = "import sys; sys.path.append(sys.argv[1]); from importers.readers import cage; sys.exit(cage.main())"
_SECRETS = "SYNCD_"

Step = Callable[[str], None]


class Reading:
    """One file being read in its own process. Close it, or use it as a context: then the process has ended for sure."""

    def __init__(self, path: str | os.PathLike[str], order: Order, step: Step, patience: float = PATIENCE) -> None:
        self._path = os.fspath(path)
        self._order = order
        self._step = step
        self._patience = patience
        self._opened: Opened | None = None
        self._ended = True
        self._child = self._started(careful=False)

    @property
    def opened(self) -> Opened:
        """How the file is written and what its columns became; waits for it. Raises UnreadableFile."""
        if self._opened is None:
            try:
                kind, value = self._receive()
            except _Died:
                kind, value = self._second_try()
            self._opened = cast(Opened, self._expected("opened", kind, value))
            self._step("reader.opened")
        return self._opened

    @property
    def pid(self) -> int:
        """The reader's process."""
        return self._child.pid

    def __iter__(self) -> Iterator[Batch]:
        """The batches in file order. Raises UnreadableFile, also after the last one when the file was changed."""
        _ = self.opened
        while not self._ended:
            try:
                kind, value = self._receive()
            except _Died:
                raise UnreadableFile(self._problem("SY-F28")) from None
            if kind == "end":
                self._ended = True
                self.close()
                return
            batch = cast(Batch, self._expected("batch", kind, value))
            self._step("reader.batch")
            yield batch

    def waiting(self) -> bool:
        """Whether the reader has the next batch, or the end, ready: asking for it then takes no time."""
        if self._ended or self._child.stdout is None:
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.stdout.fileno(), selectors.EVENT_READ)
            return bool(selector.select(0))

    def close(self) -> None:
        """End the reader's process and wait for it."""
        _end(self._child)
        self._ended = True

    def __enter__(self) -> Reading:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._ended:
            self.close()

    def _started(self, careful: bool) -> subprocess.Popen[bytes]:
        """Starts the reader and hands it the order."""
        child = _ahead.pop() if _ahead else _process()
        order = {"path": os.fsdecode(os.path.abspath(self._path)), "order": self._order.plain(), "careful": careful}
        body = json.dumps(order).encode()
        assert child.stdin is not None
        self._ended = False
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(len(body).to_bytes(4, "big") + body)
        return child

    def _second_try(self) -> tuple[str, Any]:
        """A library that ran out of memory ends its process: the same file once more by the way that takes little."""
        self.close()
        self._child = self._started(careful=True)
        try:
            return self._receive()
        except _Died:
            raise UnreadableFile(self._problem("SY-F28")) from None

    def _expected(self, wanted: str, kind: str, value: Any) -> Any:
        if kind == wanted:
            return value
        self.close()
        if kind == "unreadable":
            raise UnreadableFile(Problem(**value))
        seen, trace = value
        raise UnreadableFile(self._problem("SY-F38", seen=seen)) from RuntimeError(trace)

    def _receive(self) -> tuple[str, Any]:
        size = int.from_bytes(self._bytes(4), "big")
        made: tuple[str, Any] = marshal.loads(self._bytes(size))
        return made

    def _bytes(self, count: int) -> bytes:
        assert self._child.stdout is not None
        descriptor = self._child.stdout.fileno()
        pieces, missing = [], count
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while missing:
                if not selector.select(self._patience):
                    self.close()
                    raise UnreadableFile(self._problem("SY-F27"))
                piece = os.read(descriptor, min(missing, _PIECE))
                if not piece:
                    raise self._broken()
                pieces.append(piece)
                missing -= len(piece)
        return b"".join(pieces)

    def _broken(self) -> Exception:
        """What an end of the pipe means: too much of something, or a fault of ours."""
        code = self._child.wait()
        self.close()
        if -code in (signal.SIGXCPU, signal.SIGALRM):
            return UnreadableFile(self._problem("SY-F27"))
        return _Died()

    def _problem(self, code: str, seen: str = "") -> Problem:
        name = os.path.basename(self._path).encode("utf-8", "backslashreplace").decode()
        return vocabulary.problem(code, self._order.language, name=name, seen=seen)


class _Died(Exception):
    """The reader's process ended without a word."""


def start(path: str | os.PathLike[str], order: Order, *, step: Step = lambda name: None) -> Reading:
    """Starts reading a file at once, in its own process, and returns. `step` is called after each answer it gives."""
    return Reading(path, order, step)


_ahead: list[subprocess.Popen[bytes]] = []


@contextlib.contextmanager
def ahead() -> Iterator[None]:
    """Starts a reader's process before it is known what it is to read: it loads meanwhile, and the first file that is
    started within goes to it."""
    _ahead.append(_process())
    try:
        yield
    finally:
        while _ahead:
            _end(_ahead.pop())


def _process() -> subprocess.Popen[bytes]:
    """A reader that waits for its order, without our secrets in its environment."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", _START, _ROOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env={name: value for name, value in os.environ.items() if not name.startswith(_SECRETS)},
        start_new_session=True,
    )
    assert child.stdout is not None
    _widen(child.stdout.fileno())
    return child


def _end(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None and not pipe.closed:
            pipe.close()
    if child.poll() is None:
        child.kill()
    child.wait()


def _widen(descriptor: int) -> None:
    """Room for a whole batch in the pipe, so that the reader works on the next one meanwhile (Linux only)."""
    if sys.platform == "linux":
        import fcntl

        try:
            fcntl.fcntl(descriptor, _PIPE_SIZE, _PIECE)
        except OSError:
            return
