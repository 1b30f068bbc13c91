"""Load: settings file and environment to one complete, checked `Settings`, all faults at once; opens no store."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

from syncd.errors import Problem, SetupError
from syncd.settings import signin, values
from syncd.settings.places import config_folder
from syncd.settings.secrets import resolve
from syncd.settings.shape import SECTIONS, Data, Inbox, Mailbox, Profile, Settings, Store
from syncd.settings.sources import Found, Given, Table, gather
from syncd.settings.values import NAME, Wrong

PLAIN = ("store", "locale", "data", "sync", "inbox", "log", "work")


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings from `path`, else from SYNCD_CONFIG, else from ./syncd.toml, else the defaults.

    Relative paths are taken from the settings file's folder, without a file from the current directory. Raises
    SetupError with every fault there is. `graph` is None when neither file nor environment has a key of [graph].
    """
    path = _place(path, environ)
    folder = path.parent if path else Path.cwd()
    found = gather(path, environ)
    resolve(found, folder)
    made = {title: _section(found, table, folder) for title, table in found.tables.items()}
    single = {name: made.get(f"[{name}]") or _blank(name, found, folder) for name in PLAIN}
    mailboxes = tuple(one for one in made.values() if isinstance(one, Mailbox))
    profiles = _profiles(found, made)
    graph = signin.complete(found, made.get("[graph]"))
    signin.special(found, graph, mailboxes)
    if found.faults:
        raise SetupError(*found.faults)
    settings = Settings(
        graph=graph,
        mailbox=mailboxes,
        profiles=profiles,
        path=path,
        given=_given(found),
        warnings=tuple(found.warnings),
        **single,
    )
    return _placed(settings, folder)


def annotated() -> str:
    """The text of config/syncd.toml: every key with its default and what it is for, all commented out."""
    return (config_folder() / "syncd.toml").read_text(encoding="utf-8")


def _place(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    if path is None and environ.get("SYNCD_CONFIG"):
        path = Path(environ["SYNCD_CONFIG"])
    if path is None and Path("syncd.toml").is_file():
        path = Path("syncd.toml")
    try:
        return None if path is None else values.path(str(path), Path.cwd())
    except Wrong as wrong:
        raise SetupError(
            Problem(
                "SY-C01", f"The settings file {path} cannot be read.", f"It must be {wrong.must}.", "Check the path."
            )
        ) from wrong


def _blank(section: str, found: Found, folder: Path) -> Any:
    return _section(found, Table(section, f"[{section}]"), folder)


def _section(found: Found, table: Table, folder: Path) -> Any:
    """The section's dataclass, or None when one of its values is wrong."""
    read: dict[str, Any] = {}
    before = len(found.faults)
    for one in fields(SECTIONS[table.section]):
        given = table.given.get(one.name)
        if given is not None:
            read[one.name] = _value(found, given, one.metadata, folder)
        elif one.default is MISSING and one.default_factory is MISSING:
            found.fault(
                "SY-C06",
                f"{table.title} has no {one.name}.",
                f"Needed there: {one.metadata['reader'].form}.",
                f"Add it, or set {_variable(table, one.name)}.",
            )
    return SECTIONS[table.section](**read) if len(found.faults) == before else None


def _variable(table: Table, key: str) -> str:
    return "SYNCD_MAILBOX" if table.section == "mailbox" else f"SYNCD_{table.section.upper()}__{key.upper()}"


def _value(found: Found, given: Given, meta: Mapping[str, Any], folder: Path) -> Any:
    try:
        value = meta["reader"].take(given.value)
        return values.path(value, folder) if meta["place"] and value is not None else value
    except Wrong as wrong:
        shown = (
            "not what it must be; it is not shown, it may hold a password" if meta["secret"] else _shown(given.value)
        )
        found.fault(
            "SY-C04" if wrong.kind else "SY-C05",
            f"{given.name} is {shown}.",
            f"It must be {wrong.must}.",
            "Correct it; until then syncd does not start.",
        )
        return None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _profiles(found: Found, made: Mapping[str, Any]) -> dict[str, Profile]:
    profiles: dict[str, Profile] = {}
    for title, table in found.tables.items():
        if table.section != "profiles":
            continue
        name = title.removeprefix("[profiles.").removesuffix("]")
        if not re.fullmatch(NAME, name) or name.lower() in ("done", "waiting", "failed"):
            found.fault(
                "SY-C05",
                f"A profile cannot be named {name!r}.",
                "It is also the name of a folder in the inbox; done, waiting and failed are taken.",
                "Choose a name of letters, digits, - and _.",
            )
        elif isinstance(made[title], Profile):
            profiles[name] = made[title]
    return profiles


def _given(found: Found) -> dict[str, str]:
    return {
        f"{title.replace('[', '').replace(']', '')}.{key}": given.origin
        for title, table in found.tables.items()
        for key, given in table.given.items()
    }


def _placed(settings: Settings, folder: Path) -> Settings:
    """What depends on the data folder when it is not set, and SQLite's path made absolute."""
    data = Data(folder / settings.data.folder)
    inbox: Inbox = settings.inbox
    if "inbox.folder" not in settings.given:
        inbox = replace(inbox, folder=data.folder / "inbox")
    return replace(settings, data=data, inbox=inbox, store=Store(_store(settings.store.url, data.folder, folder)))


def _store(url: str, data: Path, folder: Path) -> str:
    if not url:
        return f"sqlite:///{data / 'syncd.db'}"
    head, _, rest = url.partition(":///")
    path, mark, query = rest.partition("?")
    if head != "sqlite" or path in ("", ":memory:") or path.startswith("file:"):
        return url
    try:
        return f"sqlite:///{values.path(path, folder)}{mark}{query}"
    except Wrong as wrong:
        raise SetupError(
            Problem("SY-C05", f"[store] url is {url!r}.", f"Its file must be {wrong.must}.", "Correct the path.")
        ) from wrong
