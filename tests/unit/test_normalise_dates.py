"""Dates in the three orders, with names of months, and the order that a column proves."""

from __future__ import annotations

import pytest

from importers.normalise import date_order, dates


@pytest.mark.parametrize("order", ["dmy", "mdy", None])
@pytest.mark.parametrize(
    ("typed", "date"),
    [
        ("2024-03-12", "2024-03-12"),
        ("2024/3/12", "2024-03-12"),
        ("20240312", "2024-03-12"),
        ("2024-03-12T10:00:00Z", "2024-03-12"),
        ("2024-03-12 10:00:00.5 +01:00", "2024-03-12"),
        ("12 mars 2024", "2024-03-12"),
        ("mar. 12 mars 2024", "2024-03-12"),
        ("1er janvier 2024", "2024-01-01"),
        ("le 3 août 2024", "2024-08-03"),
        ("12. März 2024", "2024-03-12"),
        ("Di, 12. Mrz 24", "2024-03-12"),
        ("5. Jänner 2024", "2024-01-05"),
        ("March 12th, 2024", "2024-03-12"),
        ("Tuesday, March 12, 2024 3:04 PM", "2024-03-12"),
        ("12 Mar 2024", "2024-03-12"),
        ("7-Feb-22", "2022-02-07"),
        ("12\u00a0mars\u00a02024", "2024-03-12"),
        ("12 de marzo de 2024", "2024-03-12"),
        ("mar. 12 de marzo del 2024", "2024-03-12"),
        ("1º gennaio 2024", "2024-01-01"),
        ("giovedì 2 maggio 2024", "2024-05-02"),
        ("12 mrt. 2024", "2024-03-12"),
        ("12 maart 2024", "2024-03-12"),
        ("12 de março de 2024", "2024-03-12"),
        ("den 12 maj 2024", "2024-05-12"),
        ("12. desember 2024", "2024-12-12"),
        ("12 września 2024 r.", "2024-09-12"),
        ("12. září 2024", "2024-09-12"),
        ("12. toukokuuta 2024", "2024-05-12"),
        ("2024. május 12.", "2024-05-12"),
        ("12 ianuarie 2024", "2024-01-12"),
        ("12 Mayıs 2024", "2024-05-12"),
        ("5/5/2024", "2024-05-05"),
    ],
)
def test_dates_that_need_no_order(order: str | None, typed: str, date: str) -> None:
    assert dates([typed], order) == ([date], [])


@pytest.mark.parametrize(
    ("typed", "dmy", "mdy", "ymd", "none"),
    [
        ("12/03/2024", "2024-03-12", "2024-12-03", None, None),
        ("12.03.2024", "2024-03-12", "2024-12-03", None, "2024-03-12"),
        ("12-03-2024", "2024-03-12", "2024-12-03", None, None),
        ("12 03 2024", "2024-03-12", "2024-12-03", None, None),
        ("25/03/2024", "2024-03-25", None, None, "2024-03-25"),
        ("3/25/2024 0:00", None, "2024-03-25", None, "2024-03-25"),
        ("12.3.24", "2024-03-12", "2024-12-03", "2012-03-24", "2024-03-12"),
        ("1.1.69", "1969-01-01", "1969-01-01", None, "1969-01-01"),
        ("1.1.68", "2068-01-01", "2068-01-01", None, "2068-01-01"),
        ("24-12-31", "2031-12-24", None, "2024-12-31", None),
        ("13/01/24", "2024-01-13", None, "2013-01-24", "2024-01-13"),
    ],
)
def test_dates_by_order(typed: str, dmy: str | None, mdy: str | None, ymd: str | None, none: str | None) -> None:
    for order, date in (("dmy", dmy), ("mdy", mdy), ("ymd", ymd), (None, none)):
        assert dates([typed], order) == ([date], [] if date else [0]), order


@pytest.mark.parametrize("typed", ["0/0/00", "00/00/0000", "0000-00-00", "00.00.00", "", None])
def test_a_date_of_zeros_is_blank(typed: str | None) -> None:
    assert dates([typed], "dmy") == ([None], [])


def test_an_order_with_the_year_first_reads_no_year_that_stands_last() -> None:
    assert dates(["5/5/2024", "2024/5/5", "5 May 2024"], "ymd") == ([None, "2024-05-05", "2024-05-05"], [0])


@pytest.mark.parametrize(
    "typed",
    [
        "31.02.2024",
        "2024-13-01",
        "12.03.",
        "March 2024",
        "n/a",
        "45321",
        "1/2/3/4",
        "12/03-2024",
        "0012-01-01",
        "32 mars 2024",
    ],
)
def test_no_date(typed: str) -> None:
    assert dates([typed], "dmy") == ([None], [0])


def test_a_birthday_is_not_in_the_future() -> None:
    typed = ["12.3.24", "1.1.40", "7 Feb 60", "1.1.2040"]
    assert dates(typed, "dmy")[0] == ["2024-03-12", "2040-01-01", "2060-02-07", "2040-01-01"]
    assert dates(typed, "dmy", "2026-11-24")[0] == ["2024-03-12", "1940-01-01", "1960-02-07", "2040-01-01"]


@pytest.mark.parametrize(
    ("column", "order"),
    [
        (["13/02/2024", "01/02/2024", None, ""], "dmy"),
        (["02/13/24", "1/1/24"], "mdy"),
        (["01/02/2024", "05/06/2024"], None),
        (["13/02/2024", "02/13/2024"], None),
        (["5/5/2024", "7/7/2024"], None),
        (["2024/03/12", "2024-03-13"], "ymd"),
        (["31.12.1999", "2024-01-01"], "dmy"),
        (["24-12-31"], None),
        (["13/01/24", "05/02/24"], "dmy"),
        (["99/12/31"], "ymd"),
        (["99-12-31", "98-01-02"], "ymd"),
        (["99/99/99", "n/a", "12 mars 2024"], None),
        (["0/0/00", "13/1/24"], "dmy"),
        ([], None),
    ],
)
def test_the_order_that_a_column_proves(column: list[str | None], order: str | None) -> None:
    assert date_order(column) == order
