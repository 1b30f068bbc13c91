"""Telephone numbers: the E.164 key of what was typed, and what is no number at all; never dials and never guesses.

A number keeps its spelling; only its key is normal. Plain spellings go through `numbering`, others through
phonenumbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from importers.normalise.numbering import E164_LIMIT, international, numbering
from importers.normalise.text import Column

LIMIT = 250
"""Characters above which a cell is no telephone number (phonenumbers' own limit)."""

_Reader = Callable[[str], str | None]

_PLAIN_LENGTH = 40
_MARKS = dict.fromkeys(map(ord, " .-()/\u00a0\u2010\u2011\u2012\u2013"))
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d*)?[eE][+-]?\d+").fullmatch
_FLOAT = re.compile(r"(\+?\d{7,})[.,]0+").fullmatch
_START = re.compile(r"[+\uff0b\d]")
_NEXT = re.compile(r"[;,|\n\r]|:::|\s(?:ou|or|oder|et|und|and|u\.|bzw\.?)\s", re.IGNORECASE)
_EXTENSION = re.compile(
    r"[\s,;(/-]*(?:e?xt(?:ension|n)?|poste|durchwahl|dw|app(?:arat)?|nebenstelle|nst|int(?:erno|erne)?|klappe|anexo|ramal"
    r"|toestel|tst|wew|доб|x|#|;ext=)\s*[.:=]?\s*\d{1,9}\s*[)#]*\Z",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W\d_]")
_GAPS = re.compile(r" - | – |   |/")
"""Where a second number may begin, should the whole be none."""
_VIABLE = 3
"""Digits below which nothing is dialled."""
_HERE = "?"
"""In place of a key: a number fit to be kept that says no country, or a blank."""


def phones(values: Column, country: str | None) -> tuple[list[str | None], list[int]]:
    """The E.164 key of each number, and the indexes of cells that are no telephone number.

    `country` (ISO 3166) is where national numbers are dialled. Without one a national number has no key and is not bad:
    it is kept as typed. Of two numbers in a cell the first counts; an extension is no part of the key. Bad are words,
    too few or too many digits, numbers that their country does not have, and what Excel made of one ("4,41E+11").
    """
    region = _region(country)
    plain = _reader(region)
    keys = [plain(value) if value else _HERE for value in values]
    bad = []
    for row, key in enumerate(keys):
        if key and key is not _HERE:
            continue
        wrong = key == ""
        keys[row] = None
        if key is None:
            keys[row], wrong = _careful(values[row] or "", region)
        if wrong:
            bad.append(row)
    return keys, bad


def _region(country: str | None) -> str | None:
    name = (country or "").strip().upper()
    name = "GB" if name == "UK" else name
    return name if name and numbering(name) else None


def _reader(region: str | None) -> _Reader:
    """The fast path for a country: E.164, "" for no number, `_HERE` for one without a country, None for the library."""
    home = numbering(region) if region else None

    def read(value: str) -> str | None:
        if len(value) > _PLAIN_LENGTH or value[-2:] == ".0":
            return None
        digits = value.translate(_MARKS)
        if not digits.isascii():
            return None
        if home is None and digits.isdigit():
            return _HERE if _VIABLE <= len(digits) <= E164_LIMIT else None
        if "/" in value and not _area(value):
            head = _head(value)
            if not head or read(head) != "":
                return None
        if home is not None and digits.isdigit():
            key = home.dialled(digits)
        elif digits[:1] == "+" and digits[1:].isdigit():
            key = international(digits[1:])
        else:
            return None
        return None if key == "" and _GAPS.search(value) else key

    return read


def _area(value: str) -> bool:
    """The part before a slash is an area code ("089/123 456"), not a first number."""
    return len(value.partition("/")[0].translate(_MARKS)) <= 6


def _head(value: str) -> str:
    """The part before the only gap of a cell, "" where there are more: it may be the first of two numbers."""
    head, _, rest = value.partition("/")
    return "" if _GAPS.search(head) or _GAPS.search(rest) else head


def _careful(value: str, region: str | None) -> tuple[str | None, bool]:
    if len(value) > LIMIT or _SCIENTIFIC(value.strip()):
        return None, True
    whole = _FLOAT(value.strip())
    text = whole[1] if whole else value
    unknown = False
    for candidate in _candidates(text):
        key, unsure = _library(candidate, region)
        if key:
            return key, False
        unknown = unknown or unsure
    return None, not unknown or _digits(text) > E164_LIMIT


def _candidates(text: str) -> list[str]:
    """What may be the (first) number in a cell, likeliest first."""
    start = _START.search(text)
    if not start:
        return []
    text = text[start.start() :]
    first = _NEXT.split(text, maxsplit=1)[0]
    first = _EXTENSION.sub("", first if _digits(first) >= 6 else text)
    letter = _LETTERS.search(first)
    if letter and _digits(first[: letter.start()]) >= 6:
        first = first[: letter.start()]
    made = [head for gap in _GAPS.findall(first) if _digits(head := first.partition(gap)[0]) > 6]
    return [*made, first]


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _library(text: str, region: str | None) -> tuple[str | None, bool]:
    """phonenumbers' answer: the key, and whether it was only for want of a country that there is none."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        missing = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        return None, missing and region is None and text[:1] not in "+\uff0b"
    key = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return (key if phonenumbers.is_valid_number(number) and len(key) <= E164_LIMIT + 1 else None), False
