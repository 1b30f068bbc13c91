"""Reader: one file from its first byte to its last batch; knows no process and no store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from importers import normalise, vocabulary
from importers.headers import Vocabulary
from importers.readers import cells, heading
from importers.readers.batches import Batches
from importers.readers.csv import CsvTable
from importers.readers.heading import Heading
from importers.readers.raw import Table
from importers.readers.records import RecordTable
from importers.readers.source import Source
from importers.rows import Batch, Opened, Order

_MONTH_FIRST = frozenset({"US", "PH", "FM", "PW", "MH"})


class Reader:
    """An open file. `opened` is known at once; iterating gives its batches. Raises UnreadableFile."""

    def __init__(self, path: str, order: Order, *, careful: bool = False, today: date | None = None) -> None:
        self._source = Source(path, order.language)
        self._order = order
        self._today = (today or date.today()).isoformat()
        try:
            self._table, self._heading = self._found(vocabulary.headers(), careful)
            self._check_constants()
        except BaseException:
            self._source.close()
            raise
        self.opened: Opened = self._heading.opened(self._table, order)

    def __iter__(self) -> Iterator[Batch]:
        yield from Batches(self._table, self._heading, self._order, cells.Dates(self._dates(), self._today))
        self._source.unchanged()

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def _found(self, words: Vocabulary, careful: bool) -> tuple[Table, Heading]:
        if not self._source.size:
            self._source.refuse("SY-F10")
        kind = self._source.kind()
        if kind in ("zip", "ole"):
            from importers.readers import workbook

            return workbook.find(self._source, self._order, words, careful=careful)
        if kind == "json":
            table: Table = RecordTable(self._source, self._order)
            order = replace(self._order, header_row=None)
            return table, heading.checked(heading.find(table, self._source, words, order), self._source, order)
        if kind != "text":
            code = {"html": "SY-F18", "xml": "SY-F19", "vcard": "SY-F26"}.get(kind, "SY-F14")
            self._source.refuse(code, seen=kind)
        table = CsvTable(self._source, self._order, words)
        return table, heading.checked(heading.find(table, self._source, words, self._order), self._source, self._order)

    def _check_constants(self) -> None:
        """`Order.set` is held to the same rules as cells. Raises UnreadableFile."""
        fields = {item.name: item for item in self._order.fields}
        for name, value in self._order.set.items():
            if name not in fields:
                self._source.refuse("SY-F24", column=name, seen=value, fields=", ".join(sorted(fields)))
            notes = cells.Notes()
            cells.clean(
                [value or None], fields[name], self._order, cells.Dates(self._order.dates or "ymd", self._today), notes
            )
            if notes.refused:
                self._source.refuse("SY-F25", column=name, seen=value)

    def _dates(self) -> str | None:
        """The order of day and month: as ordered, as the whole column proves, else by the language of the header, the
        country or the language of the order; None when nothing tells, and then a date that can be read in two ways is
        refused."""
        order = self._order
        kinds = {item.name: item.kind for item in order.fields}
        places = [place for place, target in enumerate(self._heading.targets) if kinds.get(target or "") == "date"]
        if order.dates or not places:
            return order.dates
        spoken = vocabulary.headers().language(self._heading.header)
        return self._proven(places) or _habit(order, spoken)

    def _proven(self, places: list[int]) -> str | None:
        orders: set[str] = set()
        for chunk in self._table.chunks(self._heading.line, len(self._heading.header), self._order.chunk):
            for place in places:
                column = [row[place] for row in chunk.rows if place < len(row)]
                orders |= {found for found in (normalise.date_order(column),) if found}
        return orders.pop() if len(orders) == 1 else None


def _habit(order: Order, spoken: str) -> str | None:
    if spoken != "en":
        return "ymd" if spoken == "hu" else "dmy"
    if order.country:
        return "mdy" if order.country.upper() in _MONTH_FIRST else "dmy"
    return None if order.language[:2].lower() == "en" else "dmy"
