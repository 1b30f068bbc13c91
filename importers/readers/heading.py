"""Heading: which row of a table is its header and what each column fills; knows no cell below it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from importers import headers, normalise
from importers.headers import Vocabulary
from importers.readers import groups, names
from importers.readers.raw import Table
from importers.readers.source import Source
from importers.rows import Opened, Order

COLUMNS = 16_384
"""Columns of a sheet in Excel; a file with more is no list."""

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What a header may hold where the encoding is wrong, and what no database would take as a name in `extra`."""

_NEARLY = 0.6
_NAMED = 12


@dataclass(frozen=True, slots=True)
class Heading:
    """A header row: the line it stands on, its cells as they are and trimmed, the internal target of each (see
    `headers.match`), the family, how many columns fill a field."""

    line: int
    cells: list[str]
    header: list[str]
    targets: list[str | None]
    family: str
    fields: int

    @classmethod
    def of(cls, line: int, cells: list[str], words: Vocabulary, order: Order) -> Heading:
        """The heading that a row makes."""
        header = [_UNSTORABLE.sub("\ufffd", cell or "") for cell in normalise.strip(cells)]
        targets, family = headers.match(header, words, order)
        return cls(line, cells, header, targets, family, headers.recognised(targets))

    def opened(self, table: Table, order: Order) -> Opened:
        """What the outside learns about the file."""
        return Opened(
            format=table.format,
            encoding=table.encoding,
            delimiter=table.delimiter,
            sheet=table.sheet,
            header_row=self.line,
            header=self.header,
            mapping=headers.shown(self.targets, order),
            family=self.family,
            unread=list(table.unread),
            missing=sorted(set(order.match_on) - self._filled(order)),
        )

    def _filled(self, order: Order) -> set[str]:
        """The fields that some row can fill; the name too where it is borrowed from one of them."""
        filled = {target for target in self.targets if target} | set(order.set)
        if headers.FULL_NAME in filled:
            filled.update(names.FIELDS.values())
        for target in list(filter(groups.grouped, filled)):
            filled |= groups.fields(target)
        return filled | ({order.title} if filled.intersection(order.title_from) else set())


def find(table: Table, source: Source, words: Vocabulary, order: Order) -> Heading | None:
    """The first row with nearly as many header words as the best one has (a line "Notes:" above a header is none), or
    the one below it that has more (what stands above it names groups of columns), else the first row;
    `Order.header_row` decides alone. None when the table holds no row there. Raises UnreadableFile for more columns
    than any program has."""
    if order.header_row is not None:
        return _named(table, order.header_row, words, order)
    top = table.top()
    widest = max((len(cells) for _, cells in top), default=0)
    if widest > COLUMNS:
        source.refuse("SY-F34", seen=widest)
    if not top:
        return None
    counts = [headers.hits(cells, words, order) for _, cells in top]
    enough = max(1, max(counts) * _NEARLY)
    place = next((place for place, count in enumerate(counts) if count >= enough), 0)
    if place + 1 < len(top) and counts[place + 1] > counts[place] and _filled(top[place + 1]) >= _filled(top[place]):
        place += 1
    return Heading.of(*top[place], words, order)


def _filled(row: tuple[int, list[str]]) -> int:
    return sum(1 for cell in row[1] if cell.strip())


def _named(table: Table, row: int, words: Vocabulary, order: Order) -> Heading | None:
    """The first row from a line on that is not blank."""
    for chunk in table.chunks(row, 0, 1):
        for line, cells in zip(chunk.lines, chunk.rows, strict=True):
            if any(map(str.strip, cells)):
                return Heading.of(line, cells, words, order)
    return None


def checked(heading: Heading | None, source: Source, order: Order) -> Heading:
    """The heading, if it fills a field at all. Raises UnreadableFile."""
    if heading is None and order.header_row:
        source.refuse("SY-F22", seen=order.header_row)
    if heading is None:
        source.refuse("SY-F12")
    known = {item.name for item in order.fields}
    for column, target in order.map.items():
        if target not in known and target not in ("", "-", headers.FULL_NAME) and not target.startswith("extra."):
            source.refuse("SY-F23", column=column, seen=target, fields=", ".join(sorted(known)))
    columns = set(map(headers.squash, heading.header))
    for column in order.must:
        if headers.squash(column) not in columns:
            source.refuse("SY-F37", seen=column, columns=_listed(heading.header))
    if not heading.fields:
        fields = ", ".join(item.name for item in order.fields)
        source.refuse("SY-F13", seen=_listed(heading.header), line=heading.line, fields=fields)
    return heading


def _listed(header: list[str]) -> str:
    names = [name for name in header if name]
    return ", ".join(f'"{name[:40]}"' for name in names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
