"""Letters: which code page turns the words of a text into words of a language that is written in it; knows no file.

Windows' pages have in 0x80–0x9F what ISO's have among the signs of 0xA0–0xBF, so that a text with neither sign nor
letter there fits both. A Western page may mix languages, a Central European one is that of a list in one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_WESTERN = tuple(
    map(
        frozenset,
        (
            "àâæçéèêëîïôœùûüÿ",
            "äöüßéàè",
            "áéíóúüñàçèïò",
            "áâãàçéêíóôõúü",
            "àèéìòùó",
            "æøåéöäüó",
            "äåöéüšž",
            "äöüõšž",
            "ëïéèöüáó",
            "áðéíóúýþæö",
            "áéíóúýôäšž",
        ),
    )
)
"""French, German, Spanish and Catalan, Portuguese, Italian, Danish and Norwegian, Swedish and Finnish, Estonian,
Dutch, Icelandic, and what Czech and Slovak names have of it."""

_CENTRAL = {
    "pl": frozenset("ąćęłńóśźż"),
    "cs": frozenset("áčďéěíňóřšťúůýž"),
    "sk": frozenset("áäčďéíĺľňóôŕšťúýž"),
    "hr": frozenset("čćđšž"),
    "hu": frozenset("áéíóöőúüű"),
    "ro": frozenset("ăâîşţ"),
    "de": frozenset("äöüß"),
}
_TURKISH = frozenset("çğıöşüâî\u0307")
_NEAR = {"pl": ("pl",), "cs": ("cs", "sk", "hr"), "hu": ("hu",), "ro": ("ro",)}
"""The languages that a header in one of them leaves open; any other header leaves all."""

_ISO = {"cp1252": "iso8859_15", "cp1250": "iso8859_2"}
_WORD = re.compile(rb"(?<![0-9])[A-Za-z\x80-\x9f\xa1-\xff]{3,}(?![0-9])")
_JOINERS = re.compile("[’‘´`·\xad–‑]")
_GLUED = frozenset("¼½¾¨¸¦¶ˇ˝±¬")
"""Signs that nobody writes right before a letter; quotes may stand there."""

_ENOUGH = 1_000
"""Words that are looked at."""

_EURO = b"\xa4"
_UNLIKELY = re.compile("ľ[eiéí]|^[A-Z].*ą$")
"""Slovak softens l before e and i without a mark; no name in the nominative ends with ą."""

_LATE = re.compile("[aeiouyäöüõ][bcdfghjklmnprstvzšž]+õ")
"""Estonian has õ in the first syllable, Portuguese before e: elsewhere it is the ő of a Hungarian word."""


def settled(page: str, head: bytes, language: str, *, windows: bool) -> str:
    """The page that was taken, or one that makes more words of the text. `windows`: the file has bytes in 0x80–0x9F, so
    that it is in no page of ISO. `language` is that of the header."""
    pages = ["cp1250"] if page == "cp1250" else [page, "cp1252", "cp1250", "cp1254"]
    pages += [] if windows else [_ISO[each] for each in pages if each in _ISO]
    words = list(dict.fromkeys(word for word in _WORD.findall(head) if not word.isascii()))[:_ENOUGH]
    found = {each: _fit(words, each, language) for each in pages}
    if "iso8859_15" in found:
        found["iso8859_15"] += head.count(_EURO)
    return max(pages, key=lambda each: found[each])


def _fit(words: Sequence[bytes], page: str, language: str) -> int:
    texts = [word.decode(page, "replace") for word in words]
    if page == "cp1254":
        return _sum(texts, [_TURKISH])
    if page in ("cp1250", "iso8859_2"):
        return max(_sum(texts, [_CENTRAL[name]]) for name in _NEAR.get(language, _CENTRAL))
    return _sum(texts, _WESTERN)


def _sum(words: Iterable[str], alphabets: Sequence[frozenset[str]]) -> int:
    return sum(_worth(word, alphabets) for word in words)


def _worth(word: str, alphabets: Sequence[frozenset[str]]) -> int:
    """1 for a word in one of the alphabets, -1 for what is none, 0 for one that says nothing."""
    if word[0] in _GLUED and word[1].isalpha():
        return -1
    start, end = 0, len(word)
    while start < end and not word[start].isalpha():
        start += 1
    while end > start and not word[end - 1].isalpha():
        end -= 1
    parts = [part for part in _JOINERS.split(word[start:end]) if not part.isascii()]
    if not parts:
        return 0
    good = all(part.isalpha() and _shaped(part) and _written(part.lower(), alphabets) for part in parts)
    return 1 if good and not _UNLIKELY.search(word) else -1


def _shaped(word: str) -> bool:
    return word.islower() or word.isupper() or (word[0].isupper() and word[1:].islower())


def _written(word: str, alphabets: Sequence[frozenset[str]]) -> bool:
    marked = {char for char in word if not char.isascii()}
    return any(marked <= alphabet and ("õ" not in word or _tilde(word, alphabet)) for alphabet in alphabets)


def _tilde(word: str, alphabet: frozenset[str]) -> bool:
    return "õe" in word if "ã" in alphabet else not _LATE.search(word)
