"""Names of people: the key of first name, last name and company, and whether two names may be one person's.

Which names are nicknames of which is handed in, from `config/names.toml`; nothing here knows a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from importers.normalise.companies import Forms, bases
from importers.normalise.text import Column, fold, folded

SEPARATOR = "\x1f"
"""Between the parts of a person's key; folding leaves no such character in any of them."""

Name = tuple[str | None, str | None]
"""First and last name."""

_PARTICLE_WORDS = (
    "a af al am auf aus bin da das de del della den der di do dos du e el het ibn l la las le les los op och of "
    "ten ter tot t van vom von vor y z zu zum zur"
)
_PARTICLES = frozenset(_PARTICLE_WORDS.split())
_ENDINGS = "a e i o ia ina ine inia ja ka la le lle lla na ne nne nna ra sa se te tte tta ta elle ella ette etta us"
_OTHER_NAMES = frozenset(_ENDINGS.split())
"""Endings that make another name of a name: Paul and Paula, Daniel and Danielle, Martin and Martine, Jan and Jana."""
_LEADING = 2
_PAIRS = ("ae", "oe", "ue", "aa")


@dataclass(frozen=True, eq=False)
class Nicknames:
    """Groups of given names that stand for each other."""

    groups: dict[str, frozenset[int]]

    @classmethod
    def of(cls, data: dict[str, Any]) -> Nicknames:
        """The table from the contents of `config/names.toml`: lists of names under any keys of `[nicknames]`.

        Raises ValueError for anything else.
        """
        found: dict[str, set[int]] = {}
        rows = [row for language in data.get("nicknames", {}).values() for row in language]
        for number, row in enumerate(rows):
            if not isinstance(row, list) or not all(isinstance(name, str) for name in row):
                raise ValueError(f"[nicknames] holds lists of names, but {row!r} stands there")
            for name in row:
                found.setdefault(fold(name).replace(" ", ""), set()).add(number)
        return cls({name: frozenset(numbers) for name, numbers in found.items()})

    def same(self, left: str, right: str) -> bool:
        """Whether one folded name may stand for the other."""
        return not self.groups.get(left, frozenset()).isdisjoint(self.groups.get(right, frozenset()))


NO_NICKNAMES = Nicknames({})


def person_keys(first: Column, last: Column, company: Column, forms: Forms) -> list[str | None]:
    """First name, last name and company folded, joined by `SEPARATOR`; None where last name or company is blank."""
    keys: list[str | None] = []
    for given, family, base in zip(folded(first), folded(last), bases(company, forms), strict=True):
        keys.append(f"{given}{SEPARATOR}{family}{SEPARATOR}{base}" if family and base else None)
    return keys


def name_keys(first: Column, last: Column) -> list[str | None]:
    """First and last name folded, joined by `SEPARATOR`; None where the last name is blank."""
    pairs = zip(folded(first), folded(last), strict=True)
    return [f"{given}{SEPARATOR}{family}" if family else None for given, family in pairs]


def compatible(left: Name, right: Name, nicknames: Nicknames = NO_NICKNAMES) -> str | None:
    """Why two names may be one person's, None when they may not.

    "equal" after folding, without hyphens and particles, ü or ue; "blank": one side has no name, or no given name
    beside the same surname; "initial": one given name is an initial, the beginning or one of several of the other;
    "nickname"; "swapped": given name and surname have changed places.
    """
    given, family = _parts(left)
    other_given, other_family = _parts(right)
    whole, other = _squeezed(given + family), _squeezed(other_given + other_family)
    if not whole or not other:
        return "blank"
    if whole == other or _spelt(whole) == _spelt(other) or (_same(given, other_given) and _same(family, other_family)):
        return "equal"
    if _swapped(given, family, other_given, other_family):
        return "swapped"
    if not family or not other_family:
        return "blank" if given and _given(given, other_given, nicknames) else None
    if not _same(family, other_family):
        return None
    return "blank" if not given or not other_given else _given(given, other_given, nicknames)


def _parts(name: Name) -> tuple[list[str], list[str]]:
    return fold(name[0] or "").split(), fold(name[1] or "").split()


def _squeezed(words: Iterable[str]) -> str:
    return "".join(words)


def _spelt(name: str) -> str:
    """A folded name where ü may be written ue, å aa: Müller and Mueller are one name, as are Åberg and Aaberg."""
    for pair in _PAIRS:
        name = name.replace(pair, pair[0])
    return name


def _same(left: Sequence[str], right: Sequence[str]) -> bool:
    if _spelt(_squeezed(left)) == _spelt(_squeezed(right)):
        return True
    core, other = _spelt(_core(left)), _spelt(_core(right))
    return bool(core) and core == other


def _core(words: Sequence[str]) -> str:
    return _squeezed(word for word in words if word not in _PARTICLES)


def _swapped(given: list[str], family: list[str], other_given: list[str], other_family: list[str]) -> bool:
    return bool(given and family and other_given and other_family) and (
        _same(given, other_family) and _same(family, other_given)
    )


def _given(left: list[str], right: list[str], nicknames: Nicknames) -> str | None:
    """Why two given names may be one person's."""
    if not left or not right:
        return None
    if _spelt(_squeezed(left)) == _spelt(_squeezed(right)):
        return "equal"
    if _initials(left, right) or _initials(right, left):
        return "initial"
    if any(nicknames.same(a, b) for a in _names(left) for b in _names(right)):
        return "nickname"
    return None


def _names(words: list[str]) -> list[str]:
    return [words[0], _squeezed(words)]


def _initials(short: list[str], long: list[str]) -> bool:
    """Each part of the short name begins, in order, a part of the long one; or they are its initials as one word."""
    if len(short) == 1 and short[0] == _squeezed(word[0] for word in long) and len(long) > 1:
        return True
    rest = iter(long)
    return all(any(_begins(part, word) for word in rest) for part in short)


def _begins(part: str, word: str) -> bool:
    if part == word or (len(part) == 1 and word[:1] == part):
        return True
    return len(part) >= _LEADING and word.startswith(part) and word[len(part) :] not in _OTHER_NAMES
