"""Outlook: mailboxes to sync from, and what a test compares of them with the store; knows no test."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Item, Mailbox
from tests.flows.program import Program

ANNA, EINKAUF = "anna.weber@norrvik.example", "einkauf@norrvik.example"


def settings(simulator: Simulator, sync: str = "", more: str = "", **graph: Any) -> str:
    """Settings for the simulator's mailboxes; `sync` is TOML of that section, `more` of others."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in (simulator.settings() | graph).items()]
    return "[graph]\n" + "\n".join(lines) + f"\n[sync]\n{sync}\n{more}\n"


def office(folder: Path, url: str, simulator: Simulator, sync: str = "", more: str = "", **graph: Any) -> Program:
    """The program with mailboxes of the simulator."""
    return Program(folder, url, settings(simulator, sync, more, **graph))


def person(box: Mailbox, name: str, company: str | None = None, folder: str = "contacts", **other: Any) -> Item:
    """A new contact, "Given Family", with an e-mail address of its own unless `mail` says another ("" none)."""
    given, _, family = name.partition(" ")
    address = other.pop("mail", f"{given}.{family}@{family}.example".lower().replace(" ", ""))
    mails = [{"name": name, "address": address}] if address else []
    return box.add(folder, givenName=given, surname=family, companyName=company, emailAddresses=mails, **other)


def contacts(syncd: Program) -> dict[str, dict[str, Any]]:
    """The store's contacts by full name."""
    return {_full(c): c for c in syncd.json("list", "contacts")}


def accounts(syncd: Program) -> list[str]:
    """The names of the store's accounts, sorted."""
    return sorted(a["name"] for a in syncd.json("list", "accounts"))


def linked(syncd: Program) -> dict[str, str | None]:
    """Each contact's account."""
    return {name: c["account"] for name, c in contacts(syncd).items()}


def _full(contact: dict[str, Any]) -> str:
    return " ".join(filter(None, (contact["first_name"], contact["last_name"])))


def changes(syncd: Program, run: int) -> list[dict[str, Any]]:
    """What a run changed."""
    return list(syncd.json("runs", run)["changes"])


def counts(run: dict[str, Any]) -> dict[str, int]:
    """A run's counts that are not nought."""
    return {name: count for name, count in run["counts"].items() if count}


def codes(run: dict[str, Any]) -> list[str]:
    """The codes of a run's problems and of its mailboxes'."""
    return [p["code"] for one in [run, *run.get("mailboxes", ())] for p in one["problems"]]


def ledger(syncd: Program) -> list[str]:
    """The store's records and ledger, without runs, their problems and the state of items."""
    left = ('"run":"', '"problem":', '"item":')
    return [line for line in syncd.whole(ledger=True) if not any(mark in line for mark in left)]


def exported(syncd: Program) -> list[dict[str, Any]]:
    """The contacts as `export` writes them, with the fields that Outlook fills."""
    rows = json.loads(syncd("export", "contacts", "--format", "json"))
    left = ("id", "account", "account_id", "owner", "reports_to_id", "email_opt_out", "extra")
    return sorted(({k: v for k, v in row.items() if v is not None and k not in left} for row in rows), key=order)


def order(row: dict[str, Any]) -> str:
    """Sorts rows."""
    return json.dumps(row, sort_keys=True)


def asked(simulator: Simulator, since: int, kind: str = "delta") -> list[str]:
    """The paths of requests of a kind behind the first `since`."""
    return [one.path for one in simulator.requests[since:] if one.kind == kind]


def bytes_of(syncd: Program) -> bytes:
    """Everything that lies on the disk of an SQLite store."""
    place = Path(re.sub("^sqlite:///", "", syncd.url))
    return b"".join(each.read_bytes() for each in sorted(place.parent.iterdir()) if each.is_file())
