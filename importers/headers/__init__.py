"""Headers: which field each column of a file fills, judged by its header alone; knows no file, no cell and no disk.

The words come in as data (`Vocabulary.of`), so a new export is a table in config/headers and no code. A header word
stands for a *concept* (`work_street`); each module says which of its fields takes which concepts, best one first.
"""

from __future__ import annotations

from importers.headers.columns import FULL_NAME, hits, match, recognised, shown
from importers.headers.words import GROUP, Family, Vocabulary, squash

__all__ = ["FULL_NAME", "GROUP", "Family", "Vocabulary", "hits", "match", "recognised", "shown", "squash"]
