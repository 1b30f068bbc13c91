"""Dates as people write them, to ISO 8601; knows no clock and guesses no order of day and month."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from importers.normalise.text import Column, fold

LIMIT = 64
"""Characters above which a cell is no date."""

_ORDERS = ("dmy", "mdy", "ymd")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)").fullmatch
_TIME = re.compile(r"[T\s,]+\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\s*(?:[ap]\.?m\.?)?\s*(?:Z|UTC|[+-]\d\d:?\d\d)?\Z", re.I)
_NUMERIC = re.compile(r"(\d{1,4})\s*([/.\-])\s*(\d{1,2})\s*\2\s*(\d{1,4})\.?").fullmatch
_SPACED = re.compile(r"(\d{1,4}) (\d{1,2}) (\d{1,4})").fullmatch
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)").fullmatch
_MONTHS = (
    "january jan janvier janv januar janner jaenner enero ene gennaio genn gen januari janeiro styczen "
    "stycznia leden ledna tammikuu tammikuuta ianuarie ocak",
    "february feb fevrier fev fevr februar feber febrero febbraio febbr februari fevereiro luty lutego unor "
    "unora helmikuu helmikuuta februarie subat",
    "march mar mars marz maerz mrz marzo maart mrt marco marts marzec marca brezen brezna maaliskuu "
    "maaliskuuta marcius martie mart",
    "april apr avril avr abril abr aprile kwiecien kwietnia duben dubna huhtikuu huhtikuuta aprilis aprilie nisan",
    "may mai mayo maggio magg mag mei maio maj maja kveten kvetna toukokuu toukokuuta majus mayis",
    "june jun juin juni junio giugno giu junho czerwiec czerwca cerven cervna kesakuu kesakuuta junius iunie "
    "iun haziran",
    "july jul juillet juil juli julio luglio lug julho lipiec lipca cervenec cervence heinakuu heinakuuta "
    "julius iulie iul temmuz",
    "august aug aout agosto ago augustus augusti sierpien sierpnia srpen srpna elokuu elokuuta augusztus agustos",
    "september sep sept septembre septiembre setiembre settembre sett set setembro wrzesien wrzesnia zari "
    "syyskuu syyskuuta szeptember szept septembrie eylul",
    "october oct octobre oktober okt octubre ottobre ott outubro out pazdziernik pazdziernika rijen rijna "
    "lokakuu lokakuuta octombrie ekim",
    "november nov novembre noviembre novembro listopad listopada listopadu marraskuu marraskuuta noiembrie kasim",
    "december dec decembre dezember dez diciembre dic dicembre dezembro desember des grudzien grudnia "
    "prosinec prosince joulukuu joulukuuta decembrie aralik",
)
"""The names of the months, folded, in the languages that header words are known in."""

_MONTH = {word: number for number, words in enumerate(_MONTHS, start=1) for word in words.split()}
_DAY_WORDS = (
    "monday mon tuesday tue tues wednesday wed thursday thu thur thurs friday fri saturday sat sunday sun "
    "lundi lun mardi mercredi mer jeudi jeu vendredi ven samedi sam dimanche dim "
    "montag mo dienstag di mittwoch mi donnerstag do freitag fr samstag sonnabend sa sonntag so the le der den of "
    "lunes martes miercoles jueves viernes sabado domingo lunedi martedi mercoledi giovedi venerdi sabato domenica "
    "maandag ma dinsdag woensdag wo donderdag vrijdag vr zaterdag za zondag zo segunda terca quarta quinta sexta feira "
    "mandag tirsdag onsdag torsdag fredag lordag sondag tisdag lordag de del el il d r rok roku"
)
_KNOWN = _MONTH.keys() | _DAY_WORDS.split()
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er|e|ter|o|a)").fullmatch
_CENTURY_TURN = 69
"""Two-digit years from here on are of the last century (POSIX strptime)."""


def dates(values: Column, order: str | None, not_after: str | None = None) -> tuple[list[str | None], list[int]]:
    """ISO dates and the indexes of cells that are none; `0/0/00` (Outlook's empty date) is a blank.

    `order` is "dmy", "mdy" or "ymd"; a date that the order forbids is bad, and with None so is one that could be read
    in two ways (1/2/1980; in 1.2.1980 the day comes first). ISO dates and names of months need no order. A time of day
    is dropped. A two-digit year that would be later than `not_after` (an ISO date, for birthdays) is of the century
    before.
    """
    read: list[str | None] = []
    bad = []
    for row, value in enumerate(values):
        if not value:
            read.append(None)
            continue
        made = _date(value, order, not_after) if len(value) <= LIMIT else None
        if made is None:
            bad.append(row)
        read.append(made or None)
    return read, bad


def date_order(values: Column) -> str | None:
    """The order of day, month and year that a column proves; None when it proves none, or two."""
    possible = set(_ORDERS)
    year_first = seen = False
    for value in values:
        parts = _parts(value) if value and len(value) <= LIMIT else None
        if parts is None or not any(map(int, parts)):
            continue
        if len(parts[0]) > 2:
            year_first = True
            continue
        readings = _readings(parts, value or "", None)
        if readings:
            seen = True
            possible &= readings.keys()
    if not seen:
        return "ymd" if year_first else None
    return possible.pop() if len(possible) == 1 else None


@lru_cache(maxsize=16_384)
def _date(value: str, order: str | None, not_after: str | None) -> str | None:
    """ISO date, "" for a date of zeros, None for no date."""
    iso = _ISO(value)
    if iso and (made := _iso(iso[1], iso[2], iso[3])):
        return made
    parts = _parts(value)
    if parts is None:
        return _worded(fold(_TIME.sub("", value.strip())), not_after)
    if not any(map(int, parts)):
        return ""
    if len(parts[0]) > 2:
        return _iso(*parts)
    if order is not None:
        return _ordered(parts, order, not_after)
    readings = set(_readings(parts, value, not_after).values())
    return readings.pop() if len(readings) == 1 else None


def _parts(value: str) -> tuple[str, str, str] | None:
    """The three numbers of a date without words, as they stand."""
    text = value.strip()
    if not text.isascii():
        text = text.replace("\u00a0", " ").replace("\u202f", " ")
        if not text.isascii():
            return None
    text = _TIME.sub("", text)
    found = _NUMERIC(text)
    if found:
        return found[1], found[3], found[4]
    found = _SPACED(text) or _COMPACT(text)
    return (found[1], found[2], found[3]) if found else None


def _readings(parts: tuple[str, str, str], value: str, not_after: str | None) -> dict[str, str]:
    """What the date would be in each order in which it is one."""
    found = {order: made for order in _ORDERS if (made := _ordered(parts, order, not_after))}
    if len(found) > 1 and "-" not in value:
        # Nobody who writes 13/01/24 means 2013; where a year of two digits leads, hyphens follow it.
        found.pop("ymd", None)
    if len(found) > 1 and "." in value and "/" not in value and "-" not in value:
        # Where dots part the numbers the day comes first, in every country that writes them so.
        found.pop("mdy", None)
    return found


def _ordered(parts: tuple[str, str, str], order: str, not_after: str | None) -> str | None:
    day, month, year = (parts[order.index(letter)] for letter in "dmy")
    if len(day) > 2 or len(month) > 2 or len(year) not in (2, 4):
        return None
    return _year(year, month, day, not_after)


def _year(year: str, month: str | int, day: str, not_after: str | None) -> str | None:
    if len(year) != 2:
        return _iso(year, month, day)
    century = 1900 if int(year) >= _CENTURY_TURN else 2000
    made = _iso(century + int(year), month, day)
    if made and not_after and made > not_after:
        return _iso(century - 100 + int(year), month, day)
    return made


def _iso(year: str | int, month: str | int, day: str | int) -> str | None:
    try:
        return date(int(year), int(month), int(day)).isoformat() if 1000 <= int(year) <= 9999 else None
    except ValueError:
        return None


def _worded(text: str, not_after: str | None) -> str | None:
    """A date with the name of its month, in any order: "12 mars 2024", "March 12th, 2024", "Di 12. März 24"."""
    words = [ordinal[1] if (ordinal := _ORDINAL(word)) else word for word in text.split()]
    months = [_MONTH[word] for word in words if word in _MONTH]
    if len(months) == 2 and "mar" in words:
        # March in English, Tuesday in French ("mar. 12 mars 2024") and Spanish: beside another month it is the day.
        months.remove(_MONTH["mar"])
    numbers = [word for word in words if word.isdigit() and word.isascii()]
    if len(months) != 1 or len(numbers) != 2 or not _KNOWN.issuperset(set(words) - set(numbers)):
        return None
    day, year = numbers
    if len(day) == 4:
        day, year = year, day
    return _year(year, months[0], day, not_after) if len(day) <= 2 and len(year) in (2, 4) else None
