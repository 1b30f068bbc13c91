"""Probe: the shape of one checked item; knows no check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from syncd.errors import Problem

State = Literal["ok", "warn", "fault", "unchecked"]


@dataclass(frozen=True)
class Item:
    """One checked item: `text` says how it stands, `problem` what is wrong with it."""

    state: State
    name: str
    text: str = ""
    problem: Problem | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    """Figures of the item, for the JSON document."""

    def plain(self) -> dict[str, Any]:
        """The item as JSON-ready data."""
        text = self.problem.what if self.problem else self.text
        problem = self.problem and self.problem.plain()
        return {"item": self.name, "state": self.state, "text": text, "problem": problem, **self.more}


def ok(name: str, text: str, **more: Any) -> Item:
    """It works."""
    return Item("ok", name, text, more=more)


def warned(name: str, problem: Problem) -> Item:
    """It works, and yet."""
    return Item("warn", name, problem=problem)


def fault(name: str, problem: Problem) -> Item:
    """It does not work."""
    return Item("fault", name, problem=problem)


def unchecked(name: str, why: str) -> Item:
    """It was not looked at: never a second fault."""
    return Item("unchecked", name, why)
