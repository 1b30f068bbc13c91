"""Settings: one frozen answer from file, environment and defaults; knows no store, no network and no command.

`load()` reads everything once and names every fault at once; nothing below `wiring` ever asks for a setting again.
"""

from __future__ import annotations

from syncd.settings.load import annotated, load
from syncd.settings.places import config_folder
from syncd.settings.shape import (
    ACCOUNT_RULES,
    Data,
    Graph,
    Inbox,
    Locale,
    Log,
    Mailbox,
    Profile,
    Settings,
    Store,
    Sync,
    Work,
    keys,
)
from syncd.settings.values import Removals

__all__ = [
    "ACCOUNT_RULES",
    "Data",
    "Graph",
    "Inbox",
    "Locale",
    "Log",
    "Mailbox",
    "Profile",
    "Removals",
    "Settings",
    "Store",
    "Sync",
    "Work",
    "annotated",
    "config_folder",
    "keys",
    "load",
]
