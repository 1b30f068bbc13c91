"""Values: reads one setting's raw value into its type; knows neither sections nor where the value stood.

A reader takes what TOML (or JSON from the environment) gives and returns the clean value, or raises `Wrong`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Wrong(Exception):
    """A value that cannot stand: what it must be, and whether already its type is wrong."""

    def __init__(self, must: str, *, kind: bool = False) -> None:
        super().__init__(must)
        self.must = must
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Removals:
    """How many linked contacts of a mailbox one run may take away: the larger of a count and a share in percent."""

    count: int = 100
    percent: float = 25.0

    def limit(self, linked: int) -> int:
        """The largest number that may go when the mailbox has `linked` contacts linked."""
        return max(self.count, int(linked * self.percent / 100))


@dataclass(frozen=True, slots=True)
class Reader:
    """`take` reads a value; `json` says that its environment variable holds JSON; `form` is shown to people."""

    take: Callable[[Any], Any]
    form: str
    json: bool = False


UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
ADDRESS = r"[^\s@<>,;]+@[^\s@<>,;]+"
DOMAIN = r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?\.[a-zA-Z]{2,}"
NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"


def path(value: Any, folder: Path) -> Path:
    """A path, from `folder` on unless it is absolute; `~` is the home folder of this user, `~name` of another."""
    text = filled(value)
    try:
        return folder / Path(text).expanduser()
    except RuntimeError:
        raise Wrong(f"a path, and {text.partition('/')[0]} is no home folder of this machine") from None


def line(value: Any) -> str:
    """Text on one line, trimmed."""
    if not isinstance(value, str):
        raise Wrong("text in quotes", kind=True)
    text = value.strip()
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise Wrong("text on one line, without control characters")
    return text


def named(value: Any) -> str | None:
    """Text, or None when it is blank."""
    return line(value) or None


def whole(least: int, most: int) -> Reader:
    """A reader of whole numbers from `least` to `most`."""

    def take(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong("a whole number without quotes", kind=True)
        if not least <= value <= most:
            raise Wrong(f"a whole number from {least} to {most}")
        return value

    return Reader(take, f"a whole number from {least} to {most}", json=True)


def duration(least: float) -> Reader:
    """A reader of durations of at least `least` seconds, in seconds: 30, "30s", "5m", "2h", "1d"."""

    def take(value: Any) -> float:
        seconds = _seconds(value)
        if seconds < least:
            raise Wrong(f"at least {least:g} s")
        if seconds > 366 * 86400:
            raise Wrong("at most 366 days")
        return seconds

    return Reader(take, 'a duration such as "30s", "5m", "2h" or "1d"')


def _seconds(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        raise Wrong('a duration such as "30s", "5m", "2h" or "1d"', kind=True)
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", value)
    if found is None:
        raise Wrong('a duration such as "30s", "5m", "2h" or "1d"')
    return float(found[1]) * UNITS[found[2] or "s"]


def choice(*words: str) -> Reader:
    """A reader of one word among `words`, compared without case."""
    listed = " | ".join(words)

    def take(value: Any) -> str:
        word = line(value).casefold()
        if word not in words:
            raise Wrong(f"one of {listed}")
        return word

    return Reader(take, listed)


def lines(each: Callable[[Any], str] = line, form: str = "a list of texts") -> Reader:
    """A reader of lists; blank and repeated entries are dropped, the order stays."""

    def take(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise Wrong('a list: ["one", "two"]', kind=True)
        return tuple(dict.fromkeys(text for text in map(each, value) if text))

    return Reader(take, form, json=True)


def one_of(word: Reader) -> Callable[[Any], str]:
    """The check of a list's entry by a reader of single values."""

    def each(value: Any) -> str:
        return str(word.take(value))

    return each


