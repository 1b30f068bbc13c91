"""Device codes and refresh tokens of Entra: what a person at a browser decided; knows no HTTP, issues no token."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from syncd.simulator.registry import App, EntraError

Decision = Literal["pending", "slow_down", "approved", "declined"]
LIFETIME = 900
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"


@dataclass(slots=True)
class Device:
    """One device code, waiting for a person."""

    app: App
    scope: str
    user_code: str
    expires: datetime
    decision: Decision = "pending"
    user: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """Who may have tokens, for which app and scope."""

    app: App
    user: str
    scope: str


class Devices:
    """Codes that wait and refresh tokens that are good."""

    def __init__(self) -> None:
        self._codes: dict[str, Device] = {}
        self._renewals: dict[str, Grant] = {}

    def start(self, app: App, scope: str, now: datetime) -> tuple[str, str]:
        """A new device code and its user code."""
        code, user_code = secrets.token_urlsafe(32), "".join(secrets.choice(_LETTERS) for _ in range(8))
        self._codes[code] = Device(app, scope, user_code, now + timedelta(seconds=LIFETIME))
        return code, user_code

    def decide(self, user_code: str, decision: Decision, user: str = "") -> None:
        """What the person does: `approved` as `user`, `declined`; `slow_down` is answered once."""
        device = next(device for device in self._codes.values() if device.user_code == user_code)
        device.decision, device.user = decision, user

    def redeem(self, app: App, code: str, now: datetime) -> Grant:
        """The grant, once the person has approved; raises EntraError until then."""
        device = self._codes.get(code)
        if device is None or device.app is not app:
            raise EntraError(70018)
        if device.expires <= now:
            raise EntraError(70020)
        if device.decision == "slow_down":
            device.decision = "pending"
            raise EntraError(70016, error="slow_down")
        if device.decision == "pending":
            raise EntraError(70016)
        del self._codes[code]
        if device.decision == "declined":
            raise EntraError(70017)
        return Grant(app, device.user, device.scope)

    def renewal(self, grant: Grant) -> str:
        """A refresh token; it works once."""
        token = secrets.token_urlsafe(48)
        self._renewals[token] = grant
        return token

    def renew(self, app: App, token: str) -> Grant:
        grant = self._renewals.pop(token, None)
        if grant is None or grant.app is not app:
            raise EntraError(700082)
        return grant

    def forget(self) -> None:
        """All refresh tokens are revoked."""
        self._renewals.clear()
