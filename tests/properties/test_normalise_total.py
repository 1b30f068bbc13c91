"""No cell makes importers.normalise fail: any text has an answer, the same each time, in time linear in its length."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from importers import normalise
from importers.normalise import Forms, Nicknames
from importers.rows import KeyRule

CONFIG = Path(__file__).parents[2] / "config"
FORMS = Forms.of(tomllib.loads((CONFIG / "companies.toml").read_text(encoding="utf-8")))
NICKNAMES = Nicknames.of(tomllib.loads((CONFIG / "names.toml").read_text(encoding="utf-8")))
OPTIONS = ("Government/Military", "ManagementISV", "Closed Won", "Mr.", "Dr.")

# Surrogates, NUL and unassigned characters too; and pieces of what the parsers look for, in any order.
_ANY = st.text(st.characters(exclude_categories=()), max_size=40)
_MARKS = "a Z 0 12 2024 + ++ 00 +33 6 06 ( ) (0) / - -- . .. , ; : ::: @ < > <> mailto: /o= x ext. poste e E+11 é ß ı İ"
_WORDS = "mars jan GmbH & Co. KG S . A . et und SARL AB € EUR kr ' \" \\ _ ~ # % ? xn-- рф 株式会社 ㈱ ½ ² ﷺ ١"
_BLANKS = ["\0", "\ud800", "\u00a0", "\u200b", "\u0301", "\n", "\r", "\t", " "]
_PIECES = st.lists(st.sampled_from(_MARKS.split() + _WORDS.split() + _BLANKS), max_size=14).map("".join)
CELLS = st.one_of(_ANY, _PIECES)
COUNTRIES = st.sampled_from(["FR", "DE", "GB", "US", "AR", "it", "XX", "", None])


def _everything(cells: list[str], country: str | None) -> list[Any]:
    """What every public function says of the cells."""
    last = [None, *cells[:-1]] if cells else []
    return [
        normalise.strip(cells),
        normalise.storable(cells),
        normalise.emails(cells),
        normalise.email_keys(cells),
        normalise.phones(cells, country),
        *(normalise.dates(cells, order, "2026-11-24") for order in ("dmy", "mdy", "ymd", None)),
        normalise.date_order(cells),
        normalise.numbers(cells),
        normalise.money(cells),
        normalise.flags(cells),
        normalise.picklist(cells, OPTIONS),
        list(map(normalise.fold, cells)),
        normalise.company_keys(cells, FORMS),
        normalise.person_keys(cells, cells, cells, FORMS),
        [normalise.compatible((a, b), (b, a), NICKNAMES) for a, b in zip(cells, last, strict=True)],
        list(map(normalise.domain, cells)),
        normalise.keys(KeyRule("exact", ("x",)), {"x": cells}, len(cells), country=country, forms=FORMS),
    ]


@settings(max_examples=400, deadline=None)
@given(st.lists(CELLS, max_size=6), COUNTRIES)
@example(["\ud800", "\0", "", " ", "\u0345"], "FR")
def test_any_text_has_an_answer_and_it_is_the_same_twice(cells: list[str], country: str | None) -> None:
    assert _everything(cells, country) == _everything(cells, country)


@settings(max_examples=400, deadline=None)
@given(CELLS)
def test_folding_a_folded_text_changes_nothing(cell: str) -> None:
    once = normalise.fold(cell)
    assert normalise.fold(once) == once
    assert once == " ".join(once.split())


@settings(max_examples=400, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=6), COUNTRIES)
def test_what_a_cell_is_does_not_depend_on_its_neighbours(cells: list[str], country: str | None) -> None:
    alone = [normalise.emails([cell]) for cell in cells]
    assert normalise.emails(cells) == ([one[0][0] for one in alone], [row for row, one in enumerate(alone) if one[1]])
    numbers = [normalise.phones([cell], country) for cell in cells]
    assert normalise.phones(cells, country)[0] == [one[0][0] for one in numbers]
    assert normalise.strip(cells) == [normalise.strip([cell])[0] for cell in cells]
    assert normalise.storable(cells) == [row for row, cell in enumerate(cells) if normalise.storable([cell])]
    assert normalise.email_keys(cells) == [normalise.email_keys([cell])[0] for cell in cells]


@settings(max_examples=300, deadline=None)
@given(st.lists(CELLS, max_size=6), COUNTRIES)
def test_what_is_let_through_a_database_holds(cells: list[str], country: str | None) -> None:
    bad = set(normalise.storable(cells))
    cells = [cell for row, cell in enumerate(cells) if row not in bad]
    for made in (normalise.numbers(cells)[0], normalise.money(cells)[0]):
        assert all(number is None or -(2**63) < number < 2**63 for number in made)
    texts = [*normalise.strip(cells), *normalise.emails(cells)[0], *normalise.email_keys(cells)]
    texts += [*normalise.phones(cells, country)[0], *normalise.dates(cells, "dmy")[0], *map(normalise.domain, cells)]
    texts += [*map(normalise.fold, cells), *normalise.company_keys(cells, FORMS)]
    for text in filter(None, texts):
        assert "\0" not in text
        text.encode()


@settings(max_examples=200, deadline=None)
@given(CELLS, CELLS, CELLS, CELLS)
def test_two_names_are_one_persons_from_either_side(a: str, b: str, c: str, d: str) -> None:
    assert normalise.compatible((a, b), (c, d), NICKNAMES) == normalise.compatible((c, d), (a, b), NICKNAMES)
    assert normalise.compatible((a, b), (a, b), NICKNAMES) in ("equal", "blank")


_LONG = 200_000
_HOSTILE = {
    "letters": "a",
    "blanks": " ",
    "digits": "1",
    "digits and blanks": "1 ",
    "single letters": "s ",
    "weak forms": "co ",
    "dots": ".",
    "dotted letters": "a.",
    "angle brackets": "<",
    "bracket and blanks": "< ",
    "at signs": "@",
    "hyphens": "a-",
    "plus signs": "+",
    "ampersands": "&",
    "quotes": '"',
    "combining marks": "\u0301",
    "umlauts": "ü",
    "expanding": "ﷺ and more ",
    "surrogates": "\ud800",
    "newlines": "a\n",
    "extensions": "1x",
    "slashes": "1/",
    "thousands": "1.000",
    "mars": "mars ",
}


@pytest.mark.parametrize("piece", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_a_very_long_cell_costs_no_more_than_its_length(piece: str) -> None:
    # A quadratic step would cost 200,000² = 4 × 10¹⁰ operations here: minutes; all of it together is linear: seconds.
    cell = (piece * (_LONG // len(piece) + 1))[:_LONG]
    started = time.process_time()
    _everything([cell, "Anna " + cell, cell + "@norrvik.example"], "FR")
    assert time.process_time() - started < 8


_SHORT_CALLS: dict[str, tuple[Callable[[str], object], int]] = {
    "e-mail": (lambda cell: (normalise.emails([cell]), normalise.email_keys([cell])), 1_000),
    "phone": (lambda cell: normalise.phones([cell], "FR"), 250),
    "date": (lambda cell: normalise.dates([cell], None), 64),
    "number": (lambda cell: (normalise.numbers([cell]), normalise.money([cell])), 64),
    "picklist": (lambda cell: normalise.picklist([cell], OPTIONS), 128),
    "domain": (normalise.domain, 2_000),
}


@pytest.mark.parametrize("call", _SHORT_CALLS.values(), ids=_SHORT_CALLS.keys())
def test_a_cell_just_under_a_limit_costs_little(call: tuple[Callable[[str], object], int]) -> None:
    function, limit = call
    for piece in _HOSTILE.values():
        for tail in ("", "!", "@norrvik.example", ">"):
            cell = (piece * limit)[: limit - len(tail)] + tail
            started = time.process_time()
            function(cell)
            assert time.process_time() - started < 1, (piece, tail)
