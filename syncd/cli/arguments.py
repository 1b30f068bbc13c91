"""Arguments: what several commands take: modules, FIELD=VALUE, conditions, reasons; knows no store."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from syncd.modules import MODULES, Module

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class ModuleName(click.ParamType[Module]):
    """The name of a module, singular allowed."""

    name = "module"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Module:
        if isinstance(value, Module):
            return value
        found = MODULES.get(value) or MODULES.get(f"{value}s")
        if found is None:
            self.fail(f"there is no module {value!r}; the modules are {', '.join(MODULES)}", param, ctx)
        return found


class Text(click.ParamType[str]):
    """Text that can be kept: bytes that are none in the terminal's encoding are refused here."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            str(value).encode()
        except UnicodeEncodeError:
            self.fail("it holds bytes that are no text", param, ctx)
        return str(value)


class Pair(click.ParamType[tuple[str, str]]):
    """FIELD=VALUE, or COLUMN=FIELD: split at the first =, or at the last where the right side is a field."""

    def __init__(self, name: str, *, last: bool = False) -> None:
        self.name = name
        self.last = last

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        TEXT.convert(value, param, ctx)
        left, equals, right = value.rpartition("=") if self.last else value.partition("=")
        if not equals or not left.strip():
            self.fail(f"{value!r} is not {self.name}", param, ctx)
        return left.strip(), right.strip() if self.last else right


class Condition(click.ParamType[str]):
    """FIELD=VALUE or FIELD~TEXT."""

    name = "FIELD=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        TEXT.convert(value, param, ctx)
        if not re.fullmatch(r"[^=~]+[=~].*", value, re.DOTALL):
            self.fail(f"{value!r} is neither FIELD=VALUE nor FIELD~TEXT", param, ctx)
        return str(value)


MODULE = ModuleName()
TEXT = Text()
RECORD = click.IntRange(0, 2**63 - 1)
RUN = click.IntRange(0, 2**63 - 1)


def module_argument(command: Decorated) -> Decorated:
    """MODULE."""
    return click.argument("module", type=MODULE, metavar="MODULE")(command)


def record_argument(command: Decorated) -> Decorated:
    """ID."""
    return click.argument("record", type=RECORD, metavar="ID")(command)


def values_argument(*, required: bool) -> Callable[[Decorated], Decorated]:
    """FIELD=VALUE …"""
    return click.argument("values", type=Pair("FIELD=VALUE"), nargs=-1, required=required, metavar="FIELD=VALUE …")


def reason_option(command: Decorated) -> Decorated:
    """--reason TEXT."""
    return click.option("--reason", type=TEXT, default="", metavar="TEXT", help="Why, kept with the run.")(command)


def once(values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Pairs as a dict; a name given twice is a usage error."""
    made: dict[str, str] = {}
    for name, value in values:
        if name in made:
            raise click.UsageError(f"{name} is given twice")
        made[name] = value
    return made