def flag(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise Wrong("true or false without quotes", kind=True)
    return value


def table(value: Any) -> Mapping[str, str]:
    """A table of texts; numbers and yes/no values become text."""
    if not isinstance(value, dict):
        raise Wrong('a table: { "Column" = "field" }', kind=True)
    made: dict[str, str] = {}
    for name, inner in value.items():
        if isinstance(inner, dict | list):
            raise Wrong('a table of single values: { "Column" = "field" }', kind=True)
        made[str(name).strip()] = str(inner).lower() if isinstance(inner, bool) else str(inner).strip()
    return made


def country(value: Any) -> str | None:
    """ISO 3166 code of two letters in capitals, or None when blank."""
    code = line(value).upper()
    if code == "UK":
        raise Wrong('the ISO code of the United Kingdom, "GB"')
    if code and not re.fullmatch("[A-Z]{2}", code):
        raise Wrong('a country code of two letters such as "DE" or "FR"')
    return code or None


def zone(value: Any) -> str:
    """A zone's name of the IANA list."""
    name = line(value)
    if name == "UTC":
        return name
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise Wrong('a time zone such as "Europe/Berlin" or "UTC"') from None
    return name


def address(value: Any) -> str:
    """A mailbox: its address, its id in Entra, or "*"."""
    text = line(value)
    if text and text != "*" and not re.fullmatch(ADDRESS, text) and not re.fullmatch(GUID, text):
        raise Wrong("addresses (anna@firm.example) or ids of mailboxes")
    return text


def single(value: Any) -> str:
    """One mailbox: its address or its id in Entra."""
    text = address(value)
    if not text or text == "*":
        raise Wrong("one address (anna@firm.example) or id of a mailbox")
    return text


def maybe_single(value: Any) -> str | None:
    """One mailbox, or None when blank."""
    return single(value) if line(value) else None


def domain(value: Any) -> str:
    """A mail domain, lower case, without a leading "@"."""
    text = line(value).lower().removeprefix("@")
    if text and not re.fullmatch(DOMAIN, text):
        raise Wrong('mail domains such as "firm.example"')
    return text


def tenant(value: Any) -> str:
    """An Entra tenant: its id or one of its domains."""
    text = line(value)
    if text.lower() in ("common", "organizations", "consumers"):
        raise Wrong("the id of one tenant: an app that signs in by itself belongs to one tenant")
    if not re.fullmatch(GUID, text) and not re.fullmatch(DOMAIN, text):
        raise Wrong("the tenant's id (8-4-4-4-12 letters and digits) or one of its domains")
    return text


def word(value: Any) -> str:
    """An id or secret: not blank, no blanks inside."""
    text = line(value)
    if not text or any(char.isspace() for char in text):
        raise Wrong("not blank, without blanks inside")
    return text


def filled(value: Any) -> str:
    """Any text but a blank one."""
    text = line(value)
    if not text:
        raise Wrong("not blank")
    return text


def sign_in(value: Any) -> str:
    """How the app signs in: "secret" or "certificate"."""
    text = line(value).casefold()
    if text in ("device", "managed"):
        raise Wrong(f"secret or certificate; signing in by {text} is not in this release")
    if text not in ("secret", "certificate"):
        raise Wrong("secret or certificate")
    return text


def https(value: Any) -> str:
    """An https address of a host, without path, query or version; a closing slash is dropped."""
    text = line(value).rstrip("/")
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d{1,5})?|https://\[[0-9A-Fa-f:]+\](:\d{1,5})?", text):
        raise Wrong('an address such as "https://graph.microsoft.com": https, a host, no version and no path')
    return text


def proxy(value: Any) -> str | None:
    """A proxy's http address, or None when blank."""
    text = line(value).rstrip("/")
    if text and not re.fullmatch(r"https?://([^\s@/]+@)?[^\s@/:]+(:\d{1,5})?", text):
        raise Wrong('a proxy such as "http://proxy.firm.example:3128"')
    return text or None


def store_url(value: Any) -> str:
    """An SQLAlchemy URL of SQLite or PostgreSQL, or blank for the SQLite file in the data folder."""
    text = line(value)
    if not text:
        return text
    scheme, parted, rest = text.partition("://")
    if not parted or scheme not in ("sqlite", "postgres", "postgresql", "postgresql+psycopg"):
        raise Wrong('"sqlite:///folder/syncd.db" or "postgresql://user@host/database"')
    return text if scheme == "sqlite" else f"postgresql+psycopg://{rest}"


def removals(value: Any) -> Removals:
    """10, "10", "20%" or "100, 25%": a count, a share of the mailbox's linked contacts, or both."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Wrong('a count, a share or both: 10, "20%" or "100, 25%"', kind=True)
    count, share = r"(?P<count>\d{1,9})", r"(?P<share>\d{1,3}(\.\d+)?)\s*%"
    text = str(value).strip()
    found = next(filter(None, (re.fullmatch(form, text) for form in (count, share, rf"{count}\s*,\s*{share}"))), None)
    parts = found.groupdict() if found else {}
    if found is None or float(parts.get("share") or 0) > 100:
        raise Wrong('a count, a share or both: 10, "20%" or "100, 25%"')
    return Removals(int(parts.get("count") or 0), float(parts.get("share") or 0))
