"""Raw: rows as they stand in the file, and how a reader gives them; knows no field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

UNKNOWN = "="
"""What an error cell shows whose formula has no stored result."""


@dataclass(slots=True)
class Bad:
    """A row that cannot be read: where it begins, its cells as far as they can be told, and the message's code."""

    line: int
    cells: list[str]
    code: str
    values: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Chunk:
    """Rows in file order with the line that each begins on, and the bad rows among them."""

    lines: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    errors: list[tuple[int, int, str]] = field(default_factory=list)
    """Cells that show an error in a workbook: index of the row, column, what is shown."""


class Table(Protocol):
    """One table of a file. `storable`: every cell is known to be free of NUL and of undecodable bytes. `unread`: the other
    tables of the file, by name, that hold something."""

    format: str
    encoding: str
    delimiter: str
    sheet: str
    storable: bool
    unread: Sequence[str]

    def top(self) -> list[tuple[int, list[str]]]:
        """The first rows that are not blank, each with its line."""

    def chunks(self, start: int, width: int, size: int) -> Iterator[Chunk]:
        """The rows from line `start` on, at most `size` at a time; `width` is the number of cells of the header."""
