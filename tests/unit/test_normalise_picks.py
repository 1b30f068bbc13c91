"""Picklist words, however they are written."""

from __future__ import annotations

import pytest

from importers.normalise import picklist

INDUSTRY = (
    "ASP (Application Service Provider)",
    "Data/Telecom OEM",
    "Government/Military",
    "Large Enterprise",
    "ManagementISV",
    "MSP (Management Service Provider)",
    "Non-management ISV",
    "Small/Medium Enterprise",
)
STAGE = (
    "Closed Won",
    "Closed Lost",
    "Closed Lost to Competition",
    "Contacted",
    "Not Contacted",
    "Pre-Qualified",
    "Acquired",
)
SALUTATION = ("Mr.", "Mrs.", "Ms.", "Dr.", "Prof.")


@pytest.mark.parametrize(
    ("typed", "options", "meant"),
    [
        ("Government/Military", INDUSTRY, "Government/Military"),
        ("Goverment/Miltary", INDUSTRY, "Government/Military"),
        ("government military", INDUSTRY, "Government/Military"),
        ("Management ISV", INDUSTRY, "ManagementISV"),
        ("NON MANAGEMENT ISV", INDUSTRY, "Non-management ISV"),
        ("small/medium  enterprise", INDUSTRY, "Small/Medium Enterprise"),
        ("closed-won", STAGE, "Closed Won"),
        ("Clos\u00e9d Lost", STAGE, "Closed Lost"),
        ("Contactd", STAGE, "Contacted"),
        ("Acqiured", STAGE, "Acquired"),
        ("mr", SALUTATION, "Mr."),
        ("M.", SALUTATION, "Mr."),
        ("Herr", SALUTATION, "Mr."),
        ("Mme", SALUTATION, "Mrs."),
        ("Frau", SALUTATION, "Ms."),
        ("Herr Dr.", SALUTATION, "Dr."),
        ("Prof. Dr.", SALUTATION, "Prof."),
        ("-None-", STAGE, None),
        ("None", STAGE, None),
        ("", STAGE, None),
        (None, STAGE, None),
    ],
)
def test_known(typed: str | None, options: tuple[str, ...], meant: str | None) -> None:
    assert picklist([typed], options) == ([meant], [])


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        ("Mining", INDUSTRY),
        ("Won", STAGE),
        ("Qualified", STAGE),
        ("-", STAGE),
        ("M.", STAGE),
        ("Monsieur", INDUSTRY),
        ("Mx", ("Mr.", "Mrs.")),
        ("x" * 500, STAGE),
        ("\ud800", STAGE),
        ("Anything", ()),
    ],
)
def test_unknown_and_kept_as_typed(typed: str, options: tuple[str, ...]) -> None:
    assert picklist([typed], options) == ([typed], [0])


def test_none_is_a_word_where_the_list_has_it() -> None:
    assert picklist(["none"], ("None", "Some")) == (["None"], [])


def test_two_words_equally_near_are_no_answer() -> None:
    assert picklist(["Region X"], ("Region A", "Region B")) == (["Region X"], [0])
