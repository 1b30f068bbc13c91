"""Entra's refusals in plain words; knows no network and keeps no state.

Source: Microsoft's list of AADSTS error codes. The number picks the words only, as Microsoft asks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from syncd.errors import Problem, SetupError, SignInNeeded

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CODE = re.compile(r"AADSTS(\d+)")
_TRACE = re.compile(r"[0-9a-zA-Z :.\-]{1,80}")

_APP = "Entra › App registrations › the app › "
_SECRETS = _APP + "Certificates & secrets"

_WORDS: dict[int, tuple[str, str, str, str]] = {
    7000222: (
        "SY-A02",
        "The client secret has expired",
        "Secrets end on a fixed day; nothing is lost, but no mailbox can be read until there is a new one.",
        f"{_SECRETS} › New client secret; put its Value where [graph] client_secret comes from.",
    ),
    700027: (
        "SY-A03",
        "Microsoft does not know the certificate",
        "Most likely it was never uploaded to this app, was removed, or [graph] certificate names another one.",
        f"{_SECRETS} › Certificates › Upload the public part of [graph] certificate.",
    ),
    700024: (
        "SY-A04",
        "Microsoft says that our signed request is not valid at this time",
        "Most likely this machine's clock is wrong.",
        "Set the clock (time synchronisation on), then try again.",
    ),
    700016: (
        "SY-A05",
        "This tenant does not know the app",
        "Either [graph] client_id has a typing error, or the app is registered in another tenant.",
        "Compare client_id and tenant_id with Entra › App registrations › the app › Overview.",
    ),
    7000112: (
        "SY-A06",
        "The app is disabled in this tenant",
        "An administrator switched its sign-in off.",
        "Entra › Enterprise applications › the app › Properties › Enabled for users to sign in: Yes.",
    ),
    90002: (
        "SY-A07",
        "There is no such tenant",
        "Either [graph] tenant_id has a typing error, or authority is the login host of another cloud.",
        "Copy the Directory (tenant) ID from Entra › Overview; compare [graph] authority.",
    ),
    500011: (
        "SY-A08",
        "Microsoft does not know the Graph address in this cloud",
        "[graph] root and [graph] authority belong to different clouds.",
        "Use the pair of one cloud, e.g. https://graph.microsoft.com and https://login.microsoftonline.com.",
    ),
    53003: (
        "SY-A09",
        "A conditional access policy blocks the app",
        "The tenant allows sign-ins of apps only from certain places or machines.",
        "Ask the Entra administrator to let this app sign in from here.",
    ),
}
_SAME = {70011: 500011, 1002012: 500011, 900023: 90002, 900021: 90002, 7000229: 700016}
_UNDISCOVERED = 90002


def refusal(answer: Mapping[str, Any], *, secret: str | None) -> SetupError:
    """The error for a token answer without a token; `secret` is only looked at, never repeated."""
    seen_number = number(answer)
    seen = f"AADSTS{seen_number}" if seen_number else _word(answer.get("error"))
    trace = _trace(answer)
    if seen_number == 7000215:
        return SignInNeeded(_secret(seen, trace, secret))
    words = _WORDS.get(_SAME.get(seen_number, seen_number))
    if words is None:
        return SignInNeeded(
            Problem(
                "SY-A09",
                f"Microsoft refused the sign-in ({seen}).",
                "No mailbox can be read until the sign-in works." + trace,
                f"Look the number up at https://login.microsoftonline.com/error?code={seen_number}"
                if seen_number
                else "Compare tenant_id, client_id and the credential in [graph] with the app in Entra.",
            )
        )
    code, what, why, do = words
    return SignInNeeded(Problem(code, f"{what} ({seen}).", why + trace, do))


def no_tenant(tenant: str, host: str) -> SetupError:
    """The error for a tenant whose description the login host does not have; MSAL drops the number on the way."""
    code, what, why, do = _WORDS[_UNDISCOVERED]
    return SignInNeeded(Problem(code, f"{what}: {host} does not know {tenant!r}.", why, do))


def parsed(text: str) -> dict[str, Any]:
    """A token answer's JSON object; {} when it is none."""
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _secret(seen: str, trace: str, secret: str | None) -> Problem:
    likely = "Most likely it was copied incompletely, or belongs to another app."
    if secret is not None and _GUID.fullmatch(secret.strip()):
        likely = "Most likely you pasted the secret's ID, not its Value: it looks like an id."
    return Problem(
        "SY-A01",
        f"Microsoft refused the secret ({seen}).",
        likely + trace,
        f'{_SECRETS} › New client secret; copy "Value" (shown once) to where [graph] client_secret comes from.',
    )


def number(answer: Mapping[str, Any]) -> int:
    """The AADSTS number of a refusal, 0 when it has none."""
    codes = answer.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return codes[0]
    found = _CODE.search(str(answer.get("error_description") or ""))
    return int(found[1]) if found else 0


def _trace(answer: Mapping[str, Any]) -> str:
    """What Microsoft's support asks for, if the answer has it and it looks like it."""
    trace, when = str(answer.get("trace_id") or ""), str(answer.get("timestamp") or "")
    if not trace or not _TRACE.fullmatch(trace) or not _TRACE.fullmatch(when or "-"):
        return ""
    return f" Microsoft's trace id {trace}, {when}." if when else f" Microsoft's trace id {trace}."


def _word(value: object) -> str:
    text = str(value or "")
    return text if re.fullmatch(r"[a-z_]{3,40}", text) else "no reason given"
