"""Records: a JSON list of objects, as `export --format json` writes it, as a table; knows no field.

The list is read object by object, twice: once for the names of its columns, once for its rows. Every number stays as it
was typed. The line of a row is its place in the list and one: in an export, the line it stands on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from importers.readers import encoding
from importers.readers.raw import Bad, Chunk
from importers.readers.source import Source
from importers.rows import Order

_BLOCK = 1 << 18
_LARGEST = 1 << 26
"""Characters of one object above which the file is given up: no record is as large."""

_GAP = re.compile(r"[ \t\r\n]*")
_EXTRA = "extra"


class RecordTable:
    """A JSON file as a table. Raises UnreadableFile when it is no list."""

    format = "json"
    delimiter = ""
    sheet = ""
    unread: Sequence[str] = ()
    storable = False

    def __init__(self, source: Source, order: Order) -> None:
        self._source = source
        self.encoding = encoding.ordered(order.encoding or "utf-8-sig", source)
        names: dict[str, None] = {}
        for value in self._values():
            if isinstance(value, dict):
                names.update(dict.fromkeys(_cells(value)))
        self._names = list(names) or [order.title]

    def top(self) -> list[tuple[int, list[str]]]:
        """The names of the columns, as the header on line 1."""
        return [(1, self._names)]

    def chunks(self, start: int, width: int, size: int) -> Iterator[Chunk]:
        """The objects from line `start` on, at most `size` at a time."""
        chunk = Chunk()
        for line, value in enumerate(self._values(), 2):
            if line < start:
                continue
            if isinstance(value, dict):
                cells = _cells(value)
                chunk.lines.append(line)
                chunk.rows.append([cells.get(name, "") for name in self._names])
            else:
                chunk.bad.append(Bad(line, [_text(value)], "SY-L08"))
            if len(chunk.rows) + len(chunk.bad) == size:
                yield chunk
                chunk = Chunk()
        yield chunk

    def _values(self) -> Iterator[Any]:
        with self._source.text(self.encoding, encoding.handler(self.encoding)) as text:
            try:
                yield from _Values(text)
            except _Broken as error:
                self._source.refuse("SY-F35", seen=str(error))


class _Broken(Exception):
    """The text is no JSON list; says where."""


class _Values:
    """The values of a JSON list, one at a time; only the one at hand is kept."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._held = ""
        self._at = 0
        self._line = 1
        self._ended = False
        self._decode = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str).raw_decode

    def __iter__(self) -> Iterator[Any]:
        self._take("[")
        if self._next() == "]":
            return self._close()
        while True:
            yield self._value()
            if self._next() == "]":
                return self._close()
            self._take(",")

    def _close(self) -> None:
        self._take("]")
        if self._next():
            raise self._broken()

    def _next(self) -> str:
        """The next character that is no blank, "" at the end; it stays."""
        while True:
            found = _GAP.match(self._held, self._at)
            end = found.end() if found else self._at
            self._line += self._held.count("\n", self._at, end)
            self._at = end
            if end < len(self._held) or self._ended:
                return self._held[end : end + 1]
            self._more(_BLOCK)

    def _take(self, wanted: str) -> None:
        if self._next() != wanted:
            raise self._broken()
        self._at += 1

    def _value(self) -> Any:
        self._next()
        size = _BLOCK
        while True:
            try:
                value, end = self._decode(self._held, self._at)
            except RecursionError:
                raise self._broken() from None
            except ValueError:
                if self._ended or len(self._held) - self._at > _LARGEST:
                    raise self._broken() from None
            else:
                if self._ended or end < len(self._held):
                    self._line += self._held.count("\n", self._at, end)
                    self._at = end
                    return value
            self._more(size)
            size *= 2

    def _more(self, size: int) -> None:
        block = self._text.read(size)
        self._ended = not block
        self._held = self._held[self._at :] + block
        self._at = 0

    def _broken(self) -> _Broken:
        return _Broken(str(self._line))


def _cells(value: dict[str, Any]) -> dict[str, str]:
    """An object as named cells; what it has under "extra" becomes extra.NAME, as in the other exports."""
    cells: dict[str, str] = {}
    for name, one in value.items():
        if name == _EXTRA and isinstance(one, dict):
            cells.update((f"{_EXTRA}.{part}", _text(inner)) for part, inner in one.items())
        else:
            cells[name] = _text(one)
    return cells


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
