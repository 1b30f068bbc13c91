"""Sources: gathers what the settings file and the environment give, key by key; knows no type and no default.

The environment stands above the file. What has no place in the settings is a fault in the file, a warning in the
environment, where other programs' variables may share the prefix.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import fields as declared
from pathlib import Path
from typing import Any

from syncd.errors import Problem
from syncd.settings.shape import SECTIONS, keys, with_file

PREFIX = "SYNCD_"
EXAMPLES = {"list": """'["one", "two"]'""", "table": """'{"Column": "field"}'"""}
KNOWN = frozenset({"SYNCD_CONFIG"})


@dataclass(frozen=True, slots=True)
class Given:
    """One value somebody gave. `origin` is "file", "environment" or a secret file; `name` is how people find it."""

    value: Any
    origin: str
    name: str


@dataclass
class Table:
    """One table of the settings: its section, its heading as in the file, and what was given for its keys."""

    section: str
    title: str
    given: dict[str, Given] = field(default_factory=dict)


@dataclass
class Found:
    """All tables by heading, and what is wrong with them so far."""

    tables: dict[str, Table] = field(default_factory=dict)
    faults: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def fault(self, code: str, what: str, why: str, do: str) -> None:
        """Notes a fault: the settings cannot stand."""
        self.faults.append(Problem(code, what, why, do))

    def warn(self, code: str, what: str, why: str, do: str) -> None:
        """Notes a warning: the settings stand."""
        self.warnings.append(Problem(code, what, why, do))

    def table(self, section: str, title: str) -> Table:
        """The table of that heading, made when it is new."""
        return self.tables.setdefault(title, Table(section, title))


def gather(path: Path | None, environ: Mapping[str, str]) -> Found:
    """Everything given by the file (None: there is none) and the environment."""
    found = Found()
    if path is not None:
        _file(found, path)
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in KNOWN:
            _variable(found, name, environ[name])
    return found


def nearest(word: str, words: tuple[str, ...]) -> str:
    """The known word most like a mistyped one, "" when none is near."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word.lower(), words, 1, 0.6)), "")


def _file(found: Found, path: Path) -> None:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        raw = tomllib.loads(text)
    except OSError as error:
        found.fault(
            "SY-C01",
            f"The settings file {path} cannot be read.",
            f"The system says: {error.strerror or error}.",
            "Check path and rights, or write a new file with: syncd init",
        )
        return
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        seen = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        found.fault(
            "SY-C02",
            f"The settings file {path} is no valid TOML.",
            f"Seen: {seen}; nothing in the file counts until this is right.",
            "Correct that line (texts stand in quotes, lists in brackets) and save as UTF-8.",
        )
        return
    for section, content in raw.items():
        _section(found, path, section, content)


def _section(found: Found, path: Path, section: str, content: Any) -> None:
    if section not in SECTIONS:
        near = nearest(section, tuple(SECTIONS))
        found.fault(
            "SY-C03",
            f"Unknown section or key {section!r} in {path}.",
            "It would have no effect, so it is refused.",
            f"Write [{near}]." if near else f"Take it out; the sections are {', '.join(SECTIONS)}.",
        )
    elif section == "mailbox":
        _mailboxes(found, content, "file", f"in {path}")
    elif section == "profiles":
        for name, inner in (content if isinstance(content, dict) else {"": content}).items():
            _keys(found, found.table("profiles", f"[profiles.{name}]"), inner, "file", f"in {path}")
    else:
        _keys(found, found.table(section, f"[{section}]"), content, "file", f"in {path}")


def _mailboxes(found: Found, content: Any, origin: str, where: str) -> None:
    for title in [title for title, table in found.tables.items() if table.section == "mailbox"]:
        del found.tables[title]
    if not isinstance(content, list):
        _not_a_table(found, "[mailbox]", where, "[[mailbox]] with double brackets, once for each mailbox")
        return
    for number, inner in enumerate(content, 1):
        _keys(found, found.table("mailbox", f"[[mailbox]] no. {number}"), inner, origin, where)


