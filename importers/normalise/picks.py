"""Picklist words: the standard word that a cell means, however it is written; knows no particular list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from importers.normalise.text import Column, fold

_CACHED_LENGTH = 128
_NEAR = ((12, 2), (6, 1))
"""From so many letters on, so many may be wrong: "Goverment/Miltary" is Government/Military, "Own" is not "Won"."""

_SPELLINGS = {
    "mr": ("m", "monsieur", "mister", "herr", "hr", "sir"),
    "mrs": ("mme", "madame", "misses"),
    "ms": ("mlle", "mademoiselle", "miss", "frau", "fr", "mx"),
    "dr": ("docteur", "doctor", "doktor", "dre", "herrdr", "fraudr", "drmed", "drphil", "dring", "drrernat"),
    "prof": ("professeur", "professeure", "professor", "profdr", "herrprof", "frauprof", "herrprofdr", "frauprofdr"),
}
"""Forms of address in English, French and German; they count only where the list has the word they mean."""
_ADDRESS = {spelling: word for word, spellings in _SPELLINGS.items() for spelling in spellings}


def picklist(values: Column, options: Sequence[str]) -> tuple[list[str | None], list[int]]:
    """Cells as the standard words of `options`, and the indexes of those that are none of them, kept as typed.

    Case, accents, blanks and punctuation do not count, nor one wrong letter in a word of six, two in twelve. "-None-"
    is a blank.
    """
    words = tuple(options)
    read: list[str | None] = []
    unknown = []
    for row, value in enumerate(values):
        if not value:
            read.append(None)
            continue
        word = _remembered(value, words) if len(value) <= _CACHED_LENGTH else None
        if word is None:
            unknown.append(row)
        read.append(value if word is None else word or None)
    return read, unknown


@lru_cache(maxsize=4_096)
def _remembered(value: str, options: tuple[str, ...]) -> str | None:
    """The option meant, "" for none at all, None for an unknown word."""
    word = fold(value).replace(" ", "")
    known = _index(options)
    if word in known:
        return known[word]
    if word == "none":
        return ""
    if _ADDRESS.get(word) in known:
        return known[_ADDRESS[word]]
    return _nearest(word, known)


@lru_cache(maxsize=64)
def _index(options: tuple[str, ...]) -> dict[str, str]:
    return {fold(option).replace(" ", ""): option for option in options}


def _nearest(word: str, known: dict[str, str]) -> str | None:
    allowed = next((wrong for letters, wrong in _NEAR if len(word) >= letters), 0)
    near = [known[other] for other in known if allowed and _within(word, other, allowed)]
    return near[0] if len(near) == 1 else None


def _within(left: str, right: str, allowed: int) -> bool:
    """At most so many letters added, dropped, changed or swapped, the first one never."""
    if left[:1] != right[:1] or abs(len(left) - len(right)) > allowed:
        return False
    older: list[int] = []
    above = list(range(len(right) + 1))
    for i, letter in enumerate(left, start=1):
        row = [i]
        for j, other in enumerate(right, start=1):
            cost = min(above[j] + 1, row[-1] + 1, above[j - 1] + (letter != other))
            if older and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > allowed:
            return False
        older, above = above, row
    return above[-1] <= allowed
