"""The plain case of a projection says what the closer look says, or leaves it to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.errors import Refused
from syncd.graph.shapes import SELECT
from syncd.sync.mapping.plain import plain
from syncd.sync.mapping.projection import closely
from syncd.sync.mapping.shape import FIELDS

GOLDEN = Path(__file__).parent.parent / "golden" / "mapping"

TEXT = st.none() | st.sampled_from(
    ["", " ", "Ylva", " Brandt ", "Möller\u200b", "a\0b", "\ud800", "\ufeffx", "x" * 140_000]
)
WRONG = st.sampled_from([0, False, 1.5, [], {}, ["a"], {"a": "b"}, "2026-02-30T00:00:00Z", "1604-05-01T00:00:00Z"])
TITLE = st.sampled_from([None, "", "Mr.", "Herr", "Frau Dr.", " dr ", "Oberst", "Mr.\0"])
DAY = st.sampled_from(
    [None, "", "1980-03-04T11:59:00Z", "1604-03-04T00:00:00Z", "0001-01-01T00:00:00Z", "soon", "1980-W09-1"]
)
TIME = st.sampled_from(
    [
        None,
        "",
        "2026-11-24T08:00:00Z",
        "2026-11-24T08:00:00.1234567Z",
        "2026-11-24T09:00:00+01:00",
        "2026-W48-2T08:00:00Z",
    ]
)
PLAIN_TEXT = st.none() | st.text(st.characters(codec="utf-8"), max_size=12)
TEXTS = st.lists(PLAIN_TEXT | TEXT, max_size=4)
ADDRESS = st.dictionaries(
    st.sampled_from(["street", "city", "state", "postalCode", "countryOrRegion", "x"]), PLAIN_TEXT | TEXT
)
EMAILS = st.lists(
    st.none()
    | st.fixed_dictionaries(
        {}, optional={"name": PLAIN_TEXT, "address": PLAIN_TEXT | TEXT | st.just("/O=X/cn=y") | WRONG}
    ),
    max_size=4,
)
KINDS = {
    "title": TITLE,
    "birthday": DAY,
    "lastModifiedDateTime": TIME,
    "emailAddresses": EMAILS,
    **dict.fromkeys(("categories", "imAddresses", "businessPhones", "homePhones"), TEXTS | st.none()),
    **dict.fromkeys(("businessAddress", "homeAddress", "otherAddress"), ADDRESS | st.none()),
}
SIMPLE = {
    "title": st.sampled_from([None, "Herr", "Dr."]),
    "birthday": st.sampled_from([None, "1980-03-04T11:59:00Z"]),
    "lastModifiedDateTime": st.just("2026-11-24T08:00:00Z"),
    "surname": st.sampled_from(["Brandt", " Weiß ", ""]),
    "displayName": st.just("Ylva Brandt"),
    "emailAddresses": st.lists(
        st.fixed_dictionaries({"address": st.sampled_from(["a@b.example", " c@d.example"])}), max_size=3
    ),
    **dict.fromkeys(("categories", "imAddresses"), st.lists(st.sampled_from(["CRM", "Blau"]), max_size=3)),
    **dict.fromkeys(("businessPhones", "homePhones"), st.lists(st.sampled_from(["+49 30 1", "0171 2 "]), max_size=2)),
    **dict.fromkeys(
        ("businessAddress", "homeAddress", "otherAddress"),
        st.dictionaries(st.sampled_from(["street", "city", "postalCode"]), st.sampled_from(["Rue X", " 75001 ", None])),
    ),
}
ALLOWED = st.none() | st.sets(st.sampled_from([*FIELDS, "account"]))


def whole(kinds: dict[str, Any], other: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({key: kinds.get(key, other) for key in SELECT})


def agree(item: dict[str, Any], allowed: set[str] | None) -> bool:
    """Whether the contact is plain; then both say the same."""
    quick = plain(item, allowed)
    if quick is None:
        return False
    made = closely(None, item, allowed)
    assert (quick, quick.problems, list(quick.fields)) == (made, made.problems, list(made.fields))
    return True


@settings(max_examples=500, deadline=None)
@given(whole(KINDS, PLAIN_TEXT | TEXT), st.dictionaries(st.sampled_from(SELECT), WRONG | TEXT, max_size=2), ALLOWED)
def test_whatever_comes(item: dict[str, Any], spoilt: dict[str, Any], allowed: set[str] | None) -> None:
    try:
        agree(item | spoilt, allowed)
    except Refused as error:
        pytest.fail(f"plain took what is refused: {error}")


@settings(max_examples=500, deadline=None)
@given(whole(SIMPLE, st.sampled_from([None, "Norrvik", " b ", "Ærø"])), ALLOWED)
def test_what_is_plain_is_taken(item: dict[str, Any], allowed: set[str] | None) -> None:
    assert agree(item, allowed)


@settings(max_examples=500, deadline=None)
@given(
    whole(SIMPLE, st.sampled_from([None, "Norrvik", "", " "])),
    st.sampled_from(SELECT),
    st.one_of(*KINDS.values(), TEXT, WRONG),
    ALLOWED,
)
def test_one_thing_out_of_the_ordinary(item: dict[str, Any], key: str, value: Any, allowed: set[str] | None) -> None:
    try:
        agree(item | {key: value}, allowed)
        agree({name: one for name, one in item.items() if name != key}, allowed)
    except Refused as error:
        pytest.fail(f"plain took what is refused: {error}")


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_the_examples(path: Path) -> None:
    agree(json.loads(path.read_text("utf-8"))["contact"], None)
