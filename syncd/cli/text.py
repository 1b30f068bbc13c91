"""Text: times, counts and tables as people read them; knows no record."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


def moment(stamp: str | None, zone: str) -> str:
    """A time as the store keeps it, in the zone of [locale]: `23 Nov 2026 18:05 CET`."""
    return _local(stamp, zone).strftime("%d %b %Y %H:%M %Z") if stamp else "–"


def day(stamp: str | None, zone: str) -> str:
    """The date alone: `23 Nov 2026`."""
    return _local(stamp, zone).strftime("%d %b %Y") if stamp else "–"


def _local(stamp: str, zone: str) -> datetime:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).astimezone(ZoneInfo(zone))


def counts(found: Mapping[str, int], always: Iterable[str] = ()) -> str:
    """`created 3 · updated 1`: what is not zero, and `always`."""
    parts = [f"{name} {found.get(name, 0):,}" for name in found if found[name] or name in set(always)]
    return " · ".join(parts) or "nothing"


def cell(value: Any) -> str:
    """A value in a line of text."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if text.isprintable():
        return text
    return text.replace("\r\n", "\n").translate(_SHOWN)


def short(value: Any, width: int = 40) -> str:
    """A value cut to a width."""
    text = cell(value)
    return text if len(text) <= width else f"{text[: width - 1]}…"


def pair(change: Mapping[str, Any], arrow: str = " → ") -> str:
    """Before and after of one field."""
    return arrow.join(short(change[side]) or "(blank)" for side in ("before", "after"))


def table(head: Sequence[str], rows: Sequence[Sequence[Any]], right: Iterable[int] = ()) -> Iterator[str]:
    """Lines of a table: columns as wide as they need to be, those in `right` set to the right."""
    texts = [[short(value) for value in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(head), *texts]) for i in range(len(head))]
    side = set(right)
    for line in [list(head), *texts]:
        cells = [
            text.rjust(w) if i in side else text.ljust(w) for i, (text, w) in enumerate(zip(line, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


_SHOWN = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd"),
    **dict.fromkeys(map(ord, "\n\r\u0085\u2028\u2029"), " ⏎ "),
    ord("\t"): "\t",
}
"""What a terminal would obey is shown as a mark: control characters and those that turn the direction of text."""

NEGATIVE = re.compile(r"-[0-9]+(\.[0-9]+)?")


def defused(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula, with a ' before it; import takes one such ' away again."""
    if isinstance(value, str) and value.lstrip("'").startswith(FORMULA) and not NEGATIVE.fullmatch(value):
        return f"'{value}"
    return value


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Rows as CSV lines, formulas defused."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([defused(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
