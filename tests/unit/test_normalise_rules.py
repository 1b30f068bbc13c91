"""Match keys of a batch by rule."""

from __future__ import annotations

from typing import Any, cast

import pytest

from importers.normalise import Forms, keys
from importers.rows import KeyKind, KeyRule

FORMS = Forms.of({"forms": {"sweden": {"ab": ["AB"]}}})
COLUMNS: dict[str, list[Any]] = {
    "first_name": ["Anna", None],
    "last_name": ["Weber", "Lefèvre"],
    "company": ["Norrvik AB", "  "],
    "email": ["Anna@Norrvik.example", None],
    "phone": ["06 12 34 56 78", "nothing"],
    "employees": [12, None],
    "email_opt_out": [True, False],
}


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("email", ["email"], ["anna@norrvik.example", None]),
        ("phone", ["phone"], ["+33612345678", None]),
        ("company", ["company"], ["norrvik", None]),
        ("person", ["first_name", "last_name", "company"], ["anna\x1fweber\x1fnorrvik", None]),
        ("exact", ["last_name"], ["weber", "lefevre"]),
        ("exact", ["employees"], ["12", None]),
        ("exact", ["email_opt_out"], ["true", "false"]),
        ("email", ["secondary_email"], [None, None]),
        ("person", ["first_name", "last_name", "account"], [None, None]),
    ],
)
def test_keys(kind: KeyKind, fields: list[str], expected: list[str | None]) -> None:
    assert keys(KeyRule(kind, tuple(fields)), COLUMNS, 2, country="FR", forms=FORMS) == expected


def test_a_phone_without_a_country_has_no_key() -> None:
    assert keys(KeyRule("phone", ("phone",)), COLUMNS, 2, country=None, forms=FORMS) == [None, None]


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="'postcode'"):
        keys(KeyRule(cast(KeyKind, "postcode"), ("email",)), COLUMNS, 2, country=None, forms=FORMS)
