"""Words: the vocabulary of header words and how a header is compared with it; knows no order and no disk."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

GROUP = "group:"
"""Internal target of a numbered column with a label beside it: `group:phone:2:value` (Google's way of writing)."""

_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "þ": "th", "ð": "d"})
_NUMBERED = re.compile(
    r"(e-?mail|phone|address|website|relation|event|im|custom field) (\d{1,3}) - (.+)", re.IGNORECASE
)
_LABELS = frozenset({"type", "label"})


@dataclass(frozen=True, slots=True)
class Family:
    """One program's export: its header words (squashed), each with the concepts of its 1st, 2nd … column."""

    name: str
    words: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every header word we know. `plain` holds what people type, `tongues` the same by language; `anywhere` what all
    families agree on."""

    families: tuple[Family, ...]
    tongues: tuple[Family, ...]
    plain: Mapping[str, tuple[str, ...]]
    anywhere: Mapping[str, tuple[str, ...]]
    modules: Mapping[str, Mapping[str, tuple[str, ...]]]
    blanks: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Vocabulary:
        """A vocabulary from TOML data: `modules`, `blanks`, and one table a family; those named `plain…` are words that
        people type. A family's `like` takes over another family's words that it does not name itself."""
        resolved: dict[str, dict[str, tuple[str, ...]]] = {}
        plain: dict[str, tuple[str, ...]] = {}
        tongues: list[Family] = []
        for name, table in data["families"].items():
            words = _words(table)
            if name.startswith("plain"):
                tongues.append(Family(name, words))
                plain |= {word: concepts for word, concepts in words.items() if word not in plain}
                continue
            named = {concept for concepts in words.values() for concept in concepts} - {"known"}
            for word, concepts in resolved.get(table.get("like", ""), {}).items():
                if not named.intersection(concepts):
                    words.setdefault(word, concepts)
            resolved[name] = words
        families = [Family(name, words) for name, words in resolved.items()]
        modules = {
            module: {name: tuple(concepts) for name, concepts in table.items()}
            for module, table in data["modules"].items()
        }
        blanks = {squash(name): frozenset(values) for name, values in data.get("blanks", {}).items()}
        return cls(tuple(families), tuple(tongues), plain, _agreed(families), modules, blanks)

    def knows(self, cell: str) -> bool:
        """True when some family, or plain speech, has this header word."""
        key = squash(cell)
        return bool(key) and (key in self.plain or any(key in f.words for f in self.families) or bool(numbered(cell)))

    def tongue(self, header: Sequence[str]) -> Family:
        """What people type in the language that has most words of a header; of two, in the first one."""
        keys = set(map(squash, header))
        return max(self.tongues, key=lambda tongue: len(keys & tongue.words.keys()), default=Family("plain-en", {}))

    def language(self, header: Sequence[str]) -> str:
        """The language of a header, as two letters."""
        return self.tongue(header).name.removeprefix("plain-")


def squash(text: str) -> str:
    """A header as it is compared: no case, accents, blanks or punctuation ("E-Mail: Adresse" = "emailadresse")."""
    return _squash(text[:200])


@lru_cache(maxsize=4096)
def _squash(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(char for char in spread if char.isalnum())


def _words(table: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    words: dict[str, list[str]] = {}
    for concept, names in table.items():
        if isinstance(names, str):
            continue
        for name in names:
            words.setdefault(squash(name), []).append(concept)
    return {word: tuple(concepts) for word, concepts in words.items()}


def _agreed(families: Sequence[Family]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[tuple[str, ...]]] = {}
    for family in families:
        for word, concepts in family.words.items():
            found.setdefault(word, set()).add(concepts)
    return {word: next(iter(sets)) for word, sets in found.items() if len(sets) == 1}


def numbered(name: str) -> str:
    """The internal target of a numbered header ("Phone 2 - Value"), "" for any other."""
    found = _NUMBERED.fullmatch(name.strip())
    if not found:
        return ""
    kind = found[1].lower().replace("-", "").replace(" ", "_")
    part = found[3].lower().replace(" ", "_")
    return f"{GROUP}{kind}:{int(found[2])}:{'label' if part in _LABELS else part}"
