"""Workbook: rows into an XLSX file as they come; knows no record."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import IO, Any

from syncd.cli.text import defused
from syncd.errors import Problem, Refused

ROWS = 1_048_576
CELL = 32_767
"""Excel's limits: rows of a sheet, characters of a cell."""

UNWRITABLE = re.compile("[\ufffe\uffff]")
"""Characters that neither XML 1.0 nor Excel's escapes have."""

CONTROLS = (re.compile("[\x00-\x08\x0b-\x1f]"), re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]"))
"""Characters to escape as Excel does: those that XML does not have, and the carriage return, which comes back from it as
a line feed. Where there is no room for that, it stays."""

ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""An underscore that Excel would take for the beginning of an escaped character (ECMA-376, ST_Xstring)."""


def write(stream: IO[bytes], title: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes one sheet; memory stays flat. Raises Refused when Excel's limits do not hold the rows."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    try:
        sheet.append([_cell(name, sheet) for name in header])
        for number, row in enumerate(rows, 2):
            if number > ROWS:
                raise _too_much(f"{title} has more rows than a sheet of Excel takes ({ROWS:,}).")
            sheet.append([_cell(value, sheet) for value in row])
    except BaseException:
        # Only a saved book closes its sheet and takes its temporary file away.
        with open(os.devnull, "wb") as nowhere:
            book.save(nowhere)
        raise
    book.save(stream)


def _cell(value: Any, sheet: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = ESCAPE.sub("_x005F_", str(defused(UNWRITABLE.sub("\ufffd", value))))
    for controls in CONTROLS:
        made = controls.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
        if len(made) <= CELL:
            return made if not made.startswith("#") else _text(made, sheet)
    raise _too_much(f"A value has {len(text):,} characters and a cell of Excel takes {CELL:,}.")


def _text(value: str, sheet: Any) -> Any:
    """A cell of text, also where it reads like an error of Excel, such as #N/A."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    return cell


def _too_much(what: str) -> Refused:
    return Refused(Problem("SY-Q04", what, "A part of the data would be lost.", "Use --format csv or json."))
