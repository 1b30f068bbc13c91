"""Granted: what an access token says of its permissions, for a hint to the operator; decides nothing.

Clients must take the token as opaque, so whatever cannot be read here is simply not told: an app limited by Exchange
alone has a token without permissions, and reads all the same.
"""

from __future__ import annotations

import base64
import json
from typing import Any


def granted(token: str) -> tuple[str, ...]:
    """The permissions that `token` names (`roles` of an app, `scp` of a person), sorted; empty when it names none."""
    parts = token.split(".")
    if len(parts) != 3:
        return ()
    try:
        claims: Any = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return ()
    if not isinstance(claims, dict):
        return ()
    roles, scopes = claims.get("roles"), claims.get("scp")
    found = [*(roles if isinstance(roles, list) else ()), *(scopes.split() if isinstance(scopes, str) else ())]
    return tuple(sorted({one for one in found if isinstance(one, str)}))
