"""Logs: every line to stderr, as text or as one JSON object; knows no record."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback as tracebacks
from pathlib import Path
from typing import Any

from syncd.errors import Problem

log = logging.getLogger("syncd")
NOISY = ("urllib3", "msal", "alembic", "apscheduler", "sqlalchemy", "charset_normalizer")
"""Libraries whose own lines may hold links, tokens or values: only their warnings pass."""


class Text(logging.Formatter):
    """`2026-11-24T08:12:03Z warning syncd.graph: …`"""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(level)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        record.level = record.levelname.lower()
        return super().format(record)


class Json(logging.Formatter):
    """One object a line: time, level, logger, message, and the traceback where there is one."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        data = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            data["traceback"] = self.formatException(record.exc_info)
        return json.dumps(data)


class _Stderr(logging.StreamHandler[Any]):
    """Writes to what stderr is at the time of the line."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr


def set_up(level: str, form: str) -> None:
    """Sends the log to stderr in the form of [log]; a second call replaces what the first set."""
    handler = _Stderr()
    handler.setFormatter(Json() if form == "json" else Text())
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h, _Stderr)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("syncd").setLevel(level.upper())
    logging.getLogger("importers").setLevel(level.upper())
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def warn(problem: Problem) -> None:
    """Logs a problem that stops nothing."""
    log.warning("%s", " ".join(part for part in (problem.code, problem.what, problem.why, problem.do) if part))


def place(error: BaseException) -> str:
    """Where an exception was raised, as file and line without the machine's path."""
    frames = tracebacks.extract_tb(error.__traceback__)
    return f"{'/'.join(Path(frames[-1].filename).parts[-2:])}:{frames[-1].lineno}" if frames else "an unknown place"


def traceback(error: BaseException) -> None:
    """Logs the traceback at level debug."""
    log.debug("traceback of a fault", exc_info=error)
