"""Shape: the sections, keys, types and defaults of the settings; knows no file and no environment.

A key is declared once, here, with the reader of its value; its text for people is in config/syncd.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from syncd.errors import Problem
from syncd.settings import values
from syncd.settings.values import Reader, Removals

ACCOUNT_RULES = ("own_name", "own_company", "own_domain", "ambiguous")
"""The conditions under which Company makes no account that can be switched off; blank, excluded and no right cannot."""

DUPLICATES = values.choice("skip", "overwrite", "clone")
LEVELS = values.choice("debug", "info", "warning", "error")
LANGUAGES = values.choice("en", "fr", "de")
MODULES = values.choice("leads", "contacts", "accounts")
FLAG = Reader(values.flag, "true or false", json=True)
NAMED = Reader(values.named, "text")
COUNTRY = Reader(values.country, "a country code of two letters")
TABLE = Reader(values.table, "a table of texts", json=True)
BOXES = values.lines(values.address, 'a list of addresses or ids, or ["*"]')
DOMAINS = values.lines(values.domain, "a list of mail domains")

OnDuplicate = Literal["skip", "overwrite", "clone"]


def key(reader: Reader, default: Any = MISSING, *, secret: str = "", place: bool = False) -> Any:
    """One key. `secret`: "yes", or "password" when only a password inside a URL is one; `place`: a path."""
    meta = {"reader": reader, "secret": secret, "place": place}
    if default is MISSING:
        return field(metadata=meta, repr=not secret)
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=meta, repr=not secret)
    return field(default=default, metadata=meta, repr=not secret)


@dataclass(frozen=True)
class Store:
    """[store]. `url` is complete when loaded: an SQLite path in it is absolute."""

    url: str = key(Reader(values.store_url, "an SQLAlchemy URL"), "", secret="password")


@dataclass(frozen=True)
class Locale:
    """[locale]. `country` is the default for phone numbers without a country; None keeps them as typed."""

    language: str = key(LANGUAGES, "en")
    timezone: str = key(Reader(values.zone, "a time zone"), "UTC")
    country: str | None = key(COUNTRY, None)


@dataclass(frozen=True)
class Data:
    """[data]. `folder` is where the SQLite store and the watched folder lie when they are not set."""

    folder: Path = key(Reader(values.filled, "a folder"), Path("var"), place=True)


@dataclass(frozen=True)
class Graph:
    """[graph]. `certificate`, `private_key` and `ca_bundle` are PEM files; secrets never show in repr."""

    tenant_id: str = key(Reader(values.tenant, "a tenant's id or domain"))
    client_id: str = key(Reader(values.word, "the app's id"))
    root: str = key(Reader(values.https, "an https address"), "https://graph.microsoft.com")
    authority: str = key(Reader(values.https, "an https address"), "https://login.microsoftonline.com")
    sign_in: Literal["secret", "certificate"] = key(Reader(values.sign_in, "secret | certificate"), "secret")
    client_secret: str | None = key(Reader(values.filled, "the secret's value"), None, secret="yes")
    certificate: Path | None = key(NAMED, None, place=True)
    private_key: Path | None = key(NAMED, None, place=True)
    passphrase: str | None = key(Reader(values.filled, "text"), None, secret="yes")
    refused_mailbox: str | None = key(Reader(values.maybe_single, "one mailbox"), None)
    ca_bundle: Path | None = key(NAMED, None, place=True)
    proxy: str | None = key(Reader(values.proxy, "a proxy's address"), None, secret="password")
    mailboxes: tuple[str, ...] = key(BOXES, ())
    exclude_mailboxes: tuple[str, ...] = key(BOXES, ())
    page_size: int = key(values.whole(1, 1000), 500)
    concurrency: int = key(values.whole(1, 32), 4)


@dataclass(frozen=True)
class Sync:
    """[sync]. Durations in seconds; an empty `folders`, `categories` or `fields` means all of them."""

    every: float = key(values.duration(1), 300.0)
    folders: tuple[str, ...] = key(values.lines(), ())
    exclude_folders: tuple[str, ...] = key(values.lines(), ())
    categories: tuple[str, ...] = key(values.lines(), ())
    exclude_categories: tuple[str, ...] = key(values.lines(), ())
    own_domains: tuple[str, ...] = key(DOMAINS, ())
    own_companies: tuple[str, ...] = key(values.lines(), ())
    on_removed: Literal["delete", "unlink", "keep"] = key(values.choice("delete", "unlink", "keep"), "delete")
    max_removals: Removals = key(Reader(values.removals, 'a count, a share or both: "100, 25%"'), Removals())
    account_rule: tuple[str, ...] = key(
        values.lines(values.one_of(values.choice(*ACCOUNT_RULES)), "a list of " + ", ".join(ACCOUNT_RULES)),
        ACCOUNT_RULES,
    )
    fields: tuple[str, ...] = key(values.lines(), ())


@dataclass(frozen=True)
class Mailbox:
    """[[mailbox]]: what is special about one mailbox; None and 0 leave it to the rest of the settings."""

    address: str = key(Reader(values.single, "one mailbox"))
    owner: str | None = key(NAMED, None)
    country: str | None = key(COUNTRY, None)
    folders: tuple[str, ...] | None = key(values.lines(), None)
    categories: tuple[str, ...] | None = key(values.lines(), None)
    priority: int = key(values.whole(-1000, 1000), 0)


@dataclass(frozen=True)
class Inbox:
    """[inbox]. `folder` None: nothing is watched. `settle` is the time in seconds that a file must be still."""

    folder: Path | None = key(NAMED, Path("var/inbox"), place=True)
    every: float = key(values.duration(0.1), 2.0)
    settle: float = key(values.duration(0), 5.0)
    on_duplicate: OnDuplicate = key(DUPLICATES, "skip")
    match_on: tuple[str, ...] = key(values.lines(), ())
    owner: str | None = key(NAMED, None)
    rescan: float = key(values.duration(1), 300.0)


@dataclass(frozen=True)
class Profile:
    """[profiles.NAME]: how files of one source are read; None leaves it to [inbox] and [locale]."""

    module: Literal["leads", "contacts", "accounts"] = key(MODULES, "leads")
    map: Mapping[str, str] = key(TABLE, {})
    set: Mapping[str, str] = key(TABLE, {})
    owner: str | None = key(NAMED, None)
    country: str | None = key(COUNTRY, None)
    language: str | None = key(LANGUAGES, None)
    dates: Literal["dmy", "mdy", "ymd"] | None = key(values.choice("dmy", "mdy", "ymd"), None)
    accounts: Literal["never", "link", "create"] = key(values.choice("never", "link", "create"), "link")
    on_duplicate: OnDuplicate | None = key(DUPLICATES, None)
    match_on: tuple[str, ...] | None = key(values.lines(), None)
    dry_run: bool = key(FLAG, False)


@dataclass(frozen=True)
class Log:
    """[log]. Every line goes to stderr; `json` makes each line one object."""

    level: Literal["debug", "info", "warning", "error"] = key(LEVELS, "info")
    format: Literal["text", "json"] = key(values.choice("text", "json"), "text")


@dataclass(frozen=True)
class Work:
    """[work]. `threads` is the number of jobs that run at the same time in one process."""

    threads: int = key(values.whole(1, 64), 4)


@dataclass(frozen=True)
class Settings:
    """Everything that was set, complete and checked.

    `path` is the file read, None without one; `given` maps each key set somewhere ("graph.client_secret") to "file",
    "environment" or the secret file it came from; `warnings` are problems that stop nothing.
    """

    store: Store
    locale: Locale
    data: Data
    graph: Graph | None
    sync: Sync
    mailbox: tuple[Mailbox, ...]
    inbox: Inbox
    profiles: Mapping[str, Profile]
    log: Log
    work: Work
    path: Path | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()


SECTIONS: Mapping[str, type[Any]] = {
    "store": Store,
    "locale": Locale,
    "data": Data,
    "graph": Graph,
    "sync": Sync,
    "mailbox": Mailbox,
    "inbox": Inbox,
    "profiles": Profile,
    "log": Log,
    "work": Work,
}


def keys(section: str) -> tuple[str, ...]:
    """The keys of one section, in the order of their declaration."""
    return tuple(one.name for one in fields(SECTIONS[section]))


def with_file(section: str) -> frozenset[str]:
    """The keys of one section that may also be given as `<key>_file`: secrets, and the private key."""
    found = {one.name for one in fields(SECTIONS[section]) if one.metadata["secret"]}
    return frozenset(found | ({"private_key", "certificate"} if section == "graph" else set()))
