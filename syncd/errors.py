"""Errors, named by their remedy; knows no cause and no place.

Each carries problems in the shape the outside sees: a stable code, what was seen, what it means, what to do.
"""

from __future__ import annotations

from importers.rows import Problem

__all__ = [
    "Busy",
    "Outdated",
    "Problem",
    "Refused",
    "SetupError",
    "SignInNeeded",
    "StartOver",
    "SyncdError",
    "TryLater",
]


class SyncdError(Exception):
    """What a command may end with. `exit` is the process's exit status."""

    exit = 1

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.problems))


class SetupError(SyncdError):
    """Settings, store or rights are wrong; all faults at once. Remedy: an operator changes the set-up."""

    exit = 78


class SignInNeeded(SetupError):
    """Entra or Graph refuses our credentials. Remedy: an administrator renews them."""


class TryLater(SyncdError):
    """The other side is busy or away. `after` is the number of seconds it asks for, None when it does not say."""

    def __init__(self, *problems: Problem, after: float | None = None) -> None:
        super().__init__(*problems)
        self.after = after


class StartOver(SyncdError):
    """A cursor is no longer good: enumerate again from the start. `location` is a start link when the server gave one."""

    def __init__(self, *problems: Problem, location: str | None = None) -> None:
        super().__init__(*problems)
        self.location = location


class Outdated(SyncdError):
    """A plan or a version no longer fits the store. Remedy: read again and plan anew."""

    exit = 4


class Busy(SyncdError):
    """Another instance holds the work. Remedy: wait for it, or stop it."""

    exit = 75


class Refused(SyncdError):
    """This one thing cannot be done, for a reason that is named; everything else goes on."""
