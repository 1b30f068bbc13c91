"""Names of companies: what is the name and what the legal form; knows which words are forms only from what it is given.

The table comes from `config/companies.toml`, together with cleanco's short forms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from importers.normalise.text import Column, fold, split_folded

_CACHED_LENGTH = 128
_SIGNS = re.compile("[&+\uff06\uff0b]")
_SPELT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Å": "Aa", "Ø": "Oe"}
)
"""Müller is written Mueller where there is no ü. Folding makes it Muller: Mueller and Muller themselves are two names."""
_STRIPPED = 3
"""Forms taken off one name at most ("Acme Company, Inc." has two)."""

_SECTIONS = frozenset(("forms", "leading", "weak", "glued", "keep", "cleanco"))

_Words = tuple[str, ...]
_Table = dict[str, tuple[tuple[_Words, str], ...]]


class _Sections:
    """The file's contents, read with a word for what is wrong in them: people edit it."""

    def __init__(self, data: dict[str, Any]) -> None:
        unknown = sorted(set(data) - _SECTIONS)
        if unknown:
            raise ValueError(f"[{unknown[0]}] is no section here; there are {', '.join(sorted(_SECTIONS))}")
        self.data = data

    def section(self, *path: str) -> dict[str, Any]:
        found: Any = self.data
        for name in path:
            found = found.get(name, {})
            if not isinstance(found, dict):
                raise ValueError(f"[{'.'.join(path)}] is a section of names and lists, but {found!r} stands there")
        return cast(dict[str, Any], found)

    def texts(self, *path: str) -> list[str]:
        found = self.section(*path[:-1]).get(path[-1], [])
        if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
            raise ValueError(f"[{'.'.join(path[:-1])}] {path[-1]} is a list of texts, but {found!r} stands there")
        return found


@dataclass(frozen=True, eq=False)
class Forms:
    """Legal forms, ready for look-up. `endings` by their last word, `leading` by their first."""

    endings: _Table
    leading: _Table
    dropped: frozenset[str]
    weak: frozenset[str]
    dotted: frozenset[str]
    spelled: frozenset[str]
    kept: dict[str, tuple[_Words, ...]]
    glued: re.Pattern[str] | None

    @classmethod
    def of(cls, data: dict[str, Any]) -> Forms:
        """The table from the contents of `config/companies.toml`; a missing section is an empty one.

        Raises ValueError, naming the key, for a section nobody reads or a value that is no list of texts.
        """
        table = _Sections(data)
        listed = [
            (form, spelling)
            for country in table.section("forms")
            for form in table.section("forms", country)
            for spelling in table.texts("forms", country, form)
        ]
        known = {_plain(spelling) for _, spelling in listed}
        known.update(map(_plain, table.texts("cleanco", "ignore")))
        listed += [("".join(words), " ".join(words)) for words in sorted(_cleanco() - known)]
        single = {"".join(words) for _, spelling in listed if _is_spelled(words := _words(spelling))}
        whole = {words[0] for _, spelling in listed if len(words := _words(spelling)) == 1}
        dotted = frozenset(single - whole)
        spelled = frozenset(single | {word for word in whole if word.isascii()})
        forms = {_joined(_words(spelling), dotted, spelled): form for form, spelling in listed}
        heads = [_joined(_words(spelling), dotted, spelled) for spelling in table.texts("leading", "words")]
        glued = sorted(table.texts("glued", "words"), key=len, reverse=True)
        return cls(
            endings=_table(forms.items(), -1),
            leading=_table(((words, forms[words]) for words in heads if words in forms), 0),
            dropped=frozenset(map(fold, table.texts("leading", "dropped"))),
            weak=frozenset(table.texts("weak", "forms")),
            dotted=dotted,
            spelled=spelled,
            kept=_kept(tuple(_words(name)) for name in table.texts("keep", "names")),
            glued=re.compile("|".join(map(re.escape, glued))) if glued else None,
        )


def company(name: str, forms: Forms) -> tuple[str, str]:
    """The folded name without its legal form, and the canonical form or "".

    "Müller & Söhne GmbH" gives ("muller and sohne", "gmbh"). A name that is nothing but a form keeps it as its name.
    """
    return _remembered(name, forms) if len(name) <= _CACHED_LENGTH else _company(name, forms)


def company_keys(values: Column, forms: Forms) -> list[str | None]:
    """The match key of each company: its name without the legal form; None where nothing is left."""
    return [base or None for base in bases(values, forms)]


def spellings(name: str, forms: Forms) -> tuple[str, ...]:
    """The names without legal form that a company may be found under: "Müller GmbH" is muller and mueller."""
    base = company(name, forms)[0]
    spelt = base if name.isascii() else company(_spelt(name), forms)[0]
    return (base,) if spelt == base else (base, spelt)


def spelt_keys(values: Column, forms: Forms) -> list[str | None]:
    """The match key of each company written without ü and the like; None where that is its name anyway."""
    found = [spellings(value, forms) if value and not value.isascii() else () for value in values]
    return [names[1] if len(names) > 1 else None for names in found]


