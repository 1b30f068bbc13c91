"""Mapping of Outlook contacts: every rule that the wire leaves open, and a folder of whole contacts as examples."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.errors import Refused
from syncd.graph.shapes import SELECT
from syncd.modules import module
from syncd.sync.mapping import FIELDS, Projection, Rules, complete, gate, merge, project, wanted
from syncd.sync.mapping.salutation import salutation

GOLDEN = Path(__file__).parent.parent / "golden" / "mapping"
EMPTY: dict[str, Any] = {
    **dict.fromkeys(SELECT),
    "categories": [],
    "emailAddresses": [],
    "imAddresses": [],
    "businessPhones": [],
    "homePhones": [],
    "businessAddress": {},
    "homeAddress": {},
    "otherAddress": {},
    "lastModifiedDateTime": "2026-11-24T08:00:00Z",
    "parentFolderId": "folder",
}


def contact(**changed: Any) -> dict[str, Any]:
    """A whole contact with those properties, the others blank as Graph sends them."""
    return {**EMPTY, "surname": "Brandt", **changed}


def fields(**changed: Any) -> dict[str, str]:
    return dict(project(contact(**changed)).fields)


def digest(projection: Projection) -> str:
    text, mark = projection.kept()
    assert json.loads(text) == projection.plain()
    return mark


def codes(projection: Projection) -> list[str]:
    return [problem.code for problem in projection.problems]


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    """REGENERATE=1 writes the answers anew; read the difference before it is committed."""
    data = json.loads(path.read_text("utf-8"))
    try:
        made = project(data["contact"])
        found: Any = {**made.plain(), "problems": codes(made)}
        assert Projection.of(json.loads(json.dumps(made.plain()))) == made
    except Refused as error:
        found = {"refused": error.problems[0].code}
    if os.environ.get("REGENERATE"):
        text = json.dumps({"contact": data["contact"], "projection": found}, ensure_ascii=False, indent=2)
        path.write_text(text + "\n", "utf-8")
        return
    assert found == data["projection"]


def test_there_are_golden_files() -> None:
    assert len(list(GOLDEN.glob("*.json"))) >= 10


def test_every_field_is_one_of_a_contact() -> None:
    known = {field.name for field in module("contacts").fields}
    assert set(FIELDS) <= known
    assert len(FIELDS) == len(set(FIELDS))


@pytest.mark.parametrize(
    ("changed", "expected", "named_by"),
    [
        ({"surname": " Brandt "}, "Brandt", "surname"),
        ({"surname": " ", "displayName": "Ylva B.", "fileAs": "B., Ylva"}, "Ylva B.", "displayName"),
        ({"surname": None, "fileAs": "B., Ylva"}, "B., Ylva", "fileAs"),
        ({"surname": None, "emailAddresses": [{"name": "x", "address": "y.b@n.example"}]}, "y.b", "email"),
        ({"surname": None, "companyName": "Norrvik AB"}, "Norrvik AB", "company"),
        ({"surname": None, "givenName": "Ylva"}, "Ylva", "givenName"),
    ],
)
def test_where_the_last_name_comes_from(changed: dict[str, Any], expected: str, named_by: str) -> None:
    made = project(contact(**changed))
    assert (made.fields["last_name"], made.named_by) == (expected, named_by)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"displayName": "", "fileAs": "\u200b \ufeff", "mobilePhone": "+46 70 1"},
        {"emailAddresses": [{"name": "bad@", "address": None}, {"name": "x"}, {}, None]},
        {"emailAddresses": [{"address": "/o=ExchangeLabs/ou=Exchange/cn=Recipients/cn=1"}]},
    ],
)
def test_nothing_to_know_it_by_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        project(contact(surname=None, **changed))
    assert caught.value.problems[0].code == "SY-I01"


def test_addresses_of_exchange_are_no_email() -> None:
    made = project(
        contact(
            emailAddresses=[
                {"name": "A", "address": "/O=EXCHANGELABS/cn=a"},
                {"name": "B", "address": " b@n.example "},
                {"name": "only a name,"},
                {"name": None, "address": "c@n.example"},
            ]
        )
    )
    assert (made.fields["email"], made.fields["secondary_email"]) == ("b@n.example", "c@n.example")
    assert "third_email" not in made.fields and codes(made) == ["SY-I11"]


def test_more_values_than_room_are_named() -> None:
    made = project(
        contact(
            emailAddresses=[{"address": f"{n}@n.example"} for n in range(500)],
            businessPhones=["1", None, " ", "2", "3"],
            homePhones=["4", "5"],
        )
    )
    assert [made.fields[name] for name in ("email", "third_email", "phone", "phone_2", "home_phone_2")] == [
        "0@n.example",
        "2@n.example",
        "1",
        "2",
        "5",
    ]
    assert codes(made) == ["SY-I14", "SY-I14"]


@pytest.mark.parametrize(
    ("value", "expected", "flags"),
    [
        ("1979-03-14T11:59:00Z", "1979-03-14", []),
        ("1979-03-14", "1979-03-14", []),
        ("1979-03-13T23:00:00Z", "1979-03-13", []),
        ("2000-02-29T11:59:00Z", "2000-02-29", []),
        ("1604-03-14T11:59:00Z", None, ["SY-I12"]),
        ("0001-01-01T00:00:00Z", None, []),
        ("4501-01-01T00:00:00Z", None, []),
        ("yesterday", None, ["SY-I12"]),
        ("2023-02-30T00:00:00Z", None, ["SY-I12"]),
        ("", None, []),
        (None, None, []),
    ],
)
def test_birthday_is_the_day_in_utc(value: str | None, expected: str | None, flags: list[str]) -> None:
    made = project(contact(birthday=value))
    assert made.fields.get("date_of_birth") == expected and codes(made) == flags


def test_an_unreadable_birthday_takes_nothing_away() -> None:
    before = project(contact(birthday="1979-03-14T11:59:00Z"))
    assert merge(before, contact(birthday="soon")).fields["date_of_birth"] == "1979-03-14"
    assert "date_of_birth" not in merge(before, contact(birthday=None)).fields


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Mr", "Mr."), ("mr.", "Mr."), ("HERR", "Mr."), ("M.", "Mr."), ("Frau", "Ms."), ("Mme", "Mrs."),
        ("Fräulein", "Ms."), ("Mlle", "Ms."), ("Miss", "Ms."), ("Dr.", "Dr."), ("Dr. med.", "Dr."), ("Herr Dr.", "Dr."),
        ("Frau Prof. Dr.", "Prof."), ("Prof. Dr. h.c.", "Prof."), ("Señora", "Mrs."), ("Prof.", "Prof."),
        ("Baron", None), ("Dipl.-Ing.", None), ("med.", None), ("…", None),
    ],
)  # fmt: skip
def test_salutation(title: str, expected: str | None) -> None:
    assert salutation(title) == expected
    made = project(contact(title=title))
    assert made.fields["salutation"] == (expected or title) and codes(made) == ([] if expected else ["SY-I13"])


def test_an_empty_address_and_none_are_the_same() -> None:
    full = {"street": "Kajen 2\r\nHus B", "city": "Umeå", "postalCode": "903 26", "countryOrRegion": "Sweden"}
    assert fields(homeAddress={}) == fields(homeAddress=None)
    made = fields(businessAddress=full, otherAddress={"state": "X", "street": None})
    assert made["mailing_street"] == "Kajen 2\r\nHus B" and made["mailing_zip"] == "903 26"
    assert made["other_state"] == "X" and "other_street" not in made and "mailing_state" not in made


@pytest.mark.parametrize(
    "changed",
    [
        {"surname": 5},
        {"givenName": ["Ylva"]},
        {"emailAddresses": "a@b.example"},
        {"emailAddresses": ["a@b.example"]},
        {"emailAddresses": [{"address": 1}]},
        {"businessPhones": {"0": "1"}},
        {"homePhones": [1]},
        {"categories": [{}]},
        {"homeAddress": []},
        {"homeAddress": {"city": 1}},
        {"birthday": 1979},
        {"companyName": True},
        {"lastModifiedDateTime": 0},
        {"displayName": 42},
        {"fileAs": ["no", "text"]},
    ],
)
def test_a_wrong_type_refuses_the_contact(changed: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        project(contact(**changed))
    assert caught.value.problems[0].code == "SY-I02"


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "x" * 4_194_305])
def test_text_that_no_database_holds_refuses_the_contact(text: str) -> None:
    for changed in (
        {"personalNotes": text},
        {"categories": [text]},
        {"emailAddresses": [{"address": text}]},
        {"otherAddress": {"city": text}},
    ):
        with pytest.raises(Refused) as caught:
            project(contact(**changed))
        assert caught.value.problems[0].code == "SY-I03"
        assert "x" * 50 not in str(caught.value)


def test_unknown_properties_and_signs_of_every_script_pass() -> None:
    made = fields(
        personalNotes="x" * 4_194_304, nickName="أمل 🙂", unknown={"a": 1}, primaryEmailAddress={"address": "z"}
    )
    assert made["nick_name"] == "أمل 🙂" and len(made["description"]) == 4_194_304 and "email" not in made


def test_a_missing_property_is_not_an_empty_one() -> None:
    before = project(
        contact(
            givenName="Ylva",
            companyName="Norrvik AB",
            mobilePhone="1",
            categories=["A", "B"],
            emailAddresses=[{"address": "y@n.example"}],
        )
    )
    assert merge(before, {"id": "x"}) == before
    after = merge(before, {"mobilePhone": None, "jobTitle": "CFO", "lastModifiedDateTime": "2026-11-25T08:00:00Z"})
    assert after.fields == {**{k: v for k, v in before.fields.items() if k != "mobile"}, "title": "CFO"}
    assert (after.company, after.modified) == ("Norrvik AB", "2026-11-25T08:00:00Z")
    assert merge(before, {"companyName": None}).company is None


def test_a_borrowed_last_name_follows_what_it_was_borrowed_from() -> None:
    by_display = project(contact(surname=None, displayName="Ylva B."))
    assert merge(by_display, {"surname": None}).fields["last_name"] == "Ylva B."
    assert merge(by_display, {"surname": "Brandt"}).fields["last_name"] == "Brandt"
    assert merge(by_display, {"displayName": "Y. Brandt"}).fields["last_name"] == "Y. Brandt"
    by_company = project(contact(surname=None, companyName="Norrvik AB"))
    assert merge(by_company, {"companyName": "Solis AG"}).fields["last_name"] == "Solis AG"
    with pytest.raises(Refused):
        merge(by_company, {"companyName": None})


def test_only_allowed_fields_are_kept_and_none_shows_through() -> None:
    whole = contact(
        surname=None,
        givenName="Ylva",
        companyName="Norrvik AB",
        personalNotes="private",
        emailAddresses=[{"address": "y.b@n.example"}],
    )
    made = project(whole, allowed_fields={"first_name", "account"})
    assert dict(made.fields) == {"last_name": "Norrvik AB", "first_name": "Ylva"} and made.company == "Norrvik AB"
    assert project(whole, allowed_fields={"email"}).company is None
    assert project(whole, allowed_fields=()).fields["description"] == "private"


def test_digest_sees_values_only() -> None:
    one = digest(project(contact(personalNotes="a\r\nb", companyName="X")))
    assert one == digest(
        project(contact(personalNotes="a\nb", companyName="X", lastModifiedDateTime="2027-01-01T00:00:00Z"))
    )
    assert one != digest(project(contact(personalNotes="a\nc", companyName="X")))
    assert one != digest(project(contact(personalNotes="a\r\nb", companyName="Y")))
    assert one != digest(project(contact(personalNotes="a\\r\\nb", companyName="X")))


@pytest.mark.parametrize(
    "value",
    ["2026-11-24T08:00:00Z", "2026-11-24T08:00:00.1234567Z", "2026-11-24T09:00:00+01:00", "2026-11-24T08:00:00"],
)
def test_times_of_change_compare_as_text(value: str) -> None:
    assert project(contact(lastModifiedDateTime=value)).modified == "2026-11-24T08:00:00Z"


@pytest.mark.parametrize("value", ["soon", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_is_none_refuses_the_contact(value: str) -> None:
    with pytest.raises(Refused) as caught:
        project(contact(lastModifiedDateTime=value))
    assert caught.value.problems[0].code == "SY-I03"


def test_complete_means_every_property_asked_for() -> None:
    assert complete(contact()) and not complete({"id": "x", "surname": "Brandt"})


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        (Rules(), "Kontakte", True),
        (Rules(folders=("lieferanten ",)), "Kontakte/Lieferanten", True),
        (Rules(folders=("Lieferanten",)), "Kontakte/Lieferanten/Nord", True),
        (Rules(folders=("Lieferanten",)), "Kontakte", False),
        (Rules(folders=("Lieferanten",)), "Kontakte/Lieferanten alt", False),
        (Rules(folders=("Kunden/Nord",)), "Kontakte/Kunden/Nord", True),
        (Rules(folders=("Kunden/Nord",)), "Kontakte/Kunden/Süd/Nord", False),
        (Rules(folders=("Contacts",)), "Kontakte/Kunden", True),
        (Rules(exclude_folders=("Privat",)), "Kontakte/Privat/Alt", False),
        (Rules(folders=("Kunden",), exclude_folders=("Nord",)), "Kontakte/Kunden/Nord", False),
        (Rules(exclude_folders=("",)), "Kontakte", True),
    ],
)
def test_which_folders_are_read(rules: Rules, path: str, expected: bool) -> None:
    assert wanted(path, rules) is expected
    assert gate(contact(), path, rules) == (None if expected else "folder")


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        ([" crm "], None),
        (["CRM", "Blau"], None),
        (["CRM", "ALT"], "category"),
        (["CRM", "privat"], "category"),
        (["Privat", "alt"], "category"),
        (["Blau"], "category"),
        ([], "category"),
        (None, "category"),
        ("CRM", "category"),
    ],
)
def test_which_categories_come_in(categories: object, expected: str | None) -> None:
    rules = Rules(categories=("Crm",), exclude_categories=("Alt", "Privat "))
    assert gate(contact(categories=categories), "Kontakte", rules) == expected


def test_a_row_silent_on_categories_leaves_a_known_contact_where_it_is() -> None:
    rules = Rules(categories=("CRM",))
    assert gate({"id": "x"}, "Kontakte", rules) == "category"
    assert gate({"id": "x"}, "Kontakte", rules, known=True) is None
    assert gate({"id": "x", "categories": []}, "Kontakte", rules, known=True) == "category"


def test_an_address_that_holds_a_name_too_is_the_address() -> None:
    mails = [{"address": "Ylva Brandt <ylva@n.example>"}, {"address": "<b@n.example>"}, {"address": "a <b"}]
    made = fields(emailAddresses=mails)
    assert [made["email"], made["secondary_email"], made["third_email"]] == ["ylva@n.example", "b@n.example", "b"]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None), max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["address", "city", "x"]), inner),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(SELECT), ANY), st.dictionaries(st.sampled_from(SELECT), ANY))
def test_any_json_maps_or_is_refused_with_a_reason(first: dict[str, Any], second: dict[str, Any]) -> None:
    try:
        made = project(first)
        assert made == project(first) and set(made.fields) <= set(FIELDS)
        assert made.kept() == Projection.of(json.loads(made.kept()[0])).kept()
        assert merge(made, {}) == made
        again = merge(made, second)
        assert merge(again, second).fields == again.fields
    except Refused as error:
        assert error.problems[0].code in {"SY-I01", "SY-I02", "SY-I03"}
