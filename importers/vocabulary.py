"""Vocabulary: finds config/ and loads its tables once; knows no file that is imported and no rule of matching."""

from __future__ import annotations

import sys
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from importers import normalise
from importers.headers import Vocabulary
from importers.rows import Field, KeyRule, Order, Problem

_NOT_FAMILIES = frozenset({"fields", "modules"})


@lru_cache(maxsize=1)
def folder() -> Path:
    """The folder of our configuration data: beside the package in a checkout, else the installed copy."""
    checkout = Path(__file__).resolve().parent.parent / "config"
    installed = Path(sys.prefix) / "share" / "syncd" / "config"
    return checkout if (checkout / "headers").is_dir() else installed


@lru_cache(maxsize=1)
def headers() -> Vocabulary:
    """Header words of all families and of plain speech (config/headers)."""
    data: dict[str, Any] = {"families": {}}
    for path in sorted((folder() / "headers").glob("*.toml")):
        table = _load(path)
        if path.stem == "modules":
            data |= table
        elif path.stem not in _NOT_FAMILIES:
            data["families"] |= table
    return Vocabulary.of(data)


@lru_cache(maxsize=1)
def companies() -> normalise.Forms:
    """Legal forms of companies (config/companies.toml)."""
    return normalise.Forms.of(_load(folder() / "companies.toml"))


@lru_cache(maxsize=1)
def nicknames() -> normalise.Nicknames:
    """Given names and their short forms (config/names.toml)."""
    return normalise.Nicknames.of(_load(folder() / "names.toml"))


@lru_cache(maxsize=1)
def _fields() -> dict[str, Any]:
    return _load(folder() / "headers" / "fields.toml")


def fields(module: str) -> tuple[Field, ...]:
    """The fields of a module when no caller hands them in (config/headers/fields.toml). Raises KeyError."""
    picklists = _fields()["picklists"]
    return tuple(
        Field(name, kind, length, tuple(picklists[name]) if kind == "picklist" else ())
        for name, kind, length in _fields()["modules"][module]["fields"]
    )


def order(module: str, **wishes: Any) -> Order:
    """An order for a module as config/headers/fields.toml describes it. Raises KeyError for an unknown module."""
    table = _fields()["modules"][module]
    keys = tuple(KeyRule(kind, tuple(names)) for kind, *names in table["keys"])
    return Order(
        module, fields(module), keys=keys, title=table["title"], title_from=tuple(table["title_from"]), **wishes
    )


@lru_cache(maxsize=8)
def messages(language: str) -> dict[str, dict[str, str]]:
    """Texts by code, English where the language has none: `what`, `why`, `do` with {placeholders}."""
    texts: dict[str, dict[str, str]] = _load(folder() / "messages" / "en.toml")
    own = folder() / "messages" / f"{language[:2].lower()}.toml"
    return texts | _load(own) if own.is_file() else texts


def problem(code: str, language: str, **values: object) -> Problem:
    """A `Problem` in words of the language; placeholders without a value stay as they stand."""
    text = messages(language)[code]
    seen = _Values(values)
    return Problem(code, *(text.get(part, "").format_map(seen) for part in ("what", "why", "do")))


def sentence(code: str, language: str, **values: object) -> str:
    """The one sentence that says why a row was refused or flagged."""
    return messages(language)[code]["why"].format_map(_Values(values))


class _Values(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _load(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)
