"""Formats: numbers that an xlsx sheet shows with leading zeros or a prefix (postal codes, phone numbers); knows no field."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from importers.readers import package
from importers.readers.source import Source

_LARGEST = 10**15
"""Digits beyond which Excel shows zeros."""

_TOKEN = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[[^\]]*\]|(.)', re.DOTALL)
_PLACES = "0#?"
_PLAIN = frozenset("-+ ()/")
"""What stands for itself in a format."""

_PREFIX = re.compile(r"[-+ ()/]*[0-9+][-+ ()/0-9]*")
_CONDITION = re.compile(r"\[[<>=]")


@dataclass(frozen=True, slots=True)
class Format:
    """A number format without decimals: its pieces in order, each a placeholder (`0`, `#`, `?`) or text."""

    pieces: tuple[tuple[bool, str], ...]

    def shown(self, number: int) -> str:
        """The number as the sheet shows it."""
        digits = list(str(number) if number else "")
        places = sum(1 for place, _ in self.pieces if place)
        made: list[str] = []
        for place, text in reversed(self.pieces):
            if not place:
                made.append(text)
                continue
            places -= 1
            made.append(digits.pop() if digits else "0" * (text == "0"))
            if not places:
                made.append("".join(digits))
        return "".join(reversed(made)).strip()


@dataclass(slots=True)
class Formats:
    """The formats of a sheet's cells, column by column as runs of rows: (first row, last row, format)."""

    runs: dict[int, list[tuple[int, int, Format]]] = field(default_factory=dict)

    def add(self, column: int, first: int, last: int, found: Format | None) -> None:
        """Takes in a cell, or one that is repeated down to the last row; in the order of the rows."""
        runs = self.runs.setdefault(column, []) if found else []
        if found is None or (runs and first <= runs[-1][1]):
            return
        if runs and runs[-1][1] == first - 1 and runs[-1][2] == found:
            runs[-1] = (runs[-1][0], last, found)
        else:
            runs.append((first, last, found))

    def shown(self, row: int, column: int, value: object) -> object:
        """A cell's value, as text where its format shows more than its digits."""
        runs = self.runs.get(column)
        if runs is None or type(value) not in (int, float) or not 0 <= value < _LARGEST or value != int(value):  # type: ignore[operator, call-overload]
            return value
        place = bisect_right(runs, row, key=lambda run: run[0]) - 1
        if place < 0 or row > runs[place][1]:
            return value
        return runs[place][2].shown(int(value))  # type: ignore[call-overload]


def of(source: Source, sheet: str) -> Formats:
    """The formats of a sheet that show more than a number's digits."""
    styles = _styles(package.styles(source))
    made = Formats()
    if not styles:
        return made
    wanted = "|".join(map(str, styles)).encode()
    cell = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\br="([A-Z]{1,3})(\d{1,7})")(?=[^>]*\bs="(' + wanted + rb')")')
    for window in package.windows(source, sheet):
        for letters, number, style in cell.findall(window):
            made.add(package.column(letters), int(number), int(number), styles[int(style)])
    return made


def _styles(xml: bytes) -> dict[int, Format]:
    """The formats by the number that a cell names."""
    try:
        nodes = list(ElementTree.fromstring(xml).iter()) if xml else []
    except ElementTree.ParseError:
        return {}
    codes = {node.get("numFmtId"): parsed(node.get("formatCode", "")) for node in nodes if node.tag.endswith("}numFmt")}
    styles = next((list(node) for node in nodes if node.tag.endswith("}cellXfs")), [])
    return _only({number: codes.get(style.get("numFmtId")) for number, style in enumerate(styles)})


def _only(found: Mapping[int, Format | None]) -> dict[int, Format]:
    return {number: code for number, code in found.items() if code is not None}


def parsed(code: str) -> Format | None:
    """A format that pads with zeros (what stands right of a 0 is one) or begins with digits or a plus; None for any other,
    decimals, dates and amounts."""
    if _CONDITION.search(code):
        return None
    pieces: list[tuple[bool, str]] = []
    for quoted, escaped, char in _TOKEN.findall(code.partition(";")[0]):
        if char in _PLACES and char:
            pieces.append((True, "0" if (True, "0") in pieces else char))
        elif char and char not in _PLAIN:
            return None
        elif text := quoted or escaped or char:
            pieces.append((False, text))
    places = "".join(text for place, text in pieces if place)
    before = "".join(text for _, text in pieces[: next((n for n, (place, _) in enumerate(pieces) if place), 0)])
    return Format(tuple(pieces)) if places.count("0") > 1 or (places and _PREFIX.fullmatch(before)) else None
