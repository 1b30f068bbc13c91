"""Reason codes of the ledger as sentences."""

from __future__ import annotations

import pytest

from syncd.crm import reasons


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("new", "created: nothing here matched it"),
        (
            "new|not=290,291",
            "created: nothing here matched it, passed over 290, 291: other e-mail, or a name that does not fit",
        ),
        ("email|names=nickname", "same person: e-mail equal, one first name is a short form of the other"),
        ("undo|run=5", "taken back, run 5"),
        ("clone|of=7", "created as a copy, as asked, of record 7"),
        ("new|account=created", "created: nothing here matched it"),
        ("deleted-in-outlook|kept=others", "deleted in Outlook, kept: other mailboxes know it too"),
        ("something-new|key=value", "something-new, key=value"),
    ],
)
def test_a_reason_is_a_sentence(reason: str, text: str) -> None:
    assert reasons.sentence(reason) == text


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("new", None),
        ("new|account=created", "Company is set and no such account was here → created (rule company-set)"),
        ("new|account=none:own-domain", "the e-mail's domain is one of your own → no account"),
        (
            "new|account=none:ambiguous:4,5",
            "several accounts bear this name (4, 5) → no account, to be decided by hand",
        ),
        ("source-changed|account=linked:same-form", "an account of this name was here → linked"),
        ("new|account=unheard-of", "unheard-of"),
    ],
)
def test_what_a_reason_says_of_the_account(reason: str, text: str | None) -> None:
    assert reasons.account(reason) == text
