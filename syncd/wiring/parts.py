"""Parts: what one process is made of, each part made from the settings when it is first asked for; knows no rule.

Tests hand in their own clock and step hook; everything else is as in production.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncd import settings
from syncd.errors import Problem, SetupError
from syncd.settings import Settings
from syncd.store import Step, Store, no_step
from syncd.store.times import Clock, now
from syncd.wiring import orders

if TYPE_CHECKING:
    from syncd.crm.edit import Desk
    from syncd.crm.matching import Words
    from syncd.graph.auth import Credentials, Tokens
    from syncd.graph.http import Graph
    from syncd.graph.shapes import Network
    from syncd.intake import Intake, Options, Watch
    from syncd.sync.engine import Syncing, SyncOrder
    from syncd.work.jobs import Halt, Jobs


USERS_LAST = timedelta(minutes=10)
"""How long the tenant's list of users serves when the settings ask for all mailboxes."""


class Wiring:
    """The parts of one process, made when they are first asked for."""

    def __init__(
        self, given: Settings, *, step: Step = no_step, clock: Clock = now, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.sleep = sleep
        self.settings = given
        self.step = step
        self.clock = clock
        self._store: Store | None = None
        self._users: tuple[datetime, list[str]] | None = None

    def store(self, *, create: bool = True) -> Store:
        """The store, opened once; created when there is none, unless told not to."""
        if self._store is None:
            self._store = Store(self.settings.store.url, step=self.step, create=create)
        return self._store

    def close(self) -> None:
        """Closes the store."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def words(self) -> Words:
        """What matching knows of the world, with the country of [locale] for national phone numbers."""
        from importers import vocabulary
        from syncd.crm.matching import Words

        return Words(vocabulary.companies(), vocabulary.nicknames(), self.settings.locale.country)

    def intake(self) -> Intake:
        """Imports files; the store is opened after the reader's process has been started."""
        from syncd.intake import Intake

        return Intake(self.store, self.words(), self.clock, step=self.step)

    def options(self, profile: str | None = None, **wishes: Any) -> Options:
        """How a file is to be taken in, see `orders.options`. Raises Refused when there is no such profile."""
        return orders.options(self.settings, profile, **wishes)

    def plans(self, profile: str | None) -> bool:
        """Whether files of a profile are only planned. Raises Refused when there is no such profile."""
        return orders.profile(self.settings, profile).dry_run

    def desk(self, actor: str, reason: str = "") -> Desk:
        """Edits by hand in someone's name."""
        from syncd.crm.edit import Desk

        return Desk(self.store(), self.words(), actor, self.clock, reason)

    @cached_property
    def network(self) -> Network:
        """How to reach Graph and the login host."""
        from syncd.graph.shapes import Network

        graph = self.graph_settings
        return Network(ca_bundle=str(graph.ca_bundle) if graph.ca_bundle else None, proxy=graph.proxy)

    @cached_property
    def credentials(self) -> Credentials:
        """What the app signs in with."""
        from syncd.graph.auth import Credentials

        graph = self.graph_settings
        return Credentials(
            authority=graph.authority,
            root=graph.root,
            tenant_id=graph.tenant_id,
            client_id=graph.client_id,
            secret=graph.client_secret if graph.sign_in == "secret" else None,
            certificate=graph.certificate if graph.sign_in == "certificate" else None,
            private_key=graph.private_key,
            passphrase=graph.passphrase,
        )

    @cached_property
    def tokens(self) -> Tokens:
        """The app's access tokens, shared by all threads."""
        from syncd.graph.auth import Tokens

        return Tokens(self.credentials, self.network, sleep=self.sleep, step=self.step)

    @cached_property
    def graph(self) -> Graph:
        """Graph, shared by all mailboxes. Raises SetupError when the settings have no [graph]."""
        from syncd.graph.http import Graph

        return Graph(self.graph_settings.root, self.tokens, self.network, sleep=self.sleep, step=self.step)

    def syncing(self, halt: Callable[[], None] = lambda: None) -> Syncing:
        """Syncs mailboxes into the store. Raises SetupError when the settings have no [graph]."""
        from syncd.sync.engine import Syncing

        return Syncing(self.store(), self.graph, self.words(), self.clock, halt)

    def sync_order(self, **wishes: Any) -> SyncOrder:
        """What a sync of all mailboxes of the settings is told to do, those of higher priority first."""
        return orders.sync_order(self.settings, self.addresses(), **wishes)

    def addresses(self) -> list[str]:
        """The mailboxes of the settings, each once as first spelled; `"*"` asks Graph for the users there are."""
        graph = self.graph_settings
        found = [address for address in graph.mailboxes if address != "*"]
        if "*" in graph.mailboxes:
            found += self._tenant_users()
        once: dict[str, str] = {}
        for address in found:
            once.setdefault(address.casefold(), address)
        left_out = {address.casefold() for address in graph.exclude_mailboxes}
        return [address for folded, address in once.items() if folded not in left_out]

    def _tenant_users(self) -> list[str]:
        from syncd.graph import delta

        if self._users is None or self.clock() - self._users[0] > USERS_LAST:
            self._users = self.clock(), sorted(user.address for user in delta.users(self.graph) if not user.guest)
        return self._users[1]

    def watch(self, halt: Callable[[], None] = lambda: None) -> Watch | None:
        """The watched folder, made when it is not there; None when the settings watch none."""
        from zoneinfo import ZoneInfo

        from importers.folder import Inbox
        from syncd.intake import Watch

        place, locale = self.settings.inbox.folder, self.settings.locale
        if place is None:
            return None
        _made(place)
        profiles = self.settings.profiles
        inbox = Inbox(
            place,
            settle=self.settings.inbox.settle,
            language=locale.language,
            languages={name: profile.language for name, profile in profiles.items() if profile.language},
            zone=ZoneInfo(locale.timezone),
            step=self.step,
        )
        return Watch(
            inbox,
            self.intake(),
            self.options,
            actor="inbox",
            profiles=tuple(profiles),
            planned=tuple(name for name in profiles if self.plans(name)),
            rescan=self.settings.inbox.rescan,
            halt=halt,
        )

    def jobs(self, halt: Halt) -> Jobs:
        """The service's jobs."""
        from syncd.work.jobs import Jobs

        synced = self.settings.graph is not None
        return Jobs(
            self.store(),
            self.clock,
            watch=self.watch(halt.check),
            syncing=self.syncing(halt.check) if synced else None,
            order=self.sync_order if synced else None,
            every=self.settings.sync.every,
            threads=self.settings.work.threads,
        )

    @property
    def graph_settings(self) -> settings.Graph:
        """The section [graph]. Raises SetupError when there is none."""
        return orders.graph(self.settings)


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            Problem(
                "SY-C23",
                f"[inbox] folder {folder} cannot be made: {error.strerror or error}.",
                "No file can be dropped there.",
                "Give the user that runs syncd the right to make it, or name another folder.",
            )
        ) from error
