"""Workbook: rows of XLSX, XLSM, XLSB, XLS and ODS as a person sees them; knows no field.

python-calamine reads them all. A file that makes it run out of memory ends the process; the caller tries again with
`careful`, and then openpyxl streams the sheet, slowly and in little memory.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from importers.headers import Vocabulary
from importers.readers import formats, heading, opendocument, package
from importers.readers.formats import Formats
from importers.readers.heading import Heading
from importers.readers.raw import Chunk, Table
from importers.readers.source import Source
from importers.rows import Order, UnreadableFile

_TOP_ROWS = 30
_TOP_SCAN = 2_000


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a sheet from row 1 on, as often as asked; `first` is the column that their first cell stands in."""

    each: Callable[[], Iterable[Sequence[object]]]
    first: int = 0


class BookTable:
    """One sheet as a table."""

    encoding = ""
    delimiter = ""
    storable = False

    def __init__(self, kind: str, sheet: str, rows: _Rows) -> None:
        self.format = kind
        self.sheet = sheet
        self.unread: Sequence[str] = ()
        self._rows = rows.each
        self._first = rows.first
        self._lost: dict[int, list[tuple[int, str]]] = {}
        self._formats = Formats()

    def shows(self, lost: Mapping[tuple[int, int], str], formats: Formats) -> None:
        """Takes in what the sheet shows and the library does not give: cells (`package.lost`), and zeros and prefixes of
        numbers (`formats`)."""
        for (row, column), shown in lost.items():
            self._lost.setdefault(row, []).append((column - self._first, shown))
        self._formats = formats

    def bare(self, columns: Iterable[int]) -> None:
        """Columns that are wanted as numbers, however they are shown."""
        for column in columns:
            self._formats.runs.pop(column + self._first, None)

    def top(self) -> list[tuple[int, list[str]]]:
        """The first rows that are not blank, each with its number."""
        rows: list[tuple[int, list[str]]] = []
        for number, values in enumerate(self._rows(), 1):
            cells = list(map(_text, values))
            if any(map(str.strip, cells)):
                rows.append((number, cells))
            if len(rows) == _TOP_ROWS or (rows and number > rows[0][0] + _TOP_SCAN):
                break
        return rows

    def chunks(self, start: int, width: int, size: int) -> Iterator[Chunk]:
        """The rows from number `start` on, at most `size` at a time; a row that only shows errors is one."""
        chunk = Chunk()
        for number, values in enumerate(self._rows(), 1):
            if number < start or not (any(values) or number in self._lost or any(value == 0 for value in values)):
                continue
            chunk.errors += [(len(chunk.rows), column, shown) for column, shown in self._lost.get(number, ())]
            chunk.rows.append(self._shown(number, values))
            chunk.lines.append(number)
            if len(chunk.rows) == size:
                yield chunk
                chunk = Chunk()
        yield chunk

    def _shown(self, row: int, values: Sequence[object]) -> list[str]:
        if self._formats.runs:
            found = self._formats
            values = [found.shown(row, column, value) for column, value in enumerate(values, self._first)]
        return [value if type(value) is str else _text(value) for value in values]


def find(source: Source, order: Order, words: Vocabulary, *, careful: bool) -> tuple[Table, Heading]:
    """The ordered sheet, else the first visible one with a header that is known. Raises UnreadableFile."""
    kind = package.of_zip(source) if source.kind() == "zip" else package.of_ole(source)
    if careful or kind != "xlsx":
        return _sheet(_Openpyxl(source) if kind == "xlsx" else _Calamine(source), kind, source, order, words)
    try:
        return _sheet(_Calamine(source), kind, source, order, words)
    except UnreadableFile as refused:
        if refused.problem.code != "SY-F29":
            raise
    return _sheet(_Openpyxl(source), kind, source, order, words)


