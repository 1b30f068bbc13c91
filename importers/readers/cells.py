"""Cells: one column of a field's kind made clean; what is wrong is noted by row; knows no other column.

A note that refuses takes its row away, any other leaves the row and says what is doubtful in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from importers import normalise
from importers.rows import CELL_LIMIT, Field, Order, Value

_SHOWN = 60
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_MEASURED = frozenset({"text", "email", "phone", "picklist"})
_BIRTHDAY = "date_of_birth"
_ADDRESSES = re.compile(r"\s*(?::::|[;,\n]|\s)\s*")
_DEFUSED = re.compile(r"'+[=+\-@\t\r]")
_AS_TEXT = re.compile(r'="((?:[^"]|"")*)"')
_HOUSE = re.compile(r"\d{1,5} ?[a-zA-Z]?(?: ?[-/+] ?\d{1,5} ?[a-zA-Z]?)?")
_STAIR = re.compile(r"[a-zA-Z]{1,3}")
_EXCHANGE = ("/o=", "/O=")

Column = list[str | None]


@dataclass(frozen=True, slots=True)
class Dates:
    """How dates are read: the order of day and month, None when nothing tells it; `today` ends the birthdays."""

    order: str | None
    today: str


def joined(above: Column, below: Column) -> Column:
    """The texts of two columns for one field, as lines; a house number stands beside its street, and a line that is
    there already (Salesforce writes a street whole and in lines) is not written again."""
    return [_lines(first, more) if first and more else first or more for first, more in zip(above, below, strict=True)]


def _lines(above: str, below: str) -> str:
    lines = above.splitlines()
    if below in lines:
        return above
    number = _HOUSE if not above[-1].isdigit() else _STAIR
    beside = number.fullmatch(below) or _HOUSE.fullmatch(lines[-1])
    return f"{above} {below}" if beside else f"{above}\n{below}"


def undefused(column: Column) -> Column:
    """Cells without the ' that our own exports put before what a spreadsheet would take for a formula."""
    if not any(value and value.startswith("'") for value in column):
        return column
    return [value[1:] if value and _DEFUSED.match(value) else value for value in column]


@dataclass(slots=True)
class Notes:
    """What was seen in the rows of a batch: `refused` the first cause of each row, `extra` texts kept whole."""

    refused: dict[int, tuple[str, str, dict[str, object]]] = field(default_factory=dict)
    flags: list[tuple[int, str, str, dict[str, object]]] = field(default_factory=list)
    extra: dict[str, dict[int, str]] = field(default_factory=dict)

    def refuse(self, row: int, name: str, code: str, **values: object) -> None:
        """Take the row away."""
        self.refused.setdefault(row, (name, code, values))

    def flag(self, row: int, name: str, code: str, **values: object) -> None:
        """Say that a cell is doubtful."""
        self.flags.append((row, name, code, values))

    def keep(self, row: int, name: str, text: str) -> None:
        """Keep a text in `extra` under a field's name."""
        kept = self.extra.setdefault(name, {})
        kept[row] = f"{kept[row]} ::: {text}" if row in kept else text


def stripped(cells: Sequence[str]) -> Column:
    """Cells without blanks at their ends, None for a blank one: in one pass where no invisible character is about.

    A cell ="01067" is 01067: programs write it so that Excel keeps the zero.
    """
    joined = "".join(cells)
    if "=" in joined and '="' in joined:
        cells = [_bare(cell) for cell in cells]
    if any(char in joined for char in _INVISIBLE):
        return normalise.strip(cells)
    return [cell.strip() or None for cell in cells]


def _bare(cell: str) -> str:
    found = _AS_TEXT.fullmatch(cell.strip())
    return found[1].replace('""', '"') if found else cell


def storable(cells: Sequence[str | None], name: str, notes: Notes) -> None:
    """Refuses rows whose cell no database holds."""
    for row in normalise.storable(cells):
        text = cells[row] or ""
        code = "SY-L03" if len(text) > CELL_LIMIT else "SY-L04" if "\0" in text else "SY-L05"
        notes.refuse(row, name, code, field=name)


