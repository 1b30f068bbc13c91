"""What stands before a name, as one of the five standard words; pure, a table of words in a few languages."""

from __future__ import annotations

import re
import unicodedata

_WORDS = {
    "Mr.": "mr mister sir herr herrn hr m monsieur mr sr senor don sig signor dhr heer pan",
    "Mrs.": "mrs madam madame mme sra senora sig.ra signora mevr mevrouw mw pani",
    "Ms.": "ms mx miss frau fr mlle mademoiselle frl fraulein fraeulein srta senorita",
    "Dr.": "dr doctor docteur doktor dott dottore dottoressa dra",
    "Prof.": "prof professor professeur professorin profesor professore",
}
_RANK = {word: rank for rank, words in enumerate(_WORDS.values()) for word in words.split()}
_STANDARD = list(_WORDS)
# What follows "Dr." or "Prof." in German titles says nothing that the five words could hold.
_SILENT = frozenset("med dent vet jur iur phil nat rer ing oec pol h c hc mult habil univ und et and".split())  # noqa: SIM905


def salutation(title: str) -> str | None:
    """The standard word for `title` ("Herr" → "Mr.", "Frau Prof. Dr." → "Prof."); None when it says something else."""
    plain = unicodedata.normalize("NFKD", title.casefold())
    words = re.findall(r"[a-z]+", "".join(char for char in plain if not unicodedata.combining(char)))
    ranks = [_RANK[word] for word in words if word in _RANK]
    known = bool(ranks) and all(word in _RANK or word in _SILENT for word in words)
    return _STANDARD[max(ranks)] if known and plain.isprintable() else None
