"""An Outlook contact as fields of a contact record, and whether it may come in; pure: knows no network and no store."""

from __future__ import annotations

from syncd.sync.mapping.gate import Reason, Rules, gate, wanted
from syncd.sync.mapping.projection import FIELDS, Projection, complete, digest, merge, project

__all__ = [
    "FIELDS",
    "Projection",
    "Reason",
    "Rules",
    "complete",
    "digest",
    "gate",
    "merge",
    "project",
    "wanted",
]
