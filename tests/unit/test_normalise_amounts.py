"""Whole numbers, money and yes-or-no words."""

from __future__ import annotations

import pytest

from importers.normalise import flags, money, numbers


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("12", 12),
        ("-5", -5),
        ("+7", 7),
        ("(5)", -5),
        ("5-", -5),
        ("\u22125", -5),
        ("007", 7),
        ("1 234", 1234),
        ("1.234", 1234),
        ("1,234", 1234),
        ("1'234", 1234),
        ("1’234", 1234),
        ("1\u00a0234\u00a0567", 1234567),
        ("1\u202f234", 1234),
        ("1,234,567", 1234567),
        ("1.234.567,00", 1234567),
        ("1,234.00", 1234),
        ("12.0", 12),
        ("12,00", 12),
        ("0.000", 0),
        ("1.25E7", 12_500_000),
        ("9223372036854775807", 2**63 - 1),
        ("", None),
        (None, None),
    ],
)
def test_a_whole_number(typed: str | None, number: int | None) -> None:
    assert numbers([typed]) == ([number], [])


@pytest.mark.parametrize(
    "typed",
    [
        "1.5",
        "0,500",
        "1,234.5",
        "1.234.5",
        "1,23,4",
        "1e30",
        "1E5",
        "9223372036854775808",
        "-9223372036854775808",
        "1" * 25,
        "12 employees",
        "11-50",
        ".",
        "-",
        "()",
        "٣",
        "NaN",
        "inf",
        "9" * 5000,
    ],
)
def test_no_whole_number(typed: str) -> None:
    assert numbers([typed]) == ([None], [0])


@pytest.mark.parametrize(
    ("typed", "hundredths"),
    [
        ("1234", 123400),
        ("1 234,56 €", 123456),
        ("EUR 1.234,56", 123456),
        ("1.234,56EUR", 123456),
        ("$1,234.56", 123456),
        ("US$ 5", 500),
        ("CHF 1'234.50", 123450),
        ("kr 12,5", 1250),
        ("12,50 kr.", 1250),
        ("12 Kč", 1200),
        ("usd 5", 500),
        ("-5", -500),
        ("-$5", -500),
        ("$ -5", -500),
        ("(5.00)", -500),
        ("5,00-", -500),
        (",5", 50),
        ("5,", 500),
        ("1.234", 123400),
        ("1.23", 123),
        ("0.125", 13),
        ("1234.564", 123456),
        ("1234.565", 123457),
        ("92233720368547758.07", 2**63 - 1),
        ("8.48E10", 8_480_000_000_000),
        ("-1.23456785E7", -1_234_567_850),
        (None, None),
    ],
)
def test_money(typed: str | None, hundredths: int | None) -> None:
    assert money([typed]) == ([hundredths], [])


@pytest.mark.parametrize(
    "typed",
    ["abc", "EUR", "€", "1,5 Mio", "1e30", "6E+07", "1.0E30", "92233720368547758.08", "1 2", "12 kg", "€5€5", "\0"],
)
def test_no_money(typed: str) -> None:
    assert money([typed]) == ([None], [0])


def test_flags() -> None:
    yes = ["yes", "Y", "TRUE", "1", "x", "Oui", "vrai", "Ja", "WAHR", " x ", "✓", "sì", "Sí", "Sim", "tak", "evet"]
    no = ["no", "N", "False", "0", "Non", "FAUX", "nein", "falsch", "off", "☐", "nee", "não", "nej", "Hayır"]
    assert flags([*yes, *no]) == ([True] * len(yes) + [False] * len(no), [])
    assert flags(["maybe", None, "", "2", "-"]) == ([None] * 5, [0, 3, 4])
