"""The engine: one sync of some mailboxes, from Graph's pages to records; knows no scheduler, no settings, no terminal."""

from __future__ import annotations

from syncd.sync.engine.conduct import Synced, Syncing
from syncd.sync.engine.orders import MailboxOrder, SyncOrder

__all__ = ["MailboxOrder", "SyncOrder", "Synced", "Syncing"]
