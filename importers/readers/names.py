"""Names: one cell with a whole person's name, split into first and last; knows no other field."""

from __future__ import annotations

from collections.abc import Sequence

_PARTICLES = frozenset(
    "af al am auf aus'm av bin da dal dalla das de dei del della den der des di do dos du el ibn la las le lo los "
    "o' of op 't ten ter the ’t um und van vander vom von y zu zum zur".split()
)
_HONORIFICS = frozenset(
    "mr mrs ms miss mister m mme mlle monsieur madame mademoiselle dr prof professor herr frau hr fr ing dipl-ing "
    "sr sra srta sig sig.ra dott mag me maitre docteur".split()
)


def split(full: str) -> tuple[str | None, str]:
    """First and last name: "Weber, Anna" by its comma, else the last word with the particles before it (van den Berg);
    a word in capitals among others is the surname (DUPONT Marie). One word alone is the last name."""
    if "," in full:
        last, _, first = full.partition(",")
        if last.strip() and first.strip():
            return first.strip(), last.strip()
    words = full.replace(",", " ").split()
    while len(words) > 1 and words[0].rstrip(".").casefold() in _HONORIFICS:
        words = words[1:]
    if len(words) < 2:
        return None, " ".join(words) or full
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


def fill(
    full: Sequence[str | None], first: Sequence[str | None], last: Sequence[str | None]
) -> tuple[list[str | None], list[str | None]]:
    """First and last names, taken from the whole name in the rows that have neither."""
    firsts, lasts = list(first), list(last)
    for row, name in enumerate(full):
        if name and not firsts[row] and not lasts[row]:
            firsts[row], lasts[row] = split(name)
    return firsts, lasts
