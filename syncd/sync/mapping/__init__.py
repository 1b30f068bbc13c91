"""An Outlook contact as fields of a contact record, and whether it may come in; pure: knows no network and no store."""

from __future__ import annotations

from syncd.sync.mapping.gate import Reason, Rules, full_path, gate, wanted
from syncd.sync.mapping.projection import complete, merge, project
from syncd.sync.mapping.shape import FIELDS, Projection

__all__ = [
    "FIELDS",
    "Projection",
    "Reason",
    "Rules",
    "complete",
    "full_path",
    "gate",
    "merge",
    "project",
    "wanted",
]
