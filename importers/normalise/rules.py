"""Match keys of a batch: one rule, some columns, one key a row; knows no record that the keys may match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from importers.normalise.companies import Forms, company_keys, spelt_keys
from importers.normalise.mail import email_keys
from importers.normalise.people import name_keys, person_keys
from importers.normalise.phone import phones
from importers.normalise.text import folded
from importers.rows import KeyRule


def keys(
    rule: KeyRule, columns: Mapping[str, Sequence[Any]], count: int, *, country: str | None, forms: Forms
) -> list[str | None]:
    """The key of each of `count` rows by one rule, None where there is none; a missing column is all blank.

    `columns` holds clean values by field name. Raises ValueError for a kind that no rule has.
    """
    taken = [_texts(columns.get(name), count) for name in rule.fields]
    match rule.kind:
        case "email":
            return email_keys(taken[0])
        case "phone":
            return phones(taken[0], country)[0]
        case "company":
            return company_keys(taken[0], forms)
        case "company_spelt":
            return spelt_keys(taken[0], forms)
        case "person":
            first, last, company = taken
            return person_keys(first, last, company, forms)
        case "name":
            return name_keys(*taken)
        case "exact":
            return [value or None for value in folded(taken[0])]
    raise ValueError(
        f"a key rule of kind {rule.kind!r}: there is email, phone, company, company_spelt, person, name and exact"
    )


def _texts(values: Sequence[Any] | None, count: int) -> Sequence[str | None]:
    if values is None:
        return [None] * count
    if all(value is None or type(value) is str for value in values):
        return values
    return [value if value is None or type(value) is str else str(value) for value in values]
