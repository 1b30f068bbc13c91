"""The watched folder: which files are ready, where they go, and what is written beside them; knows no database."""

from __future__ import annotations

from importers.folder.inbox import OURS, Blocked, Found, Inbox, shown
from importers.folder.paper import Rejects, write_rejects
from importers.folder.plain import checksum

__all__ = ["OURS", "Blocked", "Found", "Inbox", "Rejects", "checksum", "shown", "write_rejects"]
