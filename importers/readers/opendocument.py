"""OpenDocument: numbers that an ODS sheet shows with leading zeros; knows no field. The file holds what each cell shows."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO
from xml.etree import ElementTree

from importers.readers.formats import Format, Formats
from importers.readers.package import DAMAGE
from importers.readers.source import Source

_PARTS = ("content.xml", "styles.xml")
_PADS = re.compile(rb'min-integer-digits="0*(?:[2-9]|1\d)"')
_WINDOW = 1 << 20
_OVERLAP = 64
_NUMBER = re.compile(r"\d{1,15}(?:\.0*)?")
_PADDED = re.compile(r"\D{0,5}0[\d /()-]*")

Cell = tuple[int, int, int, ElementTree.Element]
"""First and last row (from 1), column (from 0), and the cell."""


def of(source: Source, sheet: str) -> Formats:
    """The formats of a sheet that show leading zeros."""
    made = Formats()
    try:
        with zipfile.ZipFile(source.file) as package, package.open(_PARTS[0]) as file:
            padded = any(_pads(package, part) for part in _PARTS if part in package.namelist())
            for first, last, column, cell in _cells(file, sheet) if padded else ():
                made.add(column, first, last, _format(cell))
    except DAMAGE:
        return Formats()
    finally:
        source.file.seek(0)
    return made


def _pads(package: zipfile.ZipFile, part: str) -> bool:
    before = b""
    with package.open(part) as file:
        while piece := file.read(_WINDOW):
            if _PADS.search(before + piece):
                return True
            before = piece[-_OVERLAP:]
    return False


def _cells(file: IO[bytes], sheet: str) -> Iterator[Cell]:
    """The filled cells of a sheet, row by row; what was read is let go."""
    row, here = 1, False
    for event, node in ElementTree.iterparse(file, ("start", "end")):
        kind = node.tag.rpartition("}")[2]
        if kind == "table" and event == "start":
            row, here = 1, _told(node, "name") == sheet
        elif kind == "table-row" and event == "end":
            last = row + _times(node, "number-rows-repeated") - 1
            yield from ((row, last, column, cell) for column, cell in _filled(node if here else ()))
            row = last + 1
            node.clear()


def _filled(row: Iterable[ElementTree.Element]) -> Iterator[tuple[int, ElementTree.Element]]:
    column = 0
    for cell in row:
        if _told(cell, "value"):
            yield column, cell
        column += _times(cell, "number-columns-repeated")


def _times(node: ElementTree.Element, name: str) -> int:
    return int(_told(node, name) or 1)


def _told(node: ElementTree.Element, name: str) -> str:
    return next((value for key, value in node.attrib.items() if key.rpartition("}")[2] == name), "")


def _format(cell: ElementTree.Element) -> Format | None:
    """The format of a cell whose text has more digits than its number, the first of them a zero."""
    number, text = _told(cell, "value"), "".join(cell.itertext()).strip()
    if not _NUMBER.fullmatch(number) or not _PADDED.fullmatch(text):
        return None
    digits = "".join(filter(str.isdigit, text))
    if len(digits) < 2 or int(digits) != int(float(number)):
        return None
    return Format(tuple((char.isdigit(), "0" if char.isdigit() else char) for char in text))
