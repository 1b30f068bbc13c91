"""Dialect: which character parts the cells of a text file; knows no meaning of a cell but a count of header words."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Sequence

DELIMITERS = (",", ";", "\t", "|")
NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_ROWS = 200
_HEADER_ROWS = 25
_WORDS = 8192
_BACKSLASH = re.compile(r"\\(.)", re.DOTALL)
_QUOTED = r' +"(?:[^"\r\n]|""){0,250}+" *(?=\Z|\r|\n|%s)'
_SEP = re.compile(r"\ufeff?\"?sep=(.)\"?[ ,;]*\r?\n?", re.IGNORECASE | re.DOTALL)


class Form(csv.excel):
    """How the cells of a text are parted and quoted. `spaced`: blanks stand before an opening quote; `escaped`: a quote
    inside a cell has a backslash before it (as Spark and MySQL write) where others double it."""

    def __init__(self, delimiter: str, *, spaced: bool = False, escaped: bool = False) -> None:
        self.delimiter = delimiter
        self.skipinitialspace = spaced
        self.escapechar = "\\" if escaped else None
        super().__init__()


def separator(line: str) -> str:
    """The delimiter that Excel's first line `sep=;` names, "" when the line is none."""
    found = _SEP.fullmatch(line)
    return found[1] if found else ""


def pieces(text: str) -> list[str]:
    """The pieces of a text's first lines, cut at any delimiter."""
    lines = text[:_WORDS].splitlines()[:_HEADER_ROWS]
    return [piece.strip('" ') for line in lines for piece in re.split(r"[,;\t|]", line)]


def words(text: str, known: Callable[[str], bool]) -> int:
    """How many of these pieces are header words."""
    return sum(map(known, pieces(text)))


def find(head: str, whole: bool, score: Callable[[Sequence[str]], int]) -> str:
    """The delimiter of a text by its first rows; one column gives ",". `whole` says that the text is not cut off.

    It is the one that shows most header words (`score` counts them in a row; a single one may be chance), then the one
    whose rows are of equal width, then the one with most cells.
    """
    votes = [(*_vote(head, whole, delimiter, score), delimiter) for delimiter in DELIMITERS]
    best = max(votes, key=lambda vote: vote[:3])
    if best[0] == 0 and _one_column(head, score):
        return next((delimiter for delimiter in DELIMITERS if delimiter not in head), best[3])
    return best[3] if best[2] > 1 else ","


def form(head: str, delimiter: str) -> Form:
    """How a text with this delimiter quotes its cells, by its first rows."""
    between = re.escape(delimiter)
    spaced = len(re.findall(between + _QUOTED % between, head))
    inside = re.search(rf'\\"(?!"|\r|\n|\Z|{between})', head)
    doubled = re.search(rf'\\""(?!\r|\n|\Z|{between})', head)
    others = set(_BACKSLASH.findall(head)) - {"\\", '"'}
    return Form(
        delimiter,
        spaced=delimiter != " " and 2 * spaced > len(re.findall(between + ' +"', head)),
        escaped=delimiter != "\\" and bool(inside) and not doubled and not others,
    )


def _one_column(head: str, score: Callable[[Sequence[str]], int]) -> bool:
    """Whether the first line is a header word alone."""
    first = head.lstrip().partition("\n")[0].strip()
    return bool(score([first.strip('"')])) and not any(delimiter in first for delimiter in DELIMITERS)


def _vote(head: str, whole: bool, delimiter: str, score: Callable[[Sequence[str]], int]) -> tuple[int, float, int]:
    rows = _rows(head, whole, delimiter)
    widths = Counter(map(len, rows))
    wide = {width: count for width, count in widths.items() if width > 1}
    if not wide:
        return 0, 0.0, 1
    usual, count = max(wide.items(), key=lambda item: (item[1], item[0]))
    hits = max(map(score, rows[:_HEADER_ROWS]), default=0)
    return hits if hits > 1 else 0, round(count / len(rows), 1), usual


def _rows(head: str, whole: bool, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            if any(map(str.strip, row)):
                rows.append(row)
            if len(rows) > _ROWS:
                break
    except csv.Error:
        return rows
    return rows if whole or len(rows) < 2 else rows[:-1]
