"""Trimming, what can be stored, and folding."""

from __future__ import annotations

import pytest

from importers.normalise import fold, storable, strip
from importers.rows import CELL_LIMIT


def test_strip_trims_all_blanks_at_the_ends_and_makes_blanks_none() -> None:
    cells = [
        "  a ",
        "a",
        "",
        "   ",
        "\u00a0b\u00a0",
        "\ufeffc",
        "\u200bd\u200b",
        "\u200b\u00a0 ",
        "e\nf\n",
        "\t",
        "g h",
    ]
    assert strip(cells) == ["a", "a", None, None, "b", "c", "d", None, "e\nf", None, "g h"]


def test_strip_takes_cells_that_are_no_text() -> None:
    assert strip([None, " x ", None]) == [None, "x", None]
    assert strip([]) == []


def test_a_zero_width_joiner_inside_a_cell_stays() -> None:
    assert strip(["\u200da\u200db\u200d"]) == ["a\u200db"]


def test_storable_names_the_cells_no_database_holds() -> None:
    cells = ["fine", "nul \0 inside", None, "lone \ud800", "\udfff", "emoji \U0001f600", "é", ""]
    assert storable(cells) == [1, 3, 4]


def test_storable_counts_characters() -> None:
    assert storable(["a" * CELL_LIMIT, "b", None]) == []
    assert storable(["a", "é" * (CELL_LIMIT + 1), "b" * CELL_LIMIT]) == [1]
    assert storable(["x" * 100_000, "y" * 100_000]) == [], "two long cells are no cell over the limit"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Müller-Straße 5", "muller strasse 5"),
        ("  ÉCOLE   d'été ", "ecole dete"),
        ("e\u0301cole", "ecole"),
        ("Łódź Øresund Þór đ", "lodz oresund thor d"),
        ("İstanbul ISPARTA ısparta", "istanbul isparta isparta"),
        ("O’Neill", "oneill"),
        ("foo_bar/baz&co", "foo bar baz co"),
        ("ＡＢＣ１", "abc1"),
        ("ﬁnance ŉ ǆ", "finance n dz"),
        ("Ελλάς", "ελλασ"),
        ("ЙОГА и Ёж", "йога и ёж"),
        ("株式会社　がく", "株式会社 がく"),
        ("か\u3099く", "がく"),
        ("हिन्दी", "हिन्दी"),
        ("zero\u200bwidth soft\u00adhyphen", "zerowidth softhyphen"),
        ("!?…–", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(folded) == folded


def test_folding_any_character_twice_changes_nothing() -> None:
    for start in range(0, 0x110000, 0x1000):
        block = " ".join(f"a{chr(code)}b" for code in range(start, start + 0x1000))
        once = fold(block)
        assert fold(once) == once, f"from U+{start:04X} on"
