"""Text of cells: trimming, what can be stored, and folding for comparison; knows no field and no language."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from importers.rows import CELL_LIMIT

Column = Sequence[str | None]
"""The cells of one column as typed; None or "" is a blank."""

_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_EDGES = "".join(filter(str.isspace, map(chr, range(0x3001)))) + _INVISIBLE
_CACHED_LENGTH = 128
"""Longer texts are folded without a cache, so that the caches stay small whatever a file holds."""

_LETTERS = {
    "ß": "ss",
    "ẞ": "ss",
    "æ": "ae",
    "Æ": "ae",
    "œ": "oe",
    "Œ": "oe",
    "ø": "o",
    "Ø": "o",
    "đ": "d",
    "Đ": "d",
    "ð": "d",
    "Ð": "d",
    "þ": "th",
    "Þ": "th",
    "ł": "l",
    "Ł": "l",
    "ħ": "h",
    "Ħ": "h",
    "ŋ": "n",
    "Ŋ": "n",
    "ı": "i",
    "İ": "i",
    "ŧ": "t",
    "Ŧ": "t",
    "ς": "σ",
}
_DROPPED = set(_INVISIBLE) | set("'’‘ʼ`´")
"""O'Neill and ONeill are one; an apostrophe is no blank."""


def strip(values: Column) -> list[str | None]:
    """Cells without blanks at their ends (NBSP, zero-width and BOM too); a blank cell is None. Inner newlines stay."""
    try:
        stripped = [value.strip() for value in values]  # type: ignore[union-attr]
    except AttributeError:
        stripped = [(value or "").strip() for value in values]
    if not "".join(stripped).isascii():
        stripped = [value if value.isascii() else value.strip(_EDGES) for value in stripped]
    return [value or None for value in stripped]


def storable(values: Column) -> list[int]:
    """Indexes of the cells that no database holds: NUL, lone surrogates, more than `rows.CELL_LIMIT` characters."""
    joined = "".join(filter(None, values))
    if len(joined) <= CELL_LIMIT and _clean(joined):
        return []
    if _clean(joined) and max(len(value or "") for value in values) <= CELL_LIMIT:
        return []
    return [row for row, value in enumerate(values) if value and (len(value) > CELL_LIMIT or not _clean(value))]


def _clean(text: str) -> bool:
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Folding(dict[int, str]):
    """For `str.translate`: each character becomes its folded text, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _folded(chr(code))
        return folded


def _folded(char: str) -> str:
    if char in _LETTERS:
        return _LETTERS[char]
    if char in _DROPPED:
        return ""
    category = unicodedata.category(char)
    if category[0] == "M":
        return "" if "\u0300" <= char <= "\u036f" else char
    whole = unicodedata.normalize("NFKC", char).casefold()
    if unicodedata.name(char, "").startswith(("LATIN", "GREEK")):
        parts = unicodedata.normalize("NFKD", whole)
        whole = "".join(part for part in parts if unicodedata.category(part)[0] != "M")
    if whole == char:
        return char if category[0] in "LN" else " "
    # Full-width letters and signs such as ㈱ or ½ stand for several characters, punctuation among them.
    return "".join(_FOLDING[ord(part)] if part != char else " " for part in whole)


_FOLDING = _Folding()


def fold(value: str) -> str:
    """The text for comparison: without case, accents, punctuation and double blanks; other scripts are kept.

    Folding twice changes nothing. "Müller-Straße 5" becomes "muller strasse 5", "Łódź" becomes "lodz".
    """
    return _remembered(value) if len(value) <= _CACHED_LENGTH else _fold(value)


def _fold(value: str) -> str:
    return " ".join(split_folded(value))


def split_folded(value: str) -> list[str]:
    """The words of the folded text."""
    if not value.isascii():
        # Composed first, so that a letter is one character however the file writes its accent.
        value = unicodedata.normalize("NFC", value).translate(_FOLDING)
        return value.split() if value.isascii() else unicodedata.normalize("NFC", value).split()
    return value.translate(_FOLDING).split()


_remembered = lru_cache(maxsize=32_768)(_fold)


def folded(values: Iterable[str | None]) -> list[str]:
    """`fold` of each cell, "" for a blank one."""
    return [(_remembered(v) if len(v) <= _CACHED_LENGTH else _fold(v)) if v else "" for v in values]
