"""Paper: what is written for people beside a file (reason, report, rejects); knows no folder and no database."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from importers.folder.plain import Step, no_step, written
from importers.rows import Problem, Refusal

PROBLEM = "problem"
"""The column that rejects have besides the file's own."""

WIDTH = 98

_BOUND = re.compile(r"(?<=«) | (?=[»:;?!](?:\W|$))")
"""Blanks at which French does not break a line."""


@dataclass(frozen=True, slots=True)
class Rejects:
    """Refused rows and how the file they came from is written, so that theirs can be written the same.

    `header` holds the columns as they stand; blank `encoding` and `delimiter` (workbooks): as Excel likes it.
    """

    header: list[str]
    rows: Iterable[Refusal]
    delimiter: str = ""
    encoding: str = ""
    language: str = "en"


def write_rejects(path: Path, rejects: Rejects, *, mode: int = 0o644, step: Step = no_step) -> int:
    """Writes the refused rows as they were plus a `problem` column; returns their number.

    Streams: memory does not grow with the rows. A cell is written as it came, a formula too, so that the corrected file
    gives the same values; bytes that were no text in the file's encoding go back as they were.
    """
    encoding = rejects.encoding or "utf-8-sig"
    delimiter = rejects.delimiter or (";" if rejects.language in ("fr", "de") else ",")
    kept = [column for column, name in enumerate(rejects.header) if name.strip().casefold() != PROBLEM]
    count = 0
    with written(path, mode, step) as stream:
        text = io.TextIOWrapper(stream, encoding=encoding, errors="syncd.asitwas", newline="")
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerow([rejects.header[column] for column in kept] + [PROBLEM])
        for row in rejects.rows:
            writer.writerow([*_cells(row["cells"], kept, len(rejects.header)), row["why"]])
            count += 1
        text.flush()
        text.detach()
    return count


def _cells(cells: list[str], kept: list[int], width: int) -> list[str]:
    """The row's own cells without an older `problem`; short rows are filled up, what stands beyond the header stays."""
    filled = cells + [""] * (width - len(cells))
    return [filled[column] for column in kept] + filled[width:]


def _as_it_was(error: UnicodeError) -> tuple[str | bytes, int]:
    """Gives undecodable bytes back as they were; what the encoding does not have becomes a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    char = ord(error.object[error.start])
    wide = error.encoding.replace("_", "-").startswith(("utf-16", "utf-32"))
    raw = bytes([char - 0xDC00]) if 0xDC80 <= char <= 0xDCFF and not wide else "?"
    return raw, error.start + 1


codecs.register_error("syncd.asitwas", _as_it_was)


def write_report(path: Path, report: Mapping[str, Any], *, mode: int, step: Step) -> None:
    """Writes the report as JSON that people can read too; what is no text in a file's name stays an escape."""
    with written(path, mode, step) as stream:
        text = json.dumps(report, indent=2, ensure_ascii=False)
        stream.write(text.encode("utf-8", "backslashreplace") + b"\n")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a file was not imported: the file's name as shown, the problem in the reader's language, and its traces."""

    name: str
    problem: Problem
    when: datetime
    run: int | None = None
    checksum: str = ""


def write_reason(path: Path, reason: Reason, words: Mapping[str, str], *, mode: int, step: Step) -> None:
    """Writes the reason as UTF-8 with BOM and CRLF, so that Notepad shows it right. `words`: the layout's own words."""
    traces = [reason.problem.code, reason.when.strftime(words["when"])]
    if reason.run is not None:
        traces.append(words["run"].format(run=reason.run))
    if reason.checksum:
        traces.append(words["checksum"].format(checksum=f"{reason.checksum[:8]}…{reason.checksum[-4:]}"))
    parts = [
        words["refused"].format(name=reason.name),
        _block(words["why"], " ".join(filter(None, (reason.problem.what, reason.problem.why))), words["unchanged"]),
        _block(words["do"], reason.problem.do) if reason.problem.do else "",
        _block(words["help"], words["quoting"].format(traces=" · ".join(traces))),
    ]
    text = "\n\n".join(filter(None, parts)) + "\n"
    with written(path, mode, step) as stream:
        stream.write(codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode("utf-8", "replace"))


def _block(label: str, *paragraphs: str) -> str:
    """One labelled block, its lines wrapped and hung under its first."""
    indent = " " * max(7, len(label) + 1)
    lines = [line for paragraph in paragraphs for line in paragraph.splitlines()]
    bound = [_BOUND.sub("\u00a0", line) for line in lines]
    wrapped = [piece for line in bound for piece in textwrap.wrap(line, WIDTH - len(indent), break_on_hyphens=False)]
    return label.ljust(len(indent)) + f"\n{indent}".join(wrapped)
