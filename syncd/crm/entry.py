"""Entry: values typed by hand, checked and cleaned by their field's kind; knows no form and no terminal."""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from importers import normalise
from importers.rows import CELL_LIMIT
from syncd.crm import records
from syncd.crm.matching import Words
from syncd.errors import Problem, Refused
from syncd.modules import MODULES, Field, Module
from syncd.store import Session

INTEGERS = range(-(2**63), 2**63)


@dataclass
class Entry:
    """What was typed, by field name, as it is stored; and what was kept but is doubtful."""

    values: dict[str, Any] = field(default_factory=dict)
    flags: list[Problem] = field(default_factory=list)


def entered(tx: Session, module: Module, typed: Mapping[str, str], words: Words) -> Entry:
    """Cleans typed values. `FIELD=` empties a field; a link is given by name, or by id as FIELD_id.

    Raises Refused naming every field that is unknown or whose value cannot be.
    """
    made = Entry()
    faults = _twice(module, typed)
    for name, text in typed.items():
        try:
            _one(tx, module, (name, text), words, made)
        except Refused as error:
            faults.extend(error.problems)
    if faults:
        raise Refused(*faults)
    return made


def _twice(module: Module, typed: Mapping[str, str]) -> list[Problem]:
    """The links that are given both by name and by id."""
    links = [f for f in module.fields if f.link and f.name in typed and f"{f.name}_id" in typed]
    why = "They may mean two records."
    return [Problem("SY-E10", f"{f.name} is given by name and by id.", why, f"Leave {f.name} out.") for f in links]


def _one(tx: Session, module: Module, typed: tuple[str, str], words: Words, made: Entry) -> None:
    name, text = typed
    base = name.removesuffix("_id")
    if base in module.at and module.field(base).kind == "link":
        made.values[base] = _link(tx, module.field(base), text, by_id=name != base)
    elif name.startswith("extra.") and len(name) > 6:
        made.values[name] = _storable(name, text)
    elif name not in module.at:
        raise Refused(
            Problem(
                "SY-E01",
                f"{module.name} have no field named {name}.",
                "The name is misspelt, or belongs to another module.",
                f"The fields are: {', '.join(module.at)}.",
            )
        )
    else:
        made.values[name] = _clean(module.field(name), text, words, made.flags)


def _storable(name: str, text: str) -> str | None:
    value = normalise.strip([text])[0]
    if value is not None and normalise.storable([value]):
        raise _bad(name, text, f"it holds characters that no database keeps, or more than {CELL_LIMIT:,} of them")
    return value


def _clean(of: Field, text: str, words: Words, flags: list[Problem]) -> Any:
    value = _storable(of.name, text)
    if value is None:
        return None
    if of.length and len(value) > of.length:
        raise _bad(of.name, value, f"it has {len(value)} characters and the field takes {of.length}")
    if of.kind == "phone":
        if normalise.phones([value], words.country)[1]:
            flags.append(Problem("SY-E04", f"{of.name} {value!r} is no valid phone number.", "It was kept as typed."))
        return value
    if of.kind == "picklist":
        found, unknown = normalise.picklist([value], of.options)
        if unknown:
            words_of = ", ".join(of.options)
            flags.append(
                Problem(
                    "SY-E05", f"{of.name} has no word {value!r}.", "It was kept as typed.", f"It knows: {words_of}."
                )
            )
        return found[0]
    return _typed(of, value)


def _typed(of: Field, value: str) -> Any:
    if of.kind == "email":
        found, bad = normalise.emails([value])
        return _good(of, value, found[0], bad, "it is no e-mail address")
    if of.kind == "date":
        order = normalise.date_order([value]) or "ymd"
        dates, bad = normalise.dates([value], order)
        return _good(of, value, dates[0], bad, "it is no date, or may be read in two ways: write YYYY-MM-DD")
    if of.kind in ("number", "money"):
        read = normalise.numbers if of.kind == "number" else normalise.money
        numbers, bad = read([value])
        low, high = of.bounds or (INTEGERS[0], INTEGERS[-1])
        found_number = _good(of, value, numbers[0], bad, "it is no number, or none that can be stored")
        if found_number is not None and not low <= found_number <= high:
            raise _bad(of.name, value, f"it must lie between {low} and {high}")
        return found_number
    if of.kind == "flag":
        flags, bad = normalise.flags([value])
        flag = _good(of, value, flags[0], bad, "it is neither yes nor no")
        return None if flag is None else int(flag)
    return value


def _good(of: Field, typed: str, value: Any, bad: list[int], why: str) -> Any:
    if bad:
        raise _bad(of.name, typed, why)
    return value


def _bad(name: str, text: str, why: str) -> Refused:
    short = text if len(text) <= 60 else f"{text[:57]}…"
    return Refused(
        Problem(
            "SY-E02", f"{name} cannot be {short!r}: {why}.", "Nothing was changed.", f"Correct {name} and try again."
        )
    )


def _link(tx: Session, of: Field, text: str, *, by_id: bool) -> int | None:
    if not text.strip():
        return None
    target = MODULES[of.link or ""]
    if by_id:
        number = int(text) if text.strip().isdecimal() and len(text) < 19 else 0
        if not records.fetch(tx, target, [number]):
            raise _nobody(of, f"There is no {target.singular} {text}.", "Give the id of one that exists.")
        return number
    ids = named(tx, target, text.strip())
    if len(ids) != 1:
        what = (
            f"{len(ids)} {target.name} are named {text!r}: {', '.join(map(str, ids))}."
            if ids
            else f"No {target.singular} is named {text!r}."
        )
        part = shlex.quote(part_of(target, text))
        do = f"Say which by its id: {of.name}_id=NUMBER; to find it: syncd list {target.name} --where {part}"
        raise _nobody(of, what, do)
    return ids[0]


def part_of(module: Module, name: str) -> str:
    """A condition that finds records whose name is written somewhat otherwise: by its longest word."""
    return f"{module.title[-1]}~{max(name.split(), key=len, default='')}"


def _nobody(of: Field, what: str, do: str) -> Refused:
    return Refused(Problem("SY-E03", what, f"{of.name} links to exactly one record.", do))


def named(tx: Session, module: Module, name: str) -> list[int]:
    """The ids of the records that bear exactly this name, as shown; a letter and its accent may be one sign or two."""
    forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")} | {name}
    parts = set(forms)
    if len(module.title) > 1:
        parts = {" ".join(words[i:]) for words in map(str.split, forms) for i in range(len(words))}
    rows = tx.lookup(module.table, module.title[-1], ("id", *module.title), sorted(parts))
    shown = ((row[1], " ".join(part for part in row[2:] if part)) for row in rows)
    return sorted({record for record, title in shown if unicodedata.normalize("NFC", title) in forms})
