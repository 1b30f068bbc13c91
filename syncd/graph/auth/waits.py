"""How long a server asks to be left alone; pure: knows no clock of its own, only the server's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

SHORTEST = 1.0
LONGEST = 86_400.0
"""A server that names more than a day means something else."""
INSTEAD = 900.0


def asked(headers: Mapping[str, str]) -> float | None:
    """Seconds that Retry-After names (at least 1), None when it is absent or no time. `headers` are in lower case.

    Whole seconds, decimals (seen from Graph) or a date, which counts from the answer's own Date: our clock may be
    wrong. More than a day counts as 15 minutes.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text, headers.get("date", ""))
    if math.isnan(seconds):
        return None
    return INSTEAD if seconds > LONGEST else max(SHORTEST, seconds)


def _until(text: str, now: str) -> float:
    try:
        return (parsedate_to_datetime(text) - parsedate_to_datetime(now)).total_seconds()
    except (ValueError, TypeError):
        return math.nan
