"""Telephone numbers: the E.164 key of what was typed, and what is no number at all; never dials and never guesses.

A number keeps its spelling; only its key is normal. Plain spellings go through `plans`, the rest through phonenumbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from importers.normalise.plans import E164_LIMIT, international, plan
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
_ZERO = re.compile(r"\(\s*0\s*\)")


def phones(values: Column, country: str | None) -> tuple[list[str | None], list[int]]:
    """The E.164 key of each number, and the indexes of cells that are no telephone number.

    `country` (ISO 3166) is where national numbers are dialled. Without one a national number has no key and is not bad:
    it is kept as typed. Of two numbers in a cell the first counts; an extension is no part of the key. Bad are words,
    too few or too many digits, numbers that their country does not have, and what Excel made of one ("4,41E+11").
    """
    region = _region(country)
    plain = _reader(region)
    keys: list[str | None] = [plain(value) if value else None for value in values]
    bad = []
    for row, value in enumerate(values):
        if value and keys[row] is None:
            keys[row], wrong = _careful(value, region)
            if wrong:
                bad.append(row)
    return keys, bad


def _region(country: str | None) -> str | None:
    name = (country or "").strip().upper()
    name = "GB" if name == "UK" else name
    return name if name and plan(name) else None


def _reader(region: str | None) -> _Reader:
    """The fast path for one country: E.164, or None where it does not say."""
    home = plan(region) if region else None

    def read(value: str) -> str | None:
        if len(value) > _PLAIN_LENGTH or value[-2:] == ".0":
            return None
        digits = value.translate(_MARKS)
        if not digits.isascii() or ("/" in value and not _area(value)):
            return None
        if digits.isdigit():
            return home.dialled(digits) if home else None
        if digits[:1] == "+" and digits[1:].isdigit():
            return international(digits[1:])
        return None

    return read


def _area(value: str) -> bool:
    """The part before a slash is an area code ("089/123 456"), not a first number."""
    return len(value.partition("/")[0].translate(_MARKS)) <= 6


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
    made = []
    head, slash, _ = first.partition("/")
    if slash and _digits(head) > 6:
        made.append(head)
    letter = _LETTERS.search(first)
    if letter and _digits(first[: letter.start()]) >= 6:
        first = first[: letter.start()]
    for gap in (" - ", " – ", "   "):
        head, found, _ = first.partition(gap)
        if found and _digits(head) > 6:
            made.append(head)
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
