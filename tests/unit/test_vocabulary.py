"""The tables of config/: every word, field and message stands where the others look for it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from importers import vocabulary
from importers.rows import Order

IMPORTERS = Path(vocabulary.__file__).parent
SYNCD = IMPORTERS.parent / "syncd"
MODULES = ("leads", "contacts", "accounts")


def table(name: str) -> dict[str, Any]:
    return tomllib.loads((vocabulary.folder() / name).read_text(encoding="utf-8"))


def codes() -> set[str]:
    files = [*IMPORTERS.rglob("*.py"), *SYNCD.joinpath("intake").glob("*.py"), SYNCD / "crm" / "filing.py"]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    return set(re.findall(r"SY-[FL]\d\d", text))


def test_every_code_has_its_text() -> None:
    texts = {code for code in table("messages/en.toml") if code.startswith("SY-")}
    assert codes() <= texts
    assert {code for code in texts if not code.startswith("SY-F0")} <= codes()


@pytest.mark.parametrize("language", ["fr", "de"])
def test_languages_say_the_same(language: str) -> None:
    english, own = table("messages/en.toml"), table(f"messages/{language}.toml")
    assert own.keys() == english.keys()
    for code in codes():
        assert own[code].keys() == english[code].keys(), code
        for part, text in english[code].items():
            assert set(re.findall(r"{\w+}", own[code][part])) == set(re.findall(r"{\w+}", text)), (code, part)


def test_an_unknown_language_is_english() -> None:
    assert vocabulary.sentence("SY-L06", "xx") == vocabulary.sentence("SY-L06", "en")
    assert vocabulary.sentence("SY-L06", "fr-CH") == vocabulary.sentence("SY-L06", "fr")
    assert vocabulary.problem("SY-F11", "de", name="a.xlsx").what == "„a.xlsx“ ist durch ein Kennwort geschützt."


def test_concepts_lead_from_words_to_fields() -> None:
    modules = table("headers/modules.toml")["modules"]
    taken = {concept for fields in modules.values() for concepts in fields.values() for concept in concepts}
    known = {"known", "full_name", "title_or_salutation", "name_or_first_name", "name_or_company", "like"}
    spoken: set[str] = set()
    for path in (vocabulary.folder() / "headers").glob("*.toml"):
        if path.stem not in ("modules", "fields"):
            spoken |= {concept for words in table(f"headers/{path.name}").values() for concept in words}
    assert {concept.removesuffix("+") for concept in spoken} - known <= taken
    assert taken <= spoken | known
    for module in MODULES:
        names = {item.name for item in vocabulary.fields(module)}
        assert set(modules[module]) <= names


@pytest.mark.parametrize("module", MODULES)
def test_an_order_survives_json(module: str) -> None:
    order = vocabulary.order(module, country="FR", map={"Nom": "last_name"})
    assert Order.of(json.loads(json.dumps(order.plain()))) == order
    names = {item.name for item in order.fields}
    assert {order.title, *order.title_from} <= names
    assert all(set(rule.fields) <= names for rule in order.keys)
    assert all(bool(item.options) == (item.kind == "picklist") for item in order.fields)


def test_an_unknown_module_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        vocabulary.order("planets")
