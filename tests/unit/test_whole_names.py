"""Whole names: one cell taken apart into title, first name, last name and suffix."""

from __future__ import annotations

import pytest

from importers.readers import names


@pytest.mark.parametrize(
    ("full", "first", "last"),
    [
        ("Anna Weber", "Anna", "Weber"),
        ("Weber, Anna", "Anna", "Weber"),
        ("Jan van den Berg", "Jan", "van den Berg"),
        ("Maria de la Vega", "Maria", "de la Vega"),
        ("DUPONT Jean Marie", "Jean Marie", "DUPONT"),
        ("Jean-Marie DUPONT", "Jean-Marie", "DUPONT"),
        ("M. Luc Petit", "Luc", "Petit"),
        ("Madonna", None, "Madonna"),
        ("ANNA WEBER", "ANNA", "WEBER"),
        (",", None, ","),
    ],
)
def test_whole_names_are_split(full: str, first: str | None, last: str) -> None:
    assert names.split(full)[1:3] == (first, last)


@pytest.mark.parametrize(
    ("full", "parts"),
    [
        ("Prof. Dr. Anna Schmidt", ("Prof. Dr.", "Anna", "Schmidt", None)),
        ("Dr. med. Hans-Peter von Müller jun.", ("Dr. med.", "Hans-Peter", "von Müller", "jun.")),
        ("Herrn Paul Graf", ("Herrn", "Paul", "Graf", None)),
        ("Weber, Dr. Anna", ("Dr.", "Anna", "Weber", None)),
        ("John Smith, Jr.", (None, "John", "Smith", "Jr.")),
        ("John Q. Smith, PhD", (None, "John Q.", "Smith", "PhD")),
        ("Amartya Kumar Sen", (None, "Amartya Kumar", "Sen", None)),
        ("Lee Min Jun", (None, "Lee Min", "Jun", None)),
        ("Smith, Jr.", (None, None, "Smith", "Jr.")),
        ("Anna Weber (Sales)", (None, "Anna", "Weber", "(Sales)")),
        ("Weber, Anna [Sales, North]", (None, "Anna", "Weber", "[Sales, North]")),
        ("Weber (Sales)", (None, None, "Weber", "(Sales)")),
        ("(Sales)", (None, None, "(Sales)", None)),
        ("Dr.", (None, None, "Dr.", None)),
    ],
)
def test_titles_and_suffixes_are_no_part_of_a_name(full: str, parts: tuple[str | None, ...]) -> None:
    assert names.split(full) == parts
