"""What an answer of Graph means, by the remedy it needs; pure: knows no connection and does not wait.

Source: Microsoft Graph, "Error responses" and "Throttling guidance", and what clients report from the field: codes come
in any casing, the innermost one is the more precise, bodies may be empty or a web page, and texts are for people only.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Literal

from syncd.errors import Problem, SetupError, SignInNeeded, StartOver, SyncdError, TryLater
from syncd.graph.auth import Broken, Reply, asked, unreachable
from syncd.graph.shapes import (
    FolderGone,
    ItemGone,
    MailboxGone,
    NoAccess,
    QuotaFull,
    Rejected,
    Throttled,
    Unsound,
)

Remedy = Literal["end", "again", "slower", "token"]
"""`end`: nothing to be done here; `again`: a few quick tries; `slower`: wait as told; `token`: another token, once."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A bad outcome: the error it becomes, the remedy to try before, and the wait that the server named."""

    error: SyncdError
    remedy: Remedy = "end"
    after: float | None = None
    claims: str | None = None
    reconnect: bool = False


_BUSY = frozenset(
    {
        "toomanyrequests",
        "applicationthrottled",
        "errortoomanyobjectsopened",
        "activitylimitreached",
        "errorserverbusy",
        "errorexceededconnectioncount",
    }
)
_NO_USER = frozenset({"errorinvaliduser", "request_resourcenotfound", "resourcenotfound", "errornonexistentmailbox"})
_CLAIMS = re.compile(r'claims="([^"]+)"')
_SAFE = re.compile(r"[\w .:,+\-]{1,80}")


def judge(reply: Reply, mailbox: str | None) -> Fault:
    """The fault of an answer that is not 200. `mailbox` None: the request was about the directory."""
    said = codes(_body(reply))
    after = asked(reply.headers)
    if reply.status in (423, 429, 507, 509) or _BUSY.intersection(said):
        return Fault(throttled(mailbox, after, _trace(reply)), "slower", after, reconnect=reply.status == 503)
    if reply.status == 401:
        return Fault(_token(reply), "token", claims=_claims(reply))
    if reply.status == 403:
        return Fault(_forbidden(reply, said, mailbox))
    if reply.status == 404:
        return _missing(reply, said, mailbox)
    if reply.status == 410:
        return Fault(over(_trace(reply), reply.headers.get("location") or None))
    if "errorcorruptdata" not in said and (reply.status == 408 or (reply.status >= 500 and reply.status != 501)):
        return Fault(_server(reply, after), "again", after, reconnect=reply.status == 503)
    if reply.status < 400:
        return unsound(f"Graph answered {reply.status}, which no such request has as its answer", mailbox, reply)
    return Fault(_rejected(reply, said))


def broken(fault: Broken, mailbox: str | None) -> Fault:
    """The fault of an exchange that brought no whole answer."""
    if fault.kind in ("tls", "proxy"):
        return Fault(unreachable(fault))
    if fault.kind == "away":
        return Fault(
            TryLater(
                Problem(
                    "SY-G04",
                    f"Graph could not be reached: {fault.seen}.",
                    "The network here or the service there is out of order; what is here stays as it is.",
                    "It is tried again by itself. If it lasts: syncd check, and the proxy or firewall of this network.",
                )
            ),
            "again",
        )
    return unsound(fault.seen[:1].upper() + fault.seen[1:], mailbox, None)


def unsound(seen: str, mailbox: str | None, reply: Reply | None) -> Fault:
    """The fault of an answer that is none; `seen` says in which way, as the beginning of a sentence."""
    return Fault(
        Unsound(
            Problem(
                "SY-G07",
                f"{seen} ({_whose(mailbox)}).",
                "Such an answer is not taken for anything, least of all for an empty mailbox." + _trace(reply),
                "It is tried again by itself. If it lasts: look for a proxy on the way that changes answers.",
            )
        ),
        "again",
    )


def throttled(mailbox: str | None, after: float | None, trace: str = "") -> Throttled:
    """The error for a mailbox that has to wait."""
    wait = f"for {after:.0f} s" if after is not None else "without saying for how long"
    return Throttled(
        Problem(
            "SY-G05",
            f"Microsoft asks syncd to pause {wait} ({_whose(mailbox)}).",
            "Too many requests came in a short time, from here or from other programs; other mailboxes go on." + trace,
            "Nothing: it goes on by itself after the pause. If it comes often: raise [sync] every.",
        ),
        after=after,
    )


def over(trace: str = "", location: str | None = None) -> StartOver:
    """The error for a link that Graph does not continue."""
    return StartOver(
        Problem(
            "SY-G12",
            "Graph no longer knows where the last sync of a folder stopped.",
            "That happens after a move or repair of the mailbox, or a long pause." + trace,
            "Nothing: the folder is read again from its beginning.",
        ),
        location=location,
    )


def codes(body: object) -> list[str]:
    """All error codes of an answer's JSON in lower case, the innermost first; [] when it is none of Graph's errors."""
    return [code.lower() for code in _spelled(body)]


def folder_gone(trace: str = "") -> FolderGone:
    """The error for a folder that is there no more."""
    return FolderGone(
        Problem(
            "SY-G13",
            "A contact folder was removed while it was being read.",
            "Its contacts may lie in another folder now." + trace,
            "Nothing: the folders are read again.",
        )
    )


