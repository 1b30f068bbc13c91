"""Complaints: what a database says when it will not, as an error that says what to do; knows no statement."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, OperationalError

from syncd.errors import Problem, SetupError, TryLater

BUSY_SECONDS = 60
"""How long a statement waits on SQLite for another program before the database complains."""


class Complaint(NamedTuple):
    """A complaint, told by any of the `words` in it: the error it becomes, why it is, what to do."""

    words: tuple[str, ...]
    remedy: type[SetupError] | type[TryLater]
    code: str
    why: str
    do: str


KNOWN = (
    Complaint(
        ("disk is full", "no space left", "disk i/o error"),
        TryLater,
        "SY-S04",
        "The disk is full or failing; the last batch was taken back whole.",
        "Make room, then run the same again: it goes on where it stopped.",
    ),
    Complaint(
        ("readonly", "read-only"),
        SetupError,
        "SY-S05",
        "The store can be read but not written.",
        "Give the user that runs syncd the right to write the file and its folder.",
    ),
    Complaint(
        ("malformed", "not a database"),
        SetupError,
        "SY-S06",
        "The store's file is damaged.",
        "Stop syncd and put the last backup in its place.",
    ),
    Complaint(
        ("locked",),
        TryLater,
        "SY-S07",
        f"Another program held the store for more than {BUSY_SECONDS} s.",
        "Try again; if it stays so, look for a program that keeps the file open.",
    ),
    Complaint(
        ("unable to open",),
        SetupError,
        "SY-S08",
        "It is no file, or one that may not be read, or SQLite may not write into its folder.",
        "Correct [store] url, or give the user that runs syncd those rights; then run: syncd check.",
    ),
)
AWAY = Complaint(
    (),
    SetupError,
    "SY-S08",
    "The database cannot be reached or used.",
    "Start it, or correct [store] url; then run: syncd check.",
)
"""What any other complaint of a server's about itself means."""


def translated(name: str, error: DBAPIError, *, server: bool) -> SetupError | TryLater:
    """The complaint of the store `name` as one of our errors. What is none of those known is a fault, and raised."""
    text = str(error.orig).strip().splitlines()[0] if error.orig else str(error)
    found = next((one for one in KNOWN if _is(one, text)), None)
    if found is None and isinstance(error, OperationalError) and server:
        found = AWAY
    if found is None:
        raise error
    return found.remedy(Problem(found.code, f"The store ({name}) answered: {text}.", found.why, found.do))


def _is(one: Complaint, text: str) -> bool:
    return any(words in text.lower() for words in one.words)
