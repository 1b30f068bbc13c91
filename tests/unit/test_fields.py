"""The importers' own table of fields says what the modules say."""

from __future__ import annotations

import pytest

from importers import vocabulary
from syncd.modules import module


@pytest.mark.parametrize("name", ["leads", "contacts", "accounts"])
def test_fields_are_those_of_the_module(name: str) -> None:
    order, target = vocabulary.order(name), module(name)
    assert order.fields == tuple(field.plain() for field in target.fields)
    assert order.keys == tuple(kind.rule for kind in target.keys)
    assert (order.title, order.title_from) == (target.required, target.required_from)
