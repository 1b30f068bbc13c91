"""CSV: rows of a text file at the speed of the csv module; knows no field.

A quote that never closes would swallow the rest of the file. So every row of several lines is looked at twice, the end
of the file is marked, and lines are held back until the rows they belong to are safe: then only the line on which the
quote opens is given up, and reading goes on with the next.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal, TextIO

from importers import headers
from importers.headers import Vocabulary
from importers.readers import dialect, encoding
from importers.readers.raw import Bad, Chunk
from importers.readers.source import Source
from importers.rows import CELL_LIMIT, Order

if TYPE_CHECKING:
    from _csv import Reader

_BLOCK = 1 << 18
_HEAD = 65_536
_LOOK_AHEAD = 1 << 20
_TOP_ROWS = 30
_HOWS: tuple[Literal[0, 3], ...] = (csv.QUOTE_MINIMAL, csv.QUOTE_NONE)
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_BINARY_SHARE = 20
_END = "\ud800\ud801\ud800"
"""The end of the file. No decoded text holds these surrogates, and no delimiter parts them."""


class CsvTable:
    """A text file as a table. Raises UnreadableFile when it is no text."""

    format = "csv"
    sheet = ""
    unread: Sequence[str] = ()

    def __init__(self, source: Source, order: Order, words: Vocabulary) -> None:
        self._source = source
        found = _written(source, order, words)
        self.encoding, self.storable = found.name, found.clean
        self._mend = encoding.mended if found.twice else None
        self._form, self._skip = self._parted(order, words)
        self.delimiter = self._form.delimiter
        csv.field_size_limit(CELL_LIMIT)

    def top(self) -> list[tuple[int, list[str]]]:
        """The first rows that are not blank, each with its line."""
        rows: list[tuple[int, list[str]]] = []
        for chunk in self.chunks(1, 0, _TOP_ROWS):
            rows += [pair for pair in zip(chunk.lines, chunk.rows, strict=True) if any(map(str.strip, pair[1]))]
            if len(rows) >= _TOP_ROWS:
                break
        return rows

    def chunks(self, start: int, width: int, size: int) -> Iterator[Chunk]:
        """The rows from line `start` on, at most `size` at a time. `width` 0: unknown."""
        with self._source.text(self.encoding, encoding.handler(self.encoding)) as text:
            first = max(start, self._skip + 1)
            yield from _Rows(_Lines(text, first, self._mend), first, self._form, width).chunks(size)

    def _parted(self, order: Order, words: Vocabulary) -> tuple[dialect.Form, int]:
        with self._source.text(self.encoding, encoding.handler(self.encoding)) as text:
            first = text.readline(_HEAD)
            head = text.read(_HEAD)
        named = dialect.separator(first)
        skip, body = (1, head) if named else (0, first + head)
        if order.delimiter:
            wanted = dialect.NAMES.get(order.delimiter.lower(), order.delimiter)
            if len(wanted) != 1 or wanted in '"\r\n':
                self._source.refuse("SY-F21", seen=order.delimiter)
            return dialect.form(body, wanted), skip
        delimiter = named or dialect.find(body, len(head) < _HEAD, lambda row: headers.hits(row, words, order))
        return dialect.form(body, delimiter), skip


def _written(source: Source, order: Order, words: Vocabulary) -> encoding.Found:
    if order.encoding:
        return encoding.Found(encoding.ordered(order.encoding, source), False)
    spoken = words.language(dialect.pieces(source.head.decode("cp1252", "replace")))
    found = encoding.find(source.file, source.head, spoken, lambda text: dialect.words(text, words.knows))
    controls = len(source.head) - len(source.head.translate(None, _CONTROL))
    if not found.name.startswith(("utf-16", "utf-32")) and controls * _BINARY_SHARE > len(source.head):
        source.refuse("SY-F14", seen="binary")
    return found


class _Lines:
    """The physical lines of a text, counted from 1; those of rows not yet safe are held, to be read again."""

    def __init__(self, text: TextIO, first: int, mend: Callable[[str], str] | None) -> None:
        self._text = text
        self._mend = mend
        self._held: list[str] = []
        self._first = first
        for _ in range(first - 1):
            text.readline()

    def feed(self, start: int) -> Iterator[str]:
        """All lines from line `start` on, the held ones first; a mark at the very end."""
        return chain(self._held[start - self._first :], self._fresh())

    def held(self, start: int, end: int) -> list[str]:
        """Lines `start` to `end` inclusive; they must not have been dropped."""
        return self._held[start - self._first : end - self._first + 1]

    def drop(self, before: int) -> None:
        """Forget the lines before line `before`."""
        del self._held[: max(0, before - self._first)]
        self._first = max(self._first, before)

    def _fresh(self) -> Iterator[str]:
        while block := self._text.readlines(_BLOCK):
            if self._mend:
                block = list(map(self._mend, block))
            self._held += block
            yield from block
        yield _END


class _Rows:
    """Rows from lines. `_next` is the line on which the next row begins."""

    def __init__(self, lines: _Lines, first: int, form: dialect.Form, width: int) -> None:
        self._lines = lines
        self._form = form
        self._width = width
        self._done = False
        self._start(first)

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All rows, at most `size` a chunk."""
        while not self._done:
            chunk = Chunk()
            self._read(chunk, size)
            while len(chunk.rows) + len(chunk.bad) < size and not self._done:
                self._read_one_by_one(chunk, size - len(chunk.rows) - len(chunk.bad))
            self._lines.drop(self._next)
            yield chunk

    def _start(self, line: int) -> None:
        self._next = line
        self._offset = line - 1
        self._reader: Reader = csv.reader(self._lines.feed(line), self._form)

    def _read(self, chunk: Chunk, count: int) -> None:
        """Up to `count` rows into the chunk. Where each is one line, that is all; else they are read again, singly."""
        begin = self._next
        try:
            rows = list(islice(self._reader, count))
        except csv.Error:
            rows = []
        end = self._offset + self._reader.line_num + 1
        if not rows or end - begin != len(rows) or rows[-1][-1:] == [_END]:
            self._start(begin)
            self._read_one_by_one(chunk, count)
            return
        chunk.rows += rows
        chunk.lines += range(begin, end)
        self._next = end

    def _read_one_by_one(self, chunk: Chunk, count: int) -> None:
        """The same with the line of each row; ends early at a bad row, behind which reading starts again."""
        rows, lines = chunk.rows, chunk.lines
        reader, after = self._reader, self._offset + 1
        begin = self._next
        try:
            for row in islice(reader, count):
                end = after + reader.line_num
                if end - begin > 1 and self._runaway(row, begin, end):
                    self._give_up(chunk, begin)
                    return
                rows.append(row)
                lines.append(begin)
                begin = end
        except csv.Error:
            self._overlong(chunk, begin)
            return
        self._next = begin
        if rows and rows[-1] == [_END]:
            rows.pop()
            lines.pop()
            self._done = True

    def _runaway(self, row: list[str], begin: int, end: int) -> bool:
        """Whether a row of the lines `begin` to `end` (not included) holds a quote that was never meant to span lines:
        it met the end of the file, or its quoting is broken and the second line is a whole row by itself."""
        if row[-1].endswith(_END):
            return True
        held = self._lines.held(begin, end - 1)
        too_wide = bool(self._width) and any(map(str.strip, row[self._width :]))
        try:
            list(csv.reader(held, self._form, strict=True))
        except csv.Error:
            return too_wide or self._whole(held[1])
        return too_wide and self._whole(held[1])

    def _whole(self, line: str) -> bool:
        """Whether a line has as many cells as the header, read with its quotes or without them."""
        rows = [next(csv.reader([line], self._form, quoting=how)) for how in _HOWS]
        return any(len(row) == self._width if self._width else len(row) > 1 for row in rows)

    def _give_up(self, chunk: Chunk, line: int) -> None:
        """Refuse the line on which a quote opens and start again with the next."""
        held = self._lines.held(line, line)
        cells = next(csv.reader(held, self._form, quoting=csv.QUOTE_NONE))
        chunk.bad.append(Bad(line, cells, "SY-L02"))
        self._start(line + 1)

    def _overlong(self, chunk: Chunk, line: int) -> None:
        """A cell beyond the limit: look ahead whether its quote closes, and refuse the row, or else the line."""
        csv.field_size_limit(_LOOK_AHEAD)
        try:
            reader = csv.reader(self._lines.feed(line), self._form)
            row = next(reader)
            end = line + reader.line_num
            if end - line > 1 and self._runaway(row, line, end):
                self._give_up(chunk, line)
                return
            chunk.bad.append(Bad(line, row, "SY-L03"))
            self._start(end)
        except csv.Error:
            self._beyond(chunk, line)
        finally:
            csv.field_size_limit(CELL_LIMIT)

    def _beyond(self, chunk: Chunk, line: int) -> None:
        held = self._lines.held(line, line)
        if held and len(held[0]) > CELL_LIMIT:
            chunk.bad.append(Bad(line, [held[0].rstrip("\r\n")], "SY-L03"))
            self._start(line + 1)
        else:
            self._give_up(chunk, line)
