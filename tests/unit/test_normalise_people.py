"""People: keys, and which two names may be one person's."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from importers.normalise import Forms, Nicknames, compatible, fold, person_keys

CONFIG = Path(__file__).parents[2] / "config"
FORMS = Forms.of(tomllib.loads((CONFIG / "companies.toml").read_text(encoding="utf-8")))
NAMES = tomllib.loads((CONFIG / "names.toml").read_text(encoding="utf-8"))
NICKNAMES = Nicknames.of(NAMES)


@pytest.mark.parametrize(
    ("left", "right", "reason"),
    [
        (("Anna", "Weber"), ("ANNA", "weber"), "equal"),
        (("José", "Müller"), ("Jose", "Muller"), "equal"),
        (("Jürgen", "Müller"), ("Juergen", "Mueller"), "equal"),
        (("Jürgen", "Müller"), ("J.", "Mueller"), "initial"),
        (("Søren", "Åberg"), ("Soeren", "Aaberg"), "equal"),
        (("Anna", "Müller"), ("Anna", "Muffler"), None),
        (("Jean-Pierre", "Dupont"), ("Jean Pierre", "Dupont"), "equal"),
        (("Jean-Pierre", "Dupont"), ("Jeanpierre", "Dupont"), "equal"),
        (("Anna", "Müller-Schmidt"), ("Anna", "Müller Schmidt"), "equal"),
        (("Anna", "van der Berg"), ("Anna", "Vanderberg"), "equal"),
        (("Anna", "van der Berg"), ("Anna", "Berg"), "equal"),
        (("", "Anna Weber"), ("Anna", "Weber"), "equal"),
        (("", ""), ("Anna", "Weber"), "blank"),
        ((None, None), (None, None), "blank"),
        (("", "Weber"), ("Anna", "Weber"), "blank"),
        (("Anna", ""), ("Anna", "Weber"), "blank"),
        (("A.", "Weber"), ("Anna", "Weber"), "initial"),
        (("J.-P.", "Dupont"), ("Jean-Pierre", "Dupont"), "initial"),
        (("JP", "Dupont"), ("Jean-Pierre", "Dupont"), "initial"),
        (("J.", "Dupont"), ("Jean-Pierre", "Dupont"), "initial"),
        (("Jean", "Dupont"), ("Jean-Pierre", "Dupont"), "initial"),
        (("Hans", "Weber"), ("Karl Hans", "Weber"), "initial"),
        (("Chris", "Weber"), ("Christopher", "Weber"), "initial"),
        (("Bill", "Weber"), ("William", "Weber"), "nickname"),
        (("Manu", "Dupont"), ("Emmanuel", "Dupont"), "nickname"),
        (("Sepp", "Huber"), ("Josef", "Huber"), "nickname"),
        (("Weber", "Anna"), ("Anna", "Weber"), "swapped"),
        (("Anna", "Weber"), ("Marc", "Weber"), None),
        (("Anna", "Weber"), ("Anna", "Meier"), None),
        (("A.", "Weber"), ("Marc", "Weber"), None),
        (("Paul", "Weber"), ("Paula", "Weber"), None),
        (("Daniel", "Weber"), ("Danielle", "Weber"), None),
        (("Martin", "Weber"), ("Martine", "Weber"), None),
        (("Anna", ""), ("Marc", "Weber"), None),
        (("Bill", "Weber"), ("William", "Meier"), None),
        (("Pierre", "Dupont"), ("Jean-Paul", "Dupont"), None),
    ],
)
def test_compatible(left: tuple[str, str], right: tuple[str, str], reason: str | None) -> None:
    assert compatible(left, right, NICKNAMES) == reason
    assert compatible(right, left, NICKNAMES) == reason


def test_without_a_table_no_name_is_a_nickname() -> None:
    assert compatible(("Bill", "Weber"), ("William", "Weber")) is None


def test_a_table_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'William'"):
        Nicknames.of({"nicknames": {"english": ["William", "Bill"]}})


def test_a_man_and_a_woman_are_no_nicknames_of_each_other() -> None:
    for pair in [
        ("Emmanuel", "Emmanuelle"),
        ("Frédéric", "Frédérique"),
        ("Michael", "Michaela"),
        ("Daniel", "Daniela"),
    ]:
        assert compatible((pair[0], "X"), (pair[1], "X"), NICKNAMES) is None, pair


def test_the_table_is_of_real_groups() -> None:
    rows = [row for language in NAMES["nicknames"].values() for row in language]
    assert len(rows) >= 150
    assert all(len({fold(name) for name in row}) == len(row) >= 2 for row in rows)


def test_person_keys_need_surname_and_company() -> None:
    first = ["Anna", "", None, "Marc", "Marc", "..."]
    last = ["Weber", "Weber", "Weber", "", "Lefèvre", "Lefèvre"]
    firms = ["Norrvik AB", "Norrvik", None, "Norrvik", "  ", "Norrvik A.B."]
    assert person_keys(first, last, firms, FORMS) == [
        "anna\x1fweber\x1fnorrvik",
        "\x1fweber\x1fnorrvik",
        None,
        None,
        None,
        "\x1flefevre\x1fnorrvik",
    ]


def test_the_parts_of_a_key_cannot_run_into_each_other() -> None:
    a, b = person_keys(["a\x1fb", "a"], ["c", "b\x1fc"], ["Norrvik", "Norrvik"], FORMS)
    assert a != b
