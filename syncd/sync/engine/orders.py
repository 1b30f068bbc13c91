"""Orders: what a sync is told to do, as plain frozen data; knows no settings file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from syncd.crm.accounts import Rule
from syncd.sync.mapping import Rules

OnRemoved = Literal["delete", "unlink", "keep"]


@dataclass(frozen=True)
class MailboxOrder:
    """One mailbox: its address as the settings write it, what of it comes in, who owns what it brings, and the country of
    its phones that have none."""

    address: str
    rules: Rules = field(default_factory=Rules)
    owner: str | None = None
    country: str | None = None


@dataclass(frozen=True)
class SyncOrder:
    """One sync of some mailboxes. `folder` limits it to folders of that name; `full` reads everything anew.

    `ranking` are all mailboxes of the settings in their order, which decides ties also with those not synced now.
    """

    tenant: str
    mailboxes: Sequence[MailboxOrder]
    full: bool = False
    dry_run: bool = False
    folder: str | None = None
    fields: tuple[str, ...] = ()
    on_removed: OnRemoved = "delete"
    max_count: int = 100
    max_percent: float = 25.0
    rule: Rule = field(default_factory=Rule)
    ranking: Sequence[str] = ()
    page_size: int = 500
    concurrency: int = 4
    batch: int = 5000

    def plain(self) -> dict[str, Any]:
        """What tells this sync from another, as JSON-ready data."""
        return {
            "mailboxes": [m.address for m in self.mailboxes],
            "full": self.full,
            "dry_run": self.dry_run,
            "folder": self.folder,
        }
