"""Store: schema, sessions, leases and cursors; knows no matching, no ledger rule and no network."""

from __future__ import annotations

from syncd.store.session import Row, Session, Step, no_step
from syncd.store.store import Store

__all__ = ["Row", "Session", "Step", "Store", "no_step"]
