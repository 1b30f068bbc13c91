"""Refusals: why a mailbox is not read although nothing is wrong with it, in words; decides nothing."""

from __future__ import annotations

from datetime import datetime

from syncd.errors import Problem, Refused, TryLater


def too_early(address: str, until: datetime, seconds: float, *, told: bool) -> TryLater:
    """What to say of a mailbox whose wait is not over; `told` when it is Microsoft that asked for it."""
    return TryLater(
        Problem(
            "SY-M11",
            f"{address} is not asked before {until:%H:%M:%S} UTC.",
            "Microsoft asked for this wait; asking earlier would prolong it."
            if told
            else "It failed last time and is tried again by itself.",
            "Wait; the other mailboxes go on.",
        ),
        after=seconds,
    )


def half_applied(address: str, run: int) -> Refused:
    """What to say of a mailbox whose saved plan was being carried out when the process was killed."""
    return Refused(
        Problem(
            "SY-W09",
            f"{address} waits: the saved plan of run {run} is carried out by half.",
            "A sync now would take the other half out of its hands.",
            f"Finish it: syncd apply {run}; the next sync goes on by itself.",
        )
    )


def no_folder(folder: str, address: str) -> Refused:
    """What to say of a mailbox that has nothing of the one folder that was asked for."""
    return Refused(
        Problem(
            "SY-M14",
            f"{address} has no folder named {folder} that is synced.",
            "Nothing was read; names are compared without regard to case.",
            "Look at the folder's name in Outlook, and at [sync] folders and exclude_folders.",
        )
    )