def _sheet(
    book: _Calamine | _Openpyxl, kind: str, source: Source, order: Order, words: Vocabulary
) -> tuple[Table, Heading]:
    first: tuple[BookTable, Heading | None] = BookTable(kind, "", _Rows(list)), None
    for sheet in _wanted(book.sheets(), source, order):
        table = BookTable(kind, sheet, book.rows(sheet))
        if kind == "xlsx":
            table.shows(package.lost(source, sheet), formats.of(source, sheet))
        elif kind == "ods":
            table.shows({}, opendocument.of(source, sheet))
        found = heading.find(table, source, words, order)
        if order.sheet or (found is not None and found.fields):
            first = (table, found)
            break
        if first[1] is None:
            first = (table, found)
    table, found = first
    checked = heading.checked(found, source, order)
    numbers = {item.name for item in order.fields if item.kind in ("number", "money")}
    table.bare(place for place, target in enumerate(checked.targets) if target in numbers)
    if not order.sheet:
        others = [name for name, visible in book.sheets() if visible and name != table.sheet]
        table.unread = [name for name in others if _filled(book, kind, source, name)]
    return table, checked


def _filled(book: _Calamine | _Openpyxl, kind: str, source: Source, sheet: str) -> bool:
    """Whether a sheet holds anything. Of an xlsx its part is looked into, for loading a large sheet takes its time."""
    if kind == "xlsx":
        return package.filled(source, sheet)
    return any(value not in ("", None) for row in book.rows(sheet).each() for value in row)


def _wanted(sheets: Sequence[tuple[str, bool]], source: Source, order: Order) -> list[str]:
    if order.sheet is None:
        return [name for name, visible in sheets if visible]
    wanted = order.sheet.strip().casefold()
    found = [name for name, _ in sheets if name.strip().casefold() == wanted]
    if not found:
        shown = ", ".join(f'"{name}"' for name, visible in sheets if visible)
        source.refuse("SY-F30", seen=order.sheet, sheets=shown)
    return found[:1]


class _Calamine:
    def __init__(self, source: Source) -> None:
        import python_calamine

        self._source = source
        self._library = python_calamine
        with _Guard(source):
            self._book = python_calamine.CalamineWorkbook.from_object(source.file)

    def sheets(self) -> list[tuple[str, bool]]:
        """Names of the work sheets and whether they are shown."""
        visible = self._library.SheetVisibleEnum.Visible
        table = self._library.SheetTypeEnum.WorkSheet
        return [(sheet.name, sheet.visible == visible) for sheet in self._book.sheets_metadata if sheet.typ == table]

    def rows(self, sheet: str) -> _Rows:
        """The rows of a sheet. The library leaves out blank columns at the left, but no rows above."""
        with _Guard(self._source):
            found = self._book.get_sheet_by_name(sheet)
        return _Rows(found.iter_rows, (found.start or (0, 0))[1])


class _Openpyxl:
    def __init__(self, source: Source) -> None:
        import openpyxl

        self._source = source
        with _Guard(source):
            self._book = openpyxl.load_workbook(source.file, read_only=True, data_only=True)

    def sheets(self) -> list[tuple[str, bool]]:
        """Names of the work sheets and whether they are shown."""
        return [(sheet.title, sheet.sheet_state == "visible") for sheet in self._book.worksheets]

    def rows(self, sheet: str) -> _Rows:
        """The rows of a sheet; its own word on its size is not trusted."""
        found = self._book[sheet]
        with _Guard(self._source):
            found.reset_dimensions()

        def rows() -> Iterable[Sequence[object]]:
            with _Guard(self._source):
                for row in found.iter_rows(values_only=True):
                    yield ["" if value is None else _plain(value) for value in row]

        return _Rows(rows)


def _plain(value: object) -> object:
    """A cell's value without Excel's escapes for control characters, which openpyxl leaves as they are."""
    if not isinstance(value, str) or "_x" not in value:
        return value
    from openpyxl.utils.escape import unescape

    return unescape(value)


class _Guard:
    """Turns whatever a library raises over a damaged file into a plain refusal."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, (MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit)):
            return
        if type(error).__name__ == "PasswordError":
            self._source.refuse("SY-F11")
        self._source.refuse("SY-F29", seen=" ".join(str(error).split())[:80])


def _text(value: object) -> str:
    """A cell's value as a person sees it: 33123456789.0 is 33123456789, a date is ISO 8601, midnight is no time."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e300:
            return str(int(value))
        return format(value, ".15g")
    if isinstance(value, datetime.datetime):
        if value.time() == datetime.time():
            return value.date().isoformat()
        return value.isoformat(" ", "seconds")
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)
