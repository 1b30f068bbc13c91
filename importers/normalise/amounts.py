"""Whole numbers, money and yes-or-no words of cells; knows no field and no currency's worth."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from importers.normalise.text import Column, fold

LIMIT = 64
"""Characters above which a cell is no number."""

_LARGEST = 2**63 - 1
"""Both databases hold 64 bits, signed."""

_Value = TypeVar("_Value")

_PLAIN = re.compile(r"-?[0-9]{1,18}").fullmatch
_PLAIN_MONEY = re.compile(r"([0-9]{1,16})(?:[.,]([0-9]{2}))?").fullmatch
_GROUPED = re.compile(r"([1-9][0-9]{0,2}(?:([ .,'])[0-9]{3})(?:\2[0-9]{3})*)(?:(?!\2)[.,]([0-9]*))?").fullmatch
_DECIMAL = re.compile(r"([0-9]*)(?:[.,]([0-9]*))?").fullmatch
_JAVA = re.compile(r"-?[0-9]\.[0-9]+E(?:[7-9]|[1-9][0-9])").fullmatch
"""A large number as Java writes it (Salesforce's Data Loader: 6.0E7). Excel's 6E+07 has lost digits: it is none."""

_CODES = (
    "EUR USD CHF GBP SEK NOK DKK ISK PLN CZK HUF RON BGN RSD UAH RUB TRY ILS AED SAR QAR KWD EGP MAD TND DZD XOF XAF "
    "ZAR NGN KES JPY CNY HKD TWD KRW SGD MYR THB IDR PHP VND INR PKR AUD NZD CAD MXN BRL ARS CLP COP PEN"
)
_CODE = rf"(?:(?i:{_CODES.replace(' ', '|')})|[Kk]r\.?|Fr\.?|z[lł]|K[cč]|Ft|R\$|US\$|[$€£¥])"
_BEFORE = re.compile(rf"\A({_CODE})\s*(?=[\d(.,+-])")
_BEHIND = re.compile(rf"(?<=[\d).,-])\s*{_CODE}\Z")
_SPACES = {**dict.fromkeys([0xA0, 0x202F, *range(0x2000, 0x200B)], " "), 0x2212: "-", **dict.fromkeys(b"`", "'")}
_SPACES.update({ord("’"): "'", ord("´"): "'"})
_YES = set(
    "1 x yes y true t on ok checked oui o vrai ja j wahr si vero verdadero sim verdadeiro waar tak ano kylla igen da evet "
    "sant sann".split()
)
_NO = set(
    "0 no n false f off unchecked non faux nein falsch falso nee onwaar nao nej nei falskt nie ne ei nem nu hayir".split()
)
_TICKS = {"✓": True, "✔": True, "☑": True, "☒": True, "✗": False, "☐": False}


def numbers(values: Column) -> tuple[list[int | None], list[int]]:
    """Whole numbers, and the indexes of cells that are none or need more than 64 bits.

    Thousands may be set off by blank, point, comma or apostrophe; a fraction must be zero. "1e30" is no number.
    """
    return _read(values, _whole)


def money(values: Column) -> tuple[list[int | None], list[int]]:
    """Amounts in whole hundredths, and the indexes of cells that are none or need more than 64 bits.

    Point or comma before the decimals, a sign or code of a currency before or behind; "(5.00)" is negative. Where one
    separator is followed by exactly three digits it sets off thousands. Further decimals are rounded half up.
    """
    return _read(values, _hundredths)


def flags(values: Column) -> tuple[list[bool | None], list[int]]:
    """Yes-or-no words of the languages that header words are known in, 1/0, x and ticks; and the indexes of other words."""
    return _read(values, _flag)


def _read(values: Column, one: Callable[[str], _Value | None]) -> tuple[list[_Value | None], list[int]]:
    read: list[_Value | None] = []
    bad = []
    for row, value in enumerate(values):
        made = one(value) if value and len(value) <= LIMIT else None
        if made is None and value:
            bad.append(row)
        read.append(made)
    return read, bad


def _whole(value: str) -> int | None:
    if _PLAIN(value):
        return int(value)
    parts = _parts(_tidy(value))
    if parts is None or parts[2].strip("0"):
        return None
    return _bounded(parts[0], int(parts[1] or "0"))


def _hundredths(value: str) -> int | None:
    plain = _PLAIN_MONEY(value)
    if plain:
        return int(plain[1] + (plain[2] or "00"))
    text = _tidy(value)
    sign = ""
    if text[:1] in ("-", "+"):
        sign, text = text[0], text[1:].lstrip()
    text = _BEHIND.sub("", _BEFORE.sub("", text, count=1), count=1).strip()
    parts = _parts(sign + text)
    if parts is None:
        return None
    negative, whole, fraction = parts
    digits = (fraction + "000")[:3]
    return _bounded(negative, int(whole or "0") * 100 + (int(digits) + 5) // 10)


@lru_cache(maxsize=1_024)
def _flag(value: str) -> bool | None:
    text = value.strip()
    if text in _TICKS:
        return _TICKS[text]
    word = fold(text)
    return True if word in _YES else False if word in _NO else None


def _tidy(value: str) -> str:
    text = value if value.isascii() else unicodedata.normalize("NFC", value).translate(_SPACES)
    text = text.strip()
    return format(Decimal(text), "f") if _JAVA(text) else text


def _parts(text: str) -> tuple[bool, str, str] | None:
    """Whether negative, the digits before and those behind the decimal mark; None for no number."""
    negative = False
    if text[:1] == "(" and text[-1:] == ")":
        negative, text = True, text[1:-1]
    elif text[:1] in ("-", "+"):
        negative, text = text[0] == "-", text[1:].lstrip()
    elif text[-1:] == "-":
        negative, text = True, text[:-1].rstrip()
    grouped = _GROUPED(text)
    if grouped:
        return negative, grouped[1].replace(grouped[2], ""), grouped[3] or ""
    plain = _DECIMAL(text)
    if plain and (plain[1] or plain[2]):
        return negative, plain[1], plain[2] or ""
    return None


def _bounded(negative: bool, amount: int) -> int | None:
    return (-amount if negative else amount) if amount <= _LARGEST else None
