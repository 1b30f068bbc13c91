"""Files as people send them, read whole: what each column became, every row, every refusal.

Drop a file into `files/`, name it in `FILES`, run
`REGENERATE=1 pytest tests/golden/test_files.py`, read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from importers import pipeline, vocabulary
from importers.rows import UnreadableFile

FOLDER = Path(__file__).parent / "files"
FILES: dict[str, dict[str, Any]] = {
    "contacts-syncd.csv": {"module": "contacts"},
    "fair.xlsx": {"module": "leads", "country": "DE", "language": "de"},
    "google-2023.csv": {"module": "contacts", "country": "FR"},
    "google-old.csv": {"module": "leads", "country": "DE"},
    "google-outlook.csv": {"module": "contacts", "country": "DE"},
    "hubspot.csv": {"module": "leads"},
    "leads.xls": {"module": "leads", "country": "FR", "language": "fr"},
    "linkedin.csv": {"module": "leads"},
    "outlook-com.csv": {"module": "contacts"},
    "outlook-de.csv": {"module": "contacts", "country": "DE", "language": "de"},
    "outlook-en.csv": {"module": "contacts"},
    "outlook-fr-365.csv": {"module": "leads", "country": "FR"},
    "outlook-fr.csv": {"module": "contacts", "country": "FR", "language": "fr"},
    "page.xls": {"module": "leads"},
    "pipe.csv": {"module": "leads"},
    "plain-de.csv": {"module": "leads", "country": "DE"},
    "plain-fr-mac.csv": {"module": "leads", "country": "FR"},
    "plain-fr.csv": {"module": "leads", "country": "FR", "language": "fr"},
    "poison.csv": {"module": "leads", "country": "DE"},
    "rejects.csv": {"module": "leads"},
    "salesforce-accounts.csv": {"module": "accounts"},
    "salesforce-contacts.csv": {"module": "contacts"},
    "tab.txt": {"module": "leads"},
    "text.xls": {"module": "leads"},
    "thunderbird.csv": {"module": "leads"},
    "zoho-leads.csv": {"module": "leads"},
}


def test_every_file_is_named() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.suffix != ".json"} == set(FILES)


@pytest.mark.parametrize("name", sorted(FILES))
def test_file(name: str) -> None:
    found = json.loads(json.dumps(read(FOLDER / name, **FILES[name]), ensure_ascii=True))
    expected = FOLDER / f"{name}.json"
    if os.environ.get("REGENERATE"):
        expected.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))


def read(path: Path, module: str, **wishes: Any) -> dict[str, Any]:
    """What came of a file, blanks left out and long cells cut."""
    found: dict[str, Any] = {"columns": {}, "rows": [], "refused": [], "flags": []}
    try:
        with pipeline.start(path, vocabulary.order(module, **wishes)) as reading:
            opened = reading.opened
            found["opened"] = {k: v for k, v in opened.items() if k not in ("header", "mapping") and v != []}
            pairs = zip(opened["header"], opened["mapping"], strict=True)
            found["columns"] = [[name, target] for name, target in pairs if target and not target.startswith("extra.")]
            for batch in reading:
                for place, line in enumerate(batch["lines"]):
                    row: dict[str, Any] = {"line": line}
                    row |= {k: _cut(v[place]) for k, v in batch["columns"].items() if v[place] is not None}
                    row |= {"extra": json.loads(text)} if (text := batch["extra"][place]) else {}
                    row["keys"] = [key[place] for key in batch["keys"]]
                    found["rows"].append(row)
                for refused in batch["refused"]:
                    shown = [_cut(cell.encode("utf-8", "backslashreplace").decode()) for cell in refused["cells"]]
                    found["refused"].append({**refused, "cells": shown})
                found["flags"] += batch["flags"]
    except UnreadableFile as error:
        found["problem"] = error.problem.plain()
    return found


def _cut(value: Any) -> Any:
    return f"{value[:40]}… {len(value)}" if isinstance(value, str) and len(value) > 130 else value