def _spelt(name: str) -> str:
    return unicodedata.normalize("NFC", name).translate(_SPELT)


def bases(values: Column, forms: Forms) -> list[str]:
    """The folded name of each company without its legal form, "" for a blank."""
    return [
        (_remembered(v, forms)[0] if len(v) <= _CACHED_LENGTH else _company(v, forms)[0]) if v else "" for v in values
    ]


def _company(name: str, forms: Forms) -> tuple[str, str]:
    if forms.glued and not name.isascii():
        name = forms.glued.sub(r" \g<0> ", name)
    words = _joined(_words(name), forms.dotted, forms.spelled)
    if len(words) < 2:
        return " ".join(words), ""
    if words[0] in forms.dropped:
        words = words[1:]
    form = ""
    if words[-1] in forms.endings:
        words, form = _without_ending(words, forms)
    if words[0] in forms.leading and (not form or form in forms.weak):
        words, form = _without_leading(words, form, forms)
    if words[-1] == "and" and len(words) > 1:
        words = words[:-1]
    return " ".join(words).replace(".", ""), form


_remembered = lru_cache(maxsize=32_768)(_company)


def _without_ending(words: _Words, forms: Forms) -> tuple[_Words, str]:
    form = ""
    for _ in range(_STRIPPED):
        ending = _ending(words, forms.endings)
        if ending is None or len(ending[0]) == len(words) or _stays(words, ending, form, forms):
            break
        words = words[: -len(ending[0])]
        form = ending[1] if not form or form in forms.weak else form
    return words, form


def _ending(words: _Words, endings: _Table) -> tuple[_Words, str] | None:
    for pair in endings.get(words[-1], ()):
        if words[-len(pair[0]) :] == pair[0]:
            return pair
    return None


def _stays(words: _Words, ending: tuple[_Words, str], form: str, forms: Forms) -> bool:
    """A second form beside a first, unless one of them is weak; and "Hotel & Spa" is no S.p.A."""
    if ending[1] in forms.weak:
        return False
    return bool(form and form not in forms.weak) or (len(ending[0]) == 1 and words[-2] == "and")


def _without_leading(words: _Words, form: str, forms: Forms) -> tuple[_Words, str]:
    if any(words[: len(kept)] == kept for kept in forms.kept.get(words[0], ())):
        return words, form
    for spelling, lead in forms.leading[words[0]]:
        if len(spelling) < len(words) and words[: len(spelling)] == spelling:
            return words[len(spelling) :], lead
    return words, form


def _words(name: str) -> list[str]:
    if "&" in name or "+" in name or not name.isascii():
        name = _SIGNS.sub(" and ", name)
    words = split_folded(name)
    if "et" in words or "und" in words:
        return ["and" if word in ("et", "und") else word for word in words]
    return words


def _plain(name: str) -> _Words:
    return _joined(_words(name), frozenset(), frozenset())


def _is_spelled(words: list[str]) -> bool:
    return len(words) > 1 and all(len(word) == 1 and "a" <= word <= "z" for word in words)


def _joined(words: list[str], dotted: frozenset[str], spelled: frozenset[str]) -> _Words:
    """Words with runs of single letters as one: "S.A.S.", "S. A. S." and "SAS" are written alike.

    A form that is one only in single letters ends in a point here, so that no whole word is taken for it.
    """
    if words and 1 not in map(len, words):
        return tuple(words)
    joined: list[str] = []
    run = ""
    for word in [*words, ""]:
        if len(word) == 1 and "a" <= word <= "z":
            run += word
            continue
        if run:
            joined += _run(run, dotted, spelled)
            run = ""
        joined.append(word)
    return tuple(joined[:-1])


def _run(run: str, dotted: frozenset[str], spelled: frozenset[str]) -> list[str]:
    # "Plan B S.A." runs to "bsa": the longest form that ends it stands for itself.
    for start in range(max(0, len(run) - 6), len(run) - 1):
        form = run[start:]
        if form in spelled:
            return [*([run[:start]] if start else []), form + "." if form in dotted else form]
    return [run]


def _table(pairs: Iterable[tuple[_Words, str]], key: int) -> _Table:
    made: dict[str, list[tuple[_Words, str]]] = {}
    for words, form in pairs:
        if words:
            made.setdefault(words[key], []).append((words, form))
    return {word: tuple(sorted(found, key=lambda pair: -len(pair[0]))) for word, found in made.items()}


def _kept(names: Iterable[_Words]) -> dict[str, tuple[_Words, ...]]:
    made: dict[str, tuple[_Words, ...]] = {}
    for words in names:
        made[words[0]] = (*made.get(words[0], ()), words)
    return made


def _cleanco() -> set[_Words]:
    import cleanco.clean

    return set(map(_plain, cleanco.clean.get_unique_terms())) - {()}