def clean(cells: Column, item: Field, order: Order, dates: Dates, notes: Notes) -> tuple[list[Value], Column | None]:
    """The clean values of a column and, for phones, their match keys."""
    keys: Column | None = None
    values: Sequence[Value]
    if item.kind == "email":
        cells = emails(cells, item.name, notes)
        values = cells
    elif item.kind == "phone":
        keys, bad = normalise.phones(cells, order.country)
        for row in bad:
            notes.flag(row, item.name, "SY-L20", field=item.name, seen=_seen(cells[row]))
        values = cells
    elif item.kind == "picklist":
        cells, unknown = normalise.picklist(cells, item.options)
        for row in unknown:
            notes.flag(row, item.name, "SY-L21", field=item.name, seen=_seen(cells[row]))
        values = cells
    elif item.kind == "flag":
        values, bad = normalise.flags(cells)
        for row in bad:
            notes.keep(row, item.name, cells[row] or "")
            notes.flag(row, item.name, "SY-L23", field=item.name, seen=_seen(cells[row]))
    elif item.kind == "date":
        values = _dates(cells, item, dates, notes)
    elif item.kind in ("number", "money"):
        values = _amounts(cells, item, notes)
    else:
        values = cells
    made = list(values)
    if item.length and item.kind in _MEASURED and _longest(cells) > item.length:
        _lengths(made, item, order, notes)
    return made, keys


def emails(cells: Column, name: str, notes: Notes) -> Column:
    """Addresses cleaned. Of several in one cell the first stays and the others are kept; an Exchange name is no address
    and is kept; anything else that is none refuses its row."""
    made, bad = normalise.emails(cells)
    for row in bad:
        text = cells[row] or ""
        if text.startswith(_EXCHANGE):
            made[row] = None
            notes.keep(row, name, text)
            notes.flag(row, name, "SY-L25", field=name)
            continue
        parts = [part for part in _ADDRESSES.split(text) if part]
        several, wrong = normalise.emails(parts) if 1 < len(parts) < 20 else ([], [0])
        if wrong:
            notes.refuse(row, name, "SY-L10", field=name, seen=_seen(text))
            continue
        made[row] = several[0]
        notes.keep(row, name, " ::: ".join(filter(None, several[1:])))
        notes.flag(row, name, "SY-L26", field=name, seen=_seen(text))
    return made


def _dates(cells: Column, item: Field, dates: Dates, notes: Notes) -> list[str | None]:
    values, bad = normalise.dates(cells, dates.order, dates.today if item.name == _BIRTHDAY else None)
    for row in bad:
        readable = dates.order is None and not normalise.dates([cells[row]], "dmy")[1]
        notes.refuse(row, item.name, "SY-L13" if readable else "SY-L11", field=item.name, seen=_seen(cells[row]))
    return values


def _amounts(cells: Column, item: Field, notes: Notes) -> list[int | None]:
    read: Callable[[Sequence[str | None]], tuple[list[int | None], list[int]]]
    read = normalise.numbers if item.kind == "number" else normalise.money
    values, bad = read(cells)
    for row in bad:
        notes.refuse(row, item.name, "SY-L12", field=item.name, seen=_seen(cells[row]))
    return values


def _longest(cells: Column) -> int:
    if None in cells:
        return len(max(filter(None, cells), key=len, default=""))
    return max(map(len, cells), default=0)  # type: ignore[arg-type]


def _lengths(values: list[Value], item: Field, order: Order, notes: Notes) -> None:
    """A text longer than its field is kept whole in `extra`; a record's name is cut, since it needs one."""
    for row, value in enumerate(values):
        if isinstance(value, str) and len(value) > item.length:
            notes.keep(row, item.name, value)
            notes.flag(row, item.name, "SY-L22", field=item.name, seen=len(value), length=item.length)
            values[row] = value[: item.length].rstrip() if item.name == order.title else None


def _seen(text: str | None) -> str:
    shown = " ".join((text or "").split())
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
