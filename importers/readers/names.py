"""Names: one cell with a whole person's name, taken apart; knows no other field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from importers import normalise

_PARTICLES = frozenset(
    "af al am auf aus'm av bin da dal dalla das de dei del della den der des di do dos du el ibn la las le lo los "
    "o' of op 't ten ter the ’t um und van vander vom von y zu zum zur".split()
)
_HONORIFICS = frozenset(
    "mr mrs ms miss mister m mme mlle monsieur madame mademoiselle dr prof professor herr herrn frau hr fr ing dipl-ing "
    "sr sra srta sig sig.ra dott mag me maitre docteur".split()
)
_DEGREES = frozenset("med phil rer nat jur habil hc h.c dent vet".split())
"""What follows a title without being the name: Dr. med. Anna Weber."""

_SUFFIXES = frozenset("jr jr. sr sr. jun. sen. ii iii iv phd ph.d ph.d. m.d. mba esq esq.".split())


class Parts(NamedTuple):
    """A whole name: what stands before it (Prof. Dr.), first and last name, what stands behind it (jr., PhD)."""

    salutation: str | None
    first: str | None
    last: str
    suffix: str | None


FIELDS = {"salutation": "salutation", "first": "first_name", "last": "last_name", "suffix": "suffix"}
"""The parts of a whole name and the fields they fill."""


def split(full: str) -> Parts:
    """First and last name: "Weber, Anna" by its comma, else the last word with the particles before it (van den Berg);
    a word in capitals among others is the surname (DUPONT Marie). One word alone is the last name."""
    words = full.split()
    if len(words) == 2 and words[1].istitle() and words[1][0].isalpha() and _given(words[0]):
        return Parts(None, words[0], words[1], None)
    title, words, suffix = _framed(words)
    last, comma, first = " ".join(words).partition(",")
    if comma and first.strip() and last.strip():
        inner, given, _ = _framed(first.split())
        return Parts(title or inner, " ".join(given), last.strip(), suffix)
    first_name, last_name = _plain(" ".join(words).replace(",", " ").split())
    return Parts(title, first_name, last_name or full, suffix)


def _given(word: str) -> bool:
    """Whether a word is surely a given name: no title, no surname in capitals, no comma behind it."""
    return word.isalpha() and not word.isupper() and word.casefold() not in _HONORIFICS


def _framed(words: list[str]) -> tuple[str | None, list[str], str | None]:
    """The words of a name, and what stands before and behind them; at least one word is the name."""
    start = 0
    while start < len(words) - 1 and _title(words[start], start):
        start += 1
    end = _before_remark(words, start)
    while end - start > 1 and _suffix(words[start:end]):
        end -= 1
    return " ".join(words[:start]) or None, words[start:end], " ".join(words[end:]) or None


def _before_remark(words: list[str], start: int) -> int:
    """Where a remark in brackets begins that closes the name: Anna Weber (Sales)."""
    opens = [place for place, word in enumerate(words) if place > start and word[0] in "(["]
    return opens[-1] if opens and words[-1][-1] in ")]" else len(words)


def _title(word: str, place: int) -> bool:
    bare = word.rstrip(".").casefold()
    return bare in _HONORIFICS or (place > 0 and bare in _DEGREES)


def _suffix(words: list[str]) -> bool:
    return words[-1].casefold() in _SUFFIXES and (len(words) > 2 or words[-2].endswith(","))


def _plain(words: list[str]) -> tuple[str | None, str]:
    if len(words) < 2:
        return None, " ".join(words)
    shouted = [place for place, word in enumerate(words) if len(word) > 1 and word.isupper()]
    if shouted and len(shouted) < len(words) and shouted == list(range(shouted[0], shouted[-1] + 1)):
        capitals = words[shouted[0] : shouted[-1] + 1]
        others = words[: shouted[0]] + words[shouted[-1] + 1 :]
        if shouted[0] == 0 or shouted[-1] == len(words) - 1:
            return " ".join(others), " ".join(capitals)
    start = len(words) - 1
    while start > 1 and words[start - 1].casefold() in _PARTICLES:
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])


def other(full: Sequence[str | None], fields: Mapping[str, Sequence[str | None]]) -> list[str | None]:
    """The whole names of rows that have a first or last name besides, where they say something that no field does."""
    found: list[str | None] = [None] * len(full)
    named = [fields[name] for name in ("first_name", "last_name") if name in fields]
    for row, name in enumerate(full if named else ()):
        if name and any(column[row] for column in named):
            known = {word for column in fields.values() for word in normalise.fold(column[row] or "").split()}
            found[row] = None if known.issuperset(normalise.fold(name).split()) else name
    return found


def fill(full: Sequence[str | None], held: Mapping[str, Sequence[str | None]]) -> dict[str, list[str | None]]:
    """The parts of whole names by field, in the rows that have neither first nor last name; `held` is what these fields
    hold already, which stands."""
    blank: list[str | None] = [None] * len(full)
    made = {name: list(held.get(name, blank)) for name in Parts._fields}
    firsts, lasts = made["first"], made["last"]
    for row, name in enumerate(full):
        if not name or firsts[row] or lasts[row]:
            continue
        parts = split(name)
        firsts[row], lasts[row] = parts.first, parts.last
        made["salutation"][row] = made["salutation"][row] or parts.salutation
        made["suffix"][row] = made["suffix"][row] or parts.suffix
    return made