def _token(reply: Reply) -> SignInNeeded:
    return SignInNeeded(
        Problem(
            "SY-G09",
            "Graph does not take the token that the sign-in gave, not even a new one.",
            "[graph] root and [graph] authority may belong to different clouds, or the app was just withdrawn."
            + _trace(reply),
            "Run syncd check; compare root and authority.",
        )
    )


def _forbidden(reply: Reply, said: list[str], mailbox: str | None) -> SyncdError:
    trace = _trace(reply)
    if "errorquotaexceeded" in said:
        return QuotaFull(
            Problem(
                "SY-M02",
                f"The mailbox {mailbox} is full (403 ErrorQuotaExceeded).",
                "There is no room in it for the marks of a sync, so it is read whole each time, which takes longer."
                + trace,
                "Make room in the mailbox, or give it a larger quota.",
            )
        )
    if mailbox is None:
        return SetupError(
            Problem(
                "SY-G10",
                'The app may not list the users of the tenant, which mailboxes = ["*"] needs (403).',
                "The application permission User.Read.All is missing or has no administrator's consent." + trace,
                "Grant it under Entra › App registrations › the app › API permissions, or name the mailboxes.",
            )
        )
    return NoAccess(
        Problem(
            "SY-M03",
            f"The app is not allowed into the mailbox {mailbox} (403{_named(reply)}).",
            "Its permission leaves this mailbox out; a change of it takes up to 2 hours. What is here stays." + trace,
            "Exchange administrator: add the mailbox to the app's scope, or take it out of [graph] mailboxes.",
        )
    )


def _missing(reply: Reply, said: list[str], mailbox: str | None) -> Fault:
    trace = _trace(reply)
    if set(said) <= {"unknownerror"}:
        return unsound("Graph answered 404 without saying what is missing", mailbox, reply)
    if "errorsyncfoldernotfound" in said:
        return Fault(folder_gone(trace))
    if any(code.startswith("mailboxnot") for code in said):
        return Fault(
            MailboxGone(
                Problem(
                    "SY-M04",
                    f"{mailbox} has no mailbox in Exchange Online (404{_named(reply)}).",
                    "Most likely no licence, a guest, or still on the on-premises server. What is here stays." + trace,
                    "License or migrate it, or take it out of [graph] mailboxes. Licensed today? Wait some hours.",
                )
            )
        )
    if _NO_USER.intersection(said):
        return Fault(
            MailboxGone(
                Problem(
                    "SY-M01",
                    f"The tenant has no user {mailbox} (404{_named(reply)}).",
                    "The address has a typing error, was renamed, or the user was removed. What is here stays." + trace,
                    "Correct [graph] mailboxes; after a renaming write the new address there.",
                )
            )
        )
    if "erroritemnotfound" in said:
        return Fault(ItemGone(Problem("SY-G14", "The contact is not in the mailbox any more.", trace.strip())))
    return Fault(_rejected(reply, said))


def _server(reply: Reply, after: float | None) -> TryLater:
    return TryLater(
        Problem(
            "SY-G06",
            f"Microsoft's service has a fault of its own ({reply.status}{_named(reply)}).",
            "That is nothing wrong here; what is here stays as it is." + _trace(reply),
            "It is tried again by itself. If it lasts: Microsoft 365 admin centre › Health › Service health.",
        ),
        after=after,
    )


def _rejected(reply: Reply, said: list[str]) -> Rejected:
    return Rejected(
        Problem(
            "SY-G11",
            f"Graph does not take a request of this program ({reply.status}{_named(reply)}).",
            "That should not happen; what is here stays as it is." + _trace(reply),
            "Please report it with this text.",
        ),
        status=reply.status,
        code=said[0] if said else "",
    )


def _spelled(body: object) -> list[str]:
    level = body.get("error") if isinstance(body, dict) else None
    found: list[str] = []
    while isinstance(level, dict) and len(found) < 9:
        code = level.get("code")
        found.append(code if isinstance(code, str) else "")
        level = level.get("innerError") or level.get("innererror")
    return [code for code in reversed(found) if code and not code.isdigit()]


def _body(reply: Reply) -> object:
    try:
        return json.loads(reply.body, strict=False)
    except (ValueError, RecursionError):
        return None


def _claims(reply: Reply) -> str | None:
    match = _CLAIMS.search(reply.headers.get("www-authenticate", ""))
    if match is None:
        return None
    try:
        return base64.b64decode(match[1] + "==", altchars=b"-_" if set(match[1]) & {"-", "_"} else None).decode()
    except (binascii.Error, ValueError):
        return None


def _named(reply: Reply) -> str:
    """The error code as Graph spells it, for people, if it looks like one."""
    said = _spelled(_body(reply))
    return f" {said[0]}" if said and _SAFE.fullmatch(said[0]) else ""


def _trace(reply: Reply | None) -> str:
    """The marks that Microsoft's support asks for, as a sentence."""
    if reply is None:
        return ""
    marks = [reply.headers.get("request-id", ""), reply.headers.get("date", "")]
    shown = [mark for mark in marks if _SAFE.fullmatch(mark)]
    return f" Microsoft's request-id {', '.join(shown)}." if marks[0] in shown else ""


def _whose(mailbox: str | None) -> str:
    return f"mailbox {mailbox}" if mailbox else "directory"
