"""E-mail addresses: cleaning, syntax and the key two spellings of one address share; asks no name server.

Plain addresses are taken by one pattern of our own, everything else by email_validator; a property test holds the two
equal. Reserved endings (.example, .local) are syntax like any other.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from importers.normalise.text import Column

if TYPE_CHECKING:
    from collections.abc import Callable

    from email_validator import ValidatedEmail

LIMIT = 1_000
"""Characters above which a cell is not looked at as an address; RFC 5321 ends at 254."""

# No "--" and no "/" here: xn-- labels and Exchange's /o=…/cn=… names are for the library to judge.
_PLAIN = re.compile(
    r"(?=[^@]{1,64}@)(?!.{255})(?!.*[A-Za-z0-9-]{64})[A-Za-z0-9_+%&=~-]+(?:\.[A-Za-z0-9_+%&=~-]+)*@"
    r"(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,}"
).fullmatch
_BRACKETED = re.compile(r"[^<>]*<([^<>]*)>[\s,;.]*").fullmatch
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_BLANKS = re.compile(r"\s+")
_GOOGLE = "@googlemail.com"


def emails(values: Column) -> tuple[list[str | None], list[int]]:
    """Cells cleaned of `mailto:`, a display name, blanks and trailing commas, and the indexes of those invalid.

    An address keeps its spelling. An invalid cell stays as it is. Syntax is that of RFC 5321 and 6531 with a domain of
    at least two labels; an Exchange name (`/o=…/cn=…`) and two addresses in one cell are invalid.
    """
    plain = _PLAIN
    bad = [row for row, value in enumerate(values) if value and not plain(value)]
    if not bad:
        return [value or None for value in values], bad
    cleaned = [value or None for value in values]
    invalid = []
    for row in bad:
        address = _cleaned(values[row] or "")
        if address == "":
            cleaned[row] = None
        elif plain(address) or _library(address) is not None:
            cleaned[row] = address
        else:
            invalid.append(row)
    return cleaned, invalid


def email_keys(values: Column) -> list[str | None]:
    """The match key of each address, None for a blank or an invalid one: whole address folded (NFKC, lower case, IDN
    as ASCII), googlemail.com as gmail.com.
    """
    plain = _PLAIN
    keys = [value.lower() if value and plain(value) else None for value in values]
    if None in keys:
        for row, value in enumerate(values):
            if value and keys[row] is None:
                keys[row] = _library_key(_cleaned(value))
    return [key[: -len(_GOOGLE)] + "@gmail.com" if key and key.endswith(_GOOGLE) else key for key in keys]


def _library_key(address: str) -> str | None:
    valid = _library(address)
    if valid is None:
        return None
    return unicodedata.normalize("NFKC", valid.local_part).lower() + "@" + (valid.ascii_domain or "").lower()


def _cleaned(value: str) -> str:
    if len(value) > LIMIT:
        return value
    text = value.translate(_INVISIBLE).strip()
    if text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0]
    bracketed = _BRACKETED(text)
    if bracketed:
        text = bracketed[1].strip()
        text = text[7:] if text[:7].lower() == "mailto:" else text
    text = text.rstrip(" \t\r\n,;").rstrip(".").strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1].strip()
    # "anna @norrvik.example": no unquoted address holds a blank.
    return _joined(text) if any(map(str.isspace, text)) else text


def _joined(text: str) -> str:
    local, at, domain = text.partition("@")
    if at and not re.search(r"\s", local.strip()) and not re.search(r"\s", domain.strip()):
        return _BLANKS.sub("", text)
    return text


def _library(address: str) -> ValidatedEmail | None:
    if len(address) > LIMIT or address[:3].lower() == "/o=" or address.isspace():
        return None
    validate, refused = _validator()
    try:
        return validate(address)
    except refused:
        return None


@cache
def _validator() -> tuple[Callable[[str], ValidatedEmail], type[Exception]]:
    import email_validator

    # The library's documented way to let reserved names pass: a firm's .local or .test address is its address.
    email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

    def validate(address: str) -> ValidatedEmail:
        return email_validator.validate_email(address, check_deliverability=False)

    return validate, email_validator.EmailNotValidError