def _keys(found: Found, table: Table, content: Any, origin: str, where: str) -> None:
    if not isinstance(content, dict):
        _not_a_table(found, table.title, where, f"{table.title} on a line of its own, its keys below it")
        found.tables.pop(table.title, None)
        return
    known = _known(table.section)
    for key, value in content.items():
        if key in known:
            table.given[key] = Given(value, origin, f"{table.title} {key} {where}")
        else:
            found.fault(
                "SY-C03",
                f"Unknown key {key!r} in {table.title} {where}.",
                "It would have no effect, so it is refused.",
                _advice(table.section, key),
            )


def _advice(section: str, key: str) -> str:
    near = nearest(key, _known(section))
    elsewhere = [other for other in SECTIONS if key in keys(other) and other != section]
    if near and near != key:
        return f"Write {near!r}."
    if elsewhere:
        return f"Move it: {key!r} belongs to [{elsewhere[0]}]."
    return f"Take it out; known here are {', '.join(keys(section))}."


def _not_a_table(found: Found, title: str, where: str, do: str) -> None:
    found.fault(
        "SY-C04", f"{title} {where} holds a single value.", "A table of keys is expected there.", f"Write {do}."
    )


def _known(section: str) -> tuple[str, ...]:
    return keys(section) + tuple(f"{key}_file" for key in sorted(with_file(section)))


def _variable(found: Found, name: str, text: str) -> None:
    section, _, rest = name.removeprefix(PREFIX).lower().partition("__")
    profile, _, key = rest.partition("__") if section == "profiles" else ("", "", rest)
    if section in ("mailbox", "profiles") and not key:
        _whole(found, section, profile, name, text)
    elif section in SECTIONS and section != "mailbox" and key in _known(section):
        title = f"[profiles.{_spelt(found, profile)}]" if section == "profiles" else f"[{section}]"
        value = _decoded(found, section, key, name, text)
        if value is not None:
            table = found.table(section, title)
            _supersede(table, key)
            table.given[key] = Given(value, "environment", name)
    else:
        near = nearest(rest, _known(section)) if section in SECTIONS and rest else ""
        meant = f"{PREFIX}{section.upper()}__{near.upper()}" if near else ""
        found.warn(
            "SY-C12",
            f"The environment variable {name} is not known and has no effect.",
            "No setting has this name.",
            f"Perhaps {meant} is meant."
            if meant
            else "Take it out of the environment, or write SYNCD_<SECTION>__<KEY>.",
        )


def _supersede(table: Table, key: str) -> None:
    """A variable replaces its key in the file in both its forms, with and without `_file`."""
    for other in (key, f"{key}_file", key.removesuffix("_file")):
        if other in table.given and table.given[other].origin == "file":
            del table.given[other]


def _spelt(found: Found, profile: str) -> str:
    """The profile's name as the file spells it; a variable's name has lost its case."""
    for title in found.tables:
        name = title.removeprefix("[profiles.").removesuffix("]")
        if title.startswith("[profiles.") and name.lower().replace("-", "_") == profile:
            return name
    return profile


def _whole(found: Found, section: str, profile: str, name: str, text: str) -> None:
    value = _json(found, name, text, "a list of tables" if section == "mailbox" else "a table")
    if value is None:
        return
    if section == "mailbox":
        _mailboxes(found, value, "environment", f"in {name}")
    elif profile:
        table = found.table("profiles", f"[profiles.{_spelt(found, profile)}]")
        _keys(found, table, value, "environment", f"in {name}")
    elif isinstance(value, dict):
        for each, inner in value.items():
            _keys(found, found.table("profiles", f"[profiles.{each}]"), inner, "environment", f"in {name}")
    else:
        _not_a_table(found, "profiles", f"in {name}", '{"NAME": {"module": "leads"}}')


def _decoded(found: Found, section: str, key: str, name: str, text: str) -> Any:
    for one in declared(SECTIONS[section]):
        if one.name == key and one.metadata["reader"].json:
            return _json(found, name, text, one.metadata["reader"].form)
    return text


def _json(found: Found, name: str, text: str, form: str) -> Any:
    import json

    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if value is None:
        example = next((text for kind, text in EXAMPLES.items() if kind in form), "digits, such as 20")
        found.fault("SY-C04", f"{name} is no JSON.", f"Expected there: {form}.", f"Write it as {example}.")
    return value
