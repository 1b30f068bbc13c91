"""Secrets: reads them from their files and tells where they lie too openly; never repeats one in a message."""

from __future__ import annotations

import re
import stat
from dataclasses import fields
from pathlib import Path

from syncd.settings import values
from syncd.settings.shape import SECTIONS, with_file
from syncd.settings.sources import Found, Given, Table
from syncd.settings.values import GUID, Wrong

LIMIT = 65_536


def resolve(found: Found, folder: Path) -> None:
    """Replaces each `<key>_file` by what the file holds, or by the path where the key itself is one."""
    for table in found.tables.values():
        for key in sorted(with_file(table.section)):
            if f"{key}_file" in table.given:
                _resolve(found, table, key, folder)
        _judge(found, table)


def _resolve(found: Found, table: Table, key: str, folder: Path) -> None:
    given = table.given.pop(f"{key}_file")
    if key in table.given:
        found.fault(
            "SY-C07",
            f"{key} and {key}_file are both set in {table.title}.",
            "Only one of them can count.",
            f"Take {key} out and keep the file.",
        )
        return
    try:
        path = values.path(given.value, folder)
    except Wrong as wrong:
        found.fault("SY-C04", f"{given.name} names no file.", f"It must be {wrong.must}.", "Write the path in quotes.")
        return
    if any(one.name == key and one.metadata["place"] for one in fields(SECTIONS[table.section])):
        table.given[key] = Given(str(path), given.origin, given.name)
        return
    secret = _read(found, given, path)
    if secret is not None:
        table.given[key] = Given(secret, str(path), given.name)


def _read(found: Found, given: Given, path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            data = stream.read(LIMIT + 1)
        text = data.decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        seen = (error.strerror or str(error)) if isinstance(error, OSError) else "it holds no text"
        found.fault("SY-C08", f"The file {path} of {given.name} cannot be read.", f"Seen: {seen}.", _rights(path))
        return None
    if not text or len(data) > LIMIT:
        seen = "it is empty" if not text else f"it is larger than {LIMIT:,} bytes"
        found.fault("SY-C08", f"The file {path} of {given.name} holds no secret.", f"Seen: {seen}.", "Write it again.")
        return None
    open_to_others(found, path)
    return text


def _rights(path: Path) -> str:
    return f"Check the path, and that the user syncd runs as may read it: ls -l {path}"


def open_to_others(found: Found, path: Path) -> None:
    """Warns when every user of the machine may read a secret's file."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if stat.S_IMODE(mode) & 0o004:
        found.warn(
            "SY-C10",
            f"The secret in {path} can be read by every user of this machine ({stat.filemode(mode)}).",
            "Whoever reads it can read the mailboxes.",
            f"Close it: chmod o= {path}",
        )


def _judge(found: Found, table: Table) -> None:
    for one in fields(SECTIONS[table.section]):
        given = table.given.get(one.name)
        if given is None or not one.metadata["secret"] or not isinstance(given.value, str):
            continue
        clear = one.metadata["secret"] == "yes" or re.search(r"://[^/@]*:[^/@]+@|[?&]password=", given.value)
        if clear and given.origin == "file":
            found.warn(
                "SY-C11",
                f"{given.name} holds a secret in clear.",
                "It is seen by whoever reads the file, and goes into its copies and backups.",
                f"Put it into a file of its own (chmod 600) and write {one.name}_file.",
            )
        if one.name == "client_secret" and re.fullmatch(GUID, given.value.strip()):
            found.warn(
                "SY-C14",
                f"{given.name} looks like an id.",
                "Entra shows a secret's ID beside its Value; Microsoft refuses the ID.",
                "Copy the Value (shown once, when the secret is made).",
            )
