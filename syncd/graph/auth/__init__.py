"""Signing in: credentials in, access tokens out, and the lines to go out on; knows no mailbox."""

from __future__ import annotations

from syncd.graph.auth.credentials import Credentials
from syncd.graph.auth.granted import granted
from syncd.graph.auth.session import Broken, Line, Reply
from syncd.graph.auth.tokens import Tokens, unreachable
from syncd.graph.auth.waits import asked

__all__ = ["Broken", "Credentials", "Line", "Reply", "Tokens", "asked", "granted", "unreachable"]
