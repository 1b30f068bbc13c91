"""Reasons: the ledger's reason codes as plain sentences; pure, knows no record.

A reason is `code|key=value|…`. What has no sentence here is shown as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

SENTENCES = {
    "new": "created: nothing here matched it",
    "clone": "created as a copy, as asked",
    "match-on": "the same: the fields of --match-on are equal",
    "email": "same person: e-mail equal",
    "person": "same person: first name, last name and company equal, one side without e-mail",
    "name-and-account": "same person: same name at the same account, one side without e-mail",
    "same-form": "same company: name and site equal",
    "form-missing": "same company: name and site equal, one side without its legal form",
    "source-changed": "Outlook changed; nobody has edited it here",
    "deleted-in-outlook": "deleted in Outlook",
    "left-scope": "left what is synced (folder or category)",
    "by-hand": "by hand",
    "restored": "brought back by hand",
    "unlinked": "its link was cleared",
    "undo": "taken back",
    "company-set": "Company is set and no such account was here → created (rule company-set)",
}
"""What a reason's own code means."""

QUALIFIERS = {
    "names=equal": "names equal",
    "names=blank": "one side gives no name, or no first name",
    "names=initial": "one first name is an initial or a part of the other",
    "names=nickname": "one first name is a short form of the other",
    "names=swapped": "first and last name have changed places",
    "kept=others": "kept: other mailboxes know it too",
    "kept=edited": "kept: edited by hand, or made otherwise",
}
"""What a key with its value means."""

KEYS = {
    "not": "passed over {}: other e-mail, or a name that does not fit",
    "of": "of record {}",
    "run": "run {}",
    "deleted": "record {} was deleted",
}
"""What a key means, with any value."""

ACCOUNTS = {
    "linked:same-form": "an account of this name was here → linked",
    "linked:form-missing": "an account of this name was here, one of the two without its legal form → linked",
    "linked:id": "the account was given by its id → linked",
    "created": "Company is set and no such account was here → created (rule company-set)",
    "none:unknown": "no account of that name or id was here → no account",
    "none:blank": "Company is blank → no account",
    "none:own-name": "Company is the person's own name → no account",
    "none:own-company": "Company is one of your own → no account",
    "none:own-domain": "the e-mail's domain is one of your own → no account",
    "none:chosen-by-hand": "the account was chosen by hand → left as it is",
    "none:ambiguous": "several accounts bear this name ({}) → no account, to be decided by hand",
    "none:other-form": "an account of this name has another legal form ({}) → no account, to be decided by hand",
}
"""What the answer to Company means (`account=KIND:CODE:ids`)."""


def new(passed: Collection[int] = ()) -> str:
    """The reason of a creation: nothing here matched, but for what was looked at and passed over."""
    return f"new|not={','.join(map(str, passed))}" if passed else "new"


def code(reason: str) -> str:
    """A reason's own code."""
    return reason.partition("|")[0]


_PLANNED = re.compile("(?<=[=:,])-[0-9]+")


def renumbered(reason: str, record: Callable[[int], object], account: Callable[[int], object]) -> str:
    """The reason with final ids for the negative ones of a plan: `record` gives those of the module, `account` of accounts."""
    if not _PLANNED.search(reason):
        return reason
    parts = reason.split("|")
    return "|".join(_final(part, account if part.startswith("account=") else record) for part in parts)


def _final(part: str, final: Callable[[int], object]) -> str:
    return _PLANNED.sub(lambda found: str(final(int(found[0]))), part)


def sentence(reason: str) -> str:
    """A reason for people, without what it says of the account."""
    code, *rest = reason.split("|")
    parts = [SENTENCES.get(code, code)]
    for part in rest:
        key, _, value = part.partition("=")
        if key != "account":
            parts.append(QUALIFIERS.get(part) or (KEYS[key].format(_listed(value)) if key in KEYS else part))
    return ", ".join(parts)


def account(reason: str) -> str | None:
    """What a reason says of the account, None when it says nothing."""
    for part in reason.split("|"):
        key, _, value = part.partition("=")
        if key == "account":
            kind, _, ids = value.partition(":")
            code, _, ids = ids.partition(":")
            known = ACCOUNTS.get(f"{kind}:{code}" if code else kind)
            return known.format(_listed(ids)) if known else value
    return None


def _listed(ids: str) -> str:
    return ids.replace(",", ", ")
