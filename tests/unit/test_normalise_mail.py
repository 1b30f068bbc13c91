"""E-mail addresses: what is cleaned, what is refused, which are one."""

from __future__ import annotations

import pytest

from importers.normalise import email_keys, emails


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("anna.weber@norrvik.example", "anna.weber@norrvik.example"),
        ("Anna.Weber@Norrvik.Example", "Anna.Weber@Norrvik.Example"),
        ("mailto:anna@norrvik.example", "anna@norrvik.example"),
        ("MAILTO:anna@norrvik.example?subject=Hi", "anna@norrvik.example"),
        ("Anna Weber <anna@norrvik.example>", "anna@norrvik.example"),
        ('"Weber, Anna" <anna@norrvik.example>;', "anna@norrvik.example"),
        ("<anna@norrvik.example>", "anna@norrvik.example"),
        ("<mailto:anna@norrvik.example>", "anna@norrvik.example"),
        (" anna @ norrvik.example ", "anna@norrvik.example"),
        ("anna@norrvik.example,", "anna@norrvik.example"),
        ("anna@norrvik.example ; ", "anna@norrvik.example"),
        ("anna@norrvik.example.", "anna@norrvik.example"),
        ("'anna@norrvik.example'", "anna@norrvik.example"),
        ("\ufeffanna@norrvik\u200b.example", "anna@norrvik.example"),
        ("o'brien+crm@norrvik.example", "o'brien+crm@norrvik.example"),
        ("anna@norrvik.local", "anna@norrvik.local"),
        ("anna@norrvik.test", "anna@norrvik.test"),
        ("anna@norrvik.invalid", "anna@norrvik.invalid"),
        ("müller@straße.example", "müller@straße.example"),
        ("", None),
        (None, None),
        (" ; ", None),
    ],
)
def test_cleaned(typed: str | None, cleaned: str | None) -> None:
    assert emails([typed]) == ([cleaned], [])


@pytest.mark.parametrize(
    "typed",
    [
        "anna",
        "anna@",
        "@norrvik.example",
        "anna@norrvik",
        "anna@@norrvik.example",
        "anna..weber@norrvik.example",
        ".anna@norrvik.example",
        "anna weber@norrvik.example",
        "anna@norrvik..example",
        "anna@-norrvik.example",
        "anna@norrvik.c1",
        "anna@[127.0.0.1]",
        "anna@norrvik.example, marc@norrvik.example",
        "/o=ExchangeLabs/ou=Exchange Administrative Group/cn=Recipients/cn=anna",
        "/O=Norrvik/cn=anna@norrvik.example",
        "anna@" + "a" * 64 + ".example",
        "a" * 300 + "@norrvik.example",
        "see notes",
        "\ud800@norrvik.example",
        "anna@norrvik.example\0",
    ],
)
def test_invalid_and_kept_as_typed_without_a_key(typed: str) -> None:
    assert emails([typed]) == ([typed], [0])
    assert email_keys([typed]) == [None]


def test_the_indexes_are_those_of_the_invalid_cells() -> None:
    column = ["a@norrvik.example", None, "broken", "b@norrvik.example;", "", "also broken"]
    cleaned, bad = emails(column)
    assert bad == [2, 5]
    assert cleaned == ["a@norrvik.example", None, "broken", "b@norrvik.example", None, "also broken"]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Anna.Weber@Norrvik.Example", "anna.weber@norrvik.example"),
        ("Anna Weber <Anna@Norrvik.example>", "anna@norrvik.example"),
        ("anna@googlemail.com", "anna@gmail.com"),
        ("Anna@GoogleMail.COM", "anna@gmail.com"),
        ("anna@notgooglemail.com", "anna@notgooglemail.com"),
        ("MÜLLER@Straße.example", "müller@xn--strae-oqa.example"),
        ("müller@xn--strae-oqa.example", "müller@xn--strae-oqa.example"),
        ("mu\u0308ller@straße.example", "müller@xn--strae-oqa.example"),
        ("ａｎｎａ@norrvik.example", "anna@norrvik.example"),
        (None, None),
        ("", None),
        ("broken", None),
    ],
)
def test_key(typed: str | None, key: str | None) -> None:
    assert email_keys([typed]) == [key]
