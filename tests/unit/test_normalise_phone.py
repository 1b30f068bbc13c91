"""Telephone numbers: keys, extensions, two numbers in a cell, and what is none."""

from __future__ import annotations

import pytest

from importers.normalise import phones


@pytest.mark.parametrize(
    ("country", "typed", "key"),
    [
        ("FR", "06 12 34 56 78", "+33612345678"),
        ("fr", "0612345678", "+33612345678"),
        ("FR", "612345678", "+33612345678"),
        ("FR", "+33 (0)6 12 34 56 78", "+33612345678"),
        ("FR", "(+33) 6 12 34 56 78", "+33612345678"),
        ("FR", "0033612345678", "+33612345678"),
        ("FR", "33612345678", "+33612345678"),
        ("FR", "06\u00a012\u00a034\u00a056\u00a078", "+33612345678"),
        ("FR", "06\u201112\u201134\u201156\u201178", "+33612345678"),
        ("FR", "٠٦١٢٣٤٥٦٧٨", "+33612345678"),
        ("FR", "tel:+33-1-23-45-67-89", "+33123456789"),
        ("FR", "Tél. : 01 23 45 67 89", "+33123456789"),
        ("FR", "01 23 45 67 89 (bureau)", "+33123456789"),
        ("FR", "+49 89 123456", "+4989123456"),
        ("FR", "33612345678.0", "+33612345678"),
        ("DE", "4930123456.0", "+4930123456"),
        ("DE", "089/123456", "+4989123456"),
        ("DE", "08161/12345-0", "+498161123450"),
        ("DE", "+49 (0)171 / 1234567", "+491711234567"),
        ("GB", "020 7946 0000", "+442079460000"),
        ("UK", "020 7946 0000", "+442079460000"),
        ("US", "(212) 555-1234", "+12125551234"),
        ("US", "1-800-FLOWERS", "+18003569377"),
        ("IT", "06 6982", "+39066982"),
        ("AR", "011 15 2345-6789", "+5491123456789"),
        ("BR", "(11) 96123-4567", "+5511961234567"),
        (None, "+33 6 12 34 56 78", "+33612345678"),
        ("XX", "+33 6 12 34 56 78", "+33612345678"),
    ],
)
def test_key(country: str | None, typed: str, key: str) -> None:
    assert phones([typed], country) == ([key], [])


@pytest.mark.parametrize(
    ("country", "typed", "key"),
    [
        ("FR", "01 23 45 67 89 poste 12", "+33123456789"),
        ("FR", "01 23 45 67 89 x5", "+33123456789"),
        ("FR", "01 23 45 67 89, ext. 5", "+33123456789"),
        ("FR", "tel:+33-1-23-45-67-89;ext=5", "+33123456789"),
        ("DE", "089 1234567 Durchwahl 33", "+49891234567"),
        ("DE", "0171-1234567 DW 12", "+491711234567"),
        ("US", "212.555.1234 ext. 7", "+12125551234"),
        ("US", "(212) 555-1234 #77", "+12125551234"),
    ],
)
def test_an_extension_is_no_part_of_the_key(country: str, typed: str, key: str) -> None:
    assert phones([typed], country) == ([key], [])


@pytest.mark.parametrize(
    ("country", "typed", "key"),
    [
        ("FR", "06.12.34.56.78 / 07 11 22 33 44", "+33612345678"),
        ("FR", "0612345678/0711223344", "+33612345678"),
        ("FR", "06 12 34 56 78 ou 07 11 22 33 44", "+33612345678"),
        ("FR", "06 12 34 56 78, 07 11 22 33 44", "+33612345678"),
        ("FR", "06 12 34 56 78\n07 11 22 33 44", "+33612345678"),
        ("FR", "01 23 45 67 89 - 06 12 34 56 78", "+33123456789"),
        ("FR", "+33 6 12 34 56 78 ::: +33 1 23 45 67 89", "+33612345678"),
        ("DE", "0331 123456/57", "+49331123456"),
    ],
)
def test_of_two_numbers_the_first_counts(country: str, typed: str, key: str) -> None:
    assert phones([typed], country) == ([key], [])


@pytest.mark.parametrize(
    ("country", "typed"),
    [
        ("FR", "4,41E+11"),
        ("FR", "1.42E+10"),
        (None, "4.41e+11"),
        ("FR", "06 12 34 56 7"),
        ("FR", "06 12 34 56 78 9"),
        ("FR", "12"),
        ("FR", "n/a"),
        ("FR", "-"),
        ("FR", "call me later"),
        (None, "call me later"),
        ("US", "555-1234"),
        (None, "+33 6 12"),
        (None, "+999 123 456 789"),
        (None, "1" * 30),
        ("DE", "030 12345 030 12346"),
        ("FR", "0" * 300),
        ("FR", "\ud800\0"),
    ],
)
def test_no_telephone_number(country: str | None, typed: str) -> None:
    assert phones([typed], country) == ([None], [0])


@pytest.mark.parametrize("country", [None, "", "XX"])
def test_a_national_number_without_a_country_is_kept_and_never_keyed(country: str | None) -> None:
    assert phones(["06 12 34 56 78", "0033612345678", "089/123456 poste 3"], country) == ([None, None, None], [])


def test_a_column() -> None:
    column = ["06 12 34 56 78", None, "nothing", "", "+49 89 123456"]
    assert phones(column, "FR") == (["+33612345678", None, None, None, "+4989123456"], [2])
