"""The gate: which folders are read and which contacts may come in; pure, and it judges before anything is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from syncd.graph.shapes import Folder

Reason = Literal["folder", "category"]
"""Why a contact is left out; all that may be remembered of it is how many there were."""

DEFAULT_FOLDER = "contacts"
"""Graph's own name for the default folder, understood in every language of a mailbox."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What comes in. An empty `folders` or `categories` means all.

    A folder is named by its name, or by the end of its path ("Kunden/Nord"), and brings those below it along. Names are
    compared trimmed and without regard to case.
    """

    folders: tuple[str, ...] = ()
    exclude_folders: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    exclude_categories: tuple[str, ...] = ()


def gate(item: Mapping[str, Any], folder_path: str, rules: Rules, *, known: bool = False) -> Reason | None:
    """Why the contact is left out, None when it comes in.

    `known`: it came in before; a row that does not speak of categories then leaves it where it is.
    """
    if not wanted(folder_path, rules):
        return "folder"
    if known and "categories" not in item:
        return None
    value = item.get("categories")
    if not value:
        return "category" if rules.categories else None
    names = _folded(name for name in value if isinstance(name, str)) if isinstance(value, list) else set()
    if names & _folded(rules.exclude_categories):
        return "category"
    allowed = _folded(rules.categories)
    return "category" if allowed and not names & allowed else None


def full_path(folder: Folder, default: Folder) -> str:
    """A folder's path from the default folder on: excluding that by name takes all below along."""
    return folder.path if folder is default else f"{default.path}/{folder.path}"


@lru_cache(maxsize=256)
def wanted(folder_path: str, rules: Rules) -> bool:
    """Whether the folder with that path (the default folder's name first) is to be read at all."""
    steps = _steps(folder_path)
    if any(_within(steps, name) for name in rules.exclude_folders):
        return False
    return not rules.folders or any(_within(steps, name) for name in rules.folders)


def _within(steps: list[str], name: str) -> bool:
    asked = _steps(name)
    if asked == [DEFAULT_FOLDER]:
        return True
    size = len(asked)
    return size > 0 and any(steps[at : at + size] == asked for at in range(len(steps) - size + 1))


def _steps(path: str) -> list[str]:
    return [part.strip().casefold() for part in path.split("/") if part.strip()]


def _folded(names: Iterable[str]) -> set[str]:
    return {name.strip().casefold() for name in names}
