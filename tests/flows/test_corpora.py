"""Files of other projects, read as they lie: nothing crashes, nothing hangs, every refusal is a plain one.

Skipped unless `SYNCD_CORPORA` names a folder of such files; none of them is kept here.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from importers import pipeline, vocabulary
from importers.rows import UnreadableFile

FOLDER = os.environ.get("SYNCD_CORPORA", "")
KINDS = {".csv", ".tsv", ".psv", ".ssv", ".txt", ".xls", ".xlsx", ".xlsm", ".xlsb", ".ods"}
OPENED = {"opened", "SY-F12", "SY-F13"}
"""Outcomes of a file that could be opened: read, blank, or without a header that we know."""

pytestmark = [pytest.mark.skipif(not FOLDER, reason="SYNCD_CORPORA is not set"), pytest.mark.long]


def outcome(path: Path) -> str:
    order = vocabulary.order("leads", country="FR")
    try:
        with pipeline.start(path, order) as reading:
            for batch in reading:
                assert batch["rows"] == len(batch["lines"]) + len(batch["refused"])
                assert all(len(values) == len(batch["lines"]) for values in batch["columns"].values())
    except UnreadableFile as refused:
        problem = refused.problem
        assert problem.what and problem.why and problem.do and "{" not in problem.what
        return problem.code
    return "opened"


def test_every_file_is_read_or_refused_plainly(record_property: Callable[[str, object], None]) -> None:
    paths = sorted(path for path in Path(FOLDER).rglob("*") if path.suffix.lower() in KINDS)
    assert paths
    with ThreadPoolExecutor(2) as threads:
        outcomes = dict(zip(paths, threads.map(outcome, paths), strict=True))
    books = [path for path in paths if path.suffix.lower().startswith(".xls") or path.suffix.lower() == ".ods"]
    opened = sum(outcomes[path] in OPENED for path in books)
    record_property(
        "figures", f"{len(paths)} files {dict(Counter(outcomes.values()))}; workbooks {opened}/{len(books)}"
    )
    assert not set(outcomes.values()) & {"SY-F27", "SY-F28"}
    locked = sum(outcomes[path] == "SY-F11" for path in books)
    assert opened >= 0.95 * (len(books) - locked)
