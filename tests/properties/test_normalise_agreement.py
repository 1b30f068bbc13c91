"""The fast paths of importers.normalise and the libraries behind them give the same keys, on generated values."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneNumberType

from importers.normalise import email_keys, emails, mail, phone, phones

_PER_REGION = 430
_SEPARATORS = (" ", ".", "-", "\u00a0", "/", "  ", " - ", "\u2011", ") ", " (")
_ELSEWHERE = ("FR", "DE", "GB", "US", "IT", "RU", None)
_TYPES = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]


def _examples(region: str) -> list[tuple[str, str]]:
    """Calling code and national number of one number of each type that the region has."""
    found = set()
    for kind in _TYPES:
        number = phonenumbers.example_number_for_type(region, kind)
        if number:
            found.add((str(number.country_code), phonenumbers.national_significant_number(number)))
    return sorted(found)


def _mutated(national: str, dice: random.Random) -> str:
    """A number like an example: mostly valid, often with another tail, sometimes too short, too long or made up."""
    cut = dice.randrange(len(national))
    tail = "".join(dice.choice("0123456789") for _ in national[cut:])
    throw = dice.random()
    if throw < 0.35:
        return national
    if throw < 0.75:
        return national[:cut] + tail
    if throw < 0.85:
        return national[:-1] or "0"
    return (national + dice.choice("0123456789")) if throw < 0.95 else tail[::-1] + national[cut:]


def _dialled(code: str, national: str, region: str, dice: random.Random) -> str:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    trunk = (metadata.national_prefix if metadata else None) or "0"
    heads = ("", trunk, "+" + code, "00" + code, "011" + code, code, f"+{code} (0)", f"(+{code})", "0" + trunk, "+")
    return dice.choices(heads, (5, 6, 6, 3, 1, 3, 2, 1, 1, 1))[0] + national


def _spaced(number: str, dice: random.Random) -> str:
    if dice.random() < 0.3:
        return number
    separator = dice.choice(_SEPARATORS)
    return "".join(
        digit + (separator if dice.random() < 0.35 and place < len(number) - 1 else "")
        for place, digit in enumerate(number)
    )


def _telephones(region: str, dice: random.Random) -> Iterator[tuple[str, str | None]]:
    """Values and the country they are read in: mostly their own."""
    examples = _examples(region)
    for _ in range(_PER_REGION):
        code, national = dice.choice(examples)
        value = _spaced(_dialled(code, _mutated(national, dice), region, dice), dice)
        yield value, region if dice.random() < 0.8 else dice.choice(_ELSEWHERE)


def test_plain_telephone_numbers_have_the_librarys_key_in_every_region() -> None:
    dice = random.Random(20261124)
    readers = {region: phone._reader(region) for region in [*phonenumbers.SUPPORTED_REGIONS, None]}
    tally: Counter[str] = Counter()
    wrong = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for value, country in _telephones(region, dice):
            plain = readers[country](value)
            key, _ = phone._library(value, country)
            tally["all"] += 1
            tally["keyed"] += key is not None
            tally["plain"] += bool(plain and key)
            tally["refused"] += plain == "" and key is None
            tally["unsure"] += plain is None
            if plain not in (None, phone._HERE) and plain != (key or ""):
                wrong.append((value, country, plain, key))
    assert not wrong[:20]
    assert tally["all"] >= 100_000
    assert tally["keyed"] >= 40_000, "too few valid numbers were generated to prove anything"
    assert tally["unsure"] <= 0.2 * tally["all"] and tally["refused"] >= 20_000
    assert tally["plain"] >= 0.93 * tally["keyed"], "the fast path leaves too much to the library"


def test_a_column_of_telephone_numbers_has_the_librarys_keys() -> None:
    dice = random.Random(7)
    for region in (
        "FR",
        "DE",
        "GB",
        "US",
        "CH",
        "AT",
        "BE",
        "NL",
        "IT",
        "ES",
        "PL",
        "SE",
        "BR",
        "AR",
        "MX",
        "RU",
        "JP",
    ):
        values = [
            "".join(letter for letter in value if letter not in "/()")
            for value, country in _telephones(region, dice)
            if country == region and " - " not in value
        ]
        keys, bad = phones(values, region)
        assert keys == [phone._library(value, region)[0] for value in values]
        assert bad == [row for row, key in enumerate(keys) if key is None]


def _address(dice: random.Random) -> str:
    """An address: mostly as people have them, otherwise with one character more, less, doubled or changed."""
    names = (
        "anna",
        "Marc",
        "jean-pierre",
        "o'brien",
        "x",
        "a.b",
        "info+crm",
        "müller",
        "EINKAUF",
        "a_b",
        "50%",
        "a=b",
        "é",
    )
    hosts = (
        "norrvik",
        "Acme-GmbH",
        "mail.x",
        "x",
        "a--b",
        "xn--strae-oqa",
        "straße",
        "1und1",
        "-a",
        "a-",
        "gmx",
        "a" * 64,
    )
    ends = (
        "example",
        "de",
        "co.uk",
        "local",
        "test",
        "invalid",
        "c",
        "c1",
        "museum",
        "xn--p1ai",
        "рф",
        "1",
        "co-op",
        "DE",
    )
    local = ".".join(dice.choice(names) for _ in range(dice.choice((1, 1, 2, 3))))
    if dice.random() < 0.03:
        local *= dice.randrange(2, 40)
    address = f"{local}@{dice.choice(hosts)}.{dice.choice(ends)}"
    if dice.random() < 0.6:
        return address
    place = dice.randrange(len(address))
    mark = dice.choice(list(".@-_ ,;:<>()[]\\\"'/\u00e4\u200b\n\t\u00a0\uff20|*!#$%&=?^`{}~+0Z"))
    return dice.choice(
        (address[:place] + mark + address[place:], address[:place] + address[place + 1 :], address + mark)
    )


def test_plain_addresses_have_the_librarys_key() -> None:
    dice = random.Random(20261124)
    values = [_address(dice) for _ in range(30_000)]
    tally: Counter[str] = Counter()
    wrong = []
    for value in values:
        plain, key = value.lower() if mail._PLAIN(value) else None, mail._library_key(value)
        tally["keyed"] += key is not None
        tally["plain"] += plain is not None
        if plain is not None and plain != key:
            wrong.append((value, plain, key))
    assert not wrong[:20]
    assert tally["plain"] >= 3_000 and tally["keyed"] >= 10_000 and len(values) - tally["keyed"] >= 10_000


def test_a_cleaned_address_is_one_the_library_takes_and_an_invalid_one_is_not() -> None:
    dice = random.Random(3)
    values = [_address(dice) for _ in range(4_000)]
    cleaned, bad = emails(values)
    keys = email_keys(values)
    for row in range(len(values)):
        kept = cleaned[row] or ""
        assert (mail._library_key(mail._cleaned(kept)) is None) == (row in set(bad) or not kept), values[row]
        assert (keys[row] is None) == (row in bad or not kept), values[row]
