"""Prints what a file holds, as clean rows and problems: `python -m importers FILE`; knows no store."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from importers import pipeline, vocabulary
from importers.rows import Batch, Opened, UnreadableFile

_EXAMPLE = "example: python -m importers leads.xlsx --country FR --map 'Courriel pro=email'"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read one file and print it. Exit 0 all rows good, 1 some refused or the file unreadable, 2 usage."""
    wish = _parser().parse_args(arguments)
    order = vocabulary.order(
        wish.module,
        language=wish.language,
        country=wish.country,
        map=dict(wish.map),
        must=tuple(dict(wish.map)),
        set=dict(wish.set),
        sheet=wish.sheet,
        encoding=wish.encoding,
        delimiter=wish.delimiter,
        dates=wish.dates,
        header_row=wish.header_row,
    )
    try:
        with pipeline.start(wish.file, order) as reading:
            found = _read(reading, wish.rows)
    except UnreadableFile as error:
        print(json.dumps({"error": error.problem.plain()}, ensure_ascii=False) if wish.json else error.problem)
        return 1
    print(json.dumps(found, ensure_ascii=False, indent=1) if wish.json else _text(found))
    return 1 if found["counts"]["refused"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m importers", description=__doc__, epilog=_EXAMPLE)
    parser.add_argument("file", help="a CSV file, a workbook (XLSX, XLS, XLSM, XLSB, ODS) or a JSON list of objects")
    parser.add_argument("--module", default="leads", choices=("leads", "contacts", "accounts"))
    parser.add_argument("--map", action="append", default=[], type=_pair, metavar="COLUMN=FIELD")
    parser.add_argument("--set", action="append", default=[], type=_pair, metavar="FIELD=VALUE")
    parser.add_argument("--country", help="of phone numbers without one, e.g. FR")
    parser.add_argument("--language", default="en", help="of messages: en, fr, de")
    parser.add_argument("--sheet")
    parser.add_argument("--encoding")
    parser.add_argument("--delimiter")
    parser.add_argument("--dates", choices=("dmy", "mdy", "ymd"))
    parser.add_argument("--header-row", type=int)
    parser.add_argument("--rows", type=int, default=5, help="how many rows to print")
    parser.add_argument("--json", action="store_true")
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _read(reading: pipeline.Reading, count: int) -> dict[str, Any]:
    counts = {"rows": 0, "good": 0, "refused": 0, "flagged": 0}
    found: dict[str, Any] = {"opened": reading.opened, "counts": counts, "rows": [], "refused": [], "flags": []}
    for batch in reading:
        counts["rows"] += batch["rows"]
        counts["good"] += len(batch["lines"])
        counts["refused"] += len(batch["refused"])
        counts["flagged"] += len({flag["line"] for flag in batch["flags"]})
        found["rows"] += _rows(batch, count - len(found["rows"]))
        found["refused"] += batch["refused"]
        found["flags"] += batch["flags"]
    return found


def _rows(batch: Batch, count: int) -> list[dict[str, Any]]:
    rows = []
    for place, line in enumerate(batch["lines"][: max(0, count)]):
        row: dict[str, Any] = {"line": line}
        row |= {name: values[place] for name, values in batch["columns"].items() if values[place] is not None}
        if extra := batch["extra"][place]:
            row["extra"] = json.loads(extra)
        rows.append(row)
    return rows


def _text(found: dict[str, Any]) -> str:
    opened: Opened = found["opened"]
    counts = found["counts"]
    written = " · ".join(
        filter(None, (opened["format"], opened["encoding"], _shown(opened["delimiter"]), opened["sheet"]))
    )
    lines = [f"{written} · header in row {opened['header_row']} · recognised as {opened['family']}"]
    lines += [f"not read: {', '.join(opened['unread'])}"] if opened["unread"] else []
    lines += [""]
    width = max(map(len, opened["header"]), default=0)
    lines += [
        f"  {name:{width}}  {target or '–'}"
        for name, target in zip(opened["header"], opened["mapping"], strict=True)
        if name or target
    ]
    lines += [
        "",
        f"{counts['rows']} rows: {counts['good']} good ({counts['flagged']} flagged), {counts['refused']} refused",
    ]
    for row in found["rows"]:
        line = row.pop("line")
        lines.append(f"  row {line}: " + ", ".join(f"{name}={value}" for name, value in row.items()))
    for title, problems in (("refused", found["refused"]), ("flagged", found["flags"])):
        lines += ["", title] if problems else []
        lines += [f"  row {seen['line']}: {seen['why']} ({seen['code']})" for seen in problems]
    return "\n".join(lines)


def _shown(delimiter: str) -> str:
    return {"\t": "tab", "": ""}.get(delimiter, f'"{delimiter}"')


if __name__ == "__main__":
    sys.exit(main())
