"""Call: one invocation: its settings, actor and form of output; knows no command.

Results go to stdout, as text or as one JSON document; everything else goes to stderr.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from syncd.errors import Problem, Refused, SyncdError

if TYPE_CHECKING:
    from syncd.settings import Settings
    from syncd.wiring import Wiring

FAULT = 1
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Call:
    """One invocation. `build` joins the parts from the settings: tests hand in one with their own clock and steps."""

    def __init__(self, build: Callable[[Settings], Wiring] | None = None) -> None:
        self.config: Path | None = None
        self.as_user: str | None = None
        self.json = False
        self.silent = False
        self._build = build

    @cached_property
    def settings(self) -> Settings:
        """The settings, read once; with them the log is set up. Raises SetupError with all their faults."""
        from syncd.cli import logs
        from syncd.settings import load
        from syncd.wiring import doubts

        settings = load(self.config, os.environ)
        settings = replace(settings, warnings=(*settings.warnings, *doubts(settings)))
        logs.set_up(settings.log.level, settings.log.format)
        for problem in () if self.silent else settings.warnings:
            logs.warn(problem)
        return settings

    @cached_property
    def wiring(self) -> Wiring:
        """All parts, joined."""
        if self._build is not None:
            return self._build(self.settings)
        from syncd.wiring import Wiring

        return Wiring(self.settings)

    @property
    def actor(self) -> str:
        """Who acts: `--as`, else the operating system's user."""
        if self.as_user:
            return self.as_user
        import getpass

        try:
            return getpass.getuser()
        except (ImportError, KeyError, OSError):
            return f"uid {os.getuid()}"

    def close(self) -> None:
        """Closes what was opened."""
        if "wiring" in self.__dict__:
            self.wiring.close()

    def say(self, text: str = "") -> None:
        """A line of the result for people; nothing with `--json`."""
        if not self.json:
            write((f"{text}\n",))

    def note(self, text: str) -> None:
        """A line beside the result, on stderr."""
        click.echo(text, err=True)

    def give(self, document: Any) -> None:
        """The result as one JSON document; nothing without `--json`."""
        if self.json:
            write((plain_json(document, indent=2), "\n"))

    def stream(self, head: Mapping[str, Any] | None, name: str, items: Iterable[Any]) -> None:
        """One JSON document whose last part is a long list, written as it comes: a list alone when `head` is None."""
        lines = json_lines(items)
        if head is None:
            write(_listed("[", lines, "\n]\n"))
        else:
            opening = plain_json(head, indent=2).rstrip()[:-1].rstrip()
            comma = "," if head else ""
            write(_listed(f'{opening}{comma}\n  "{name}": [', lines, "\n]}\n"))

    def failed(self, error: SyncdError) -> int:
        """Tells why the command failed; returns the exit status."""
        problems = [p for p in error.problems if isinstance(p, Problem)]
        if self.json and problems and not isinstance(error, Unprinted):
            document: dict[str, Any] = {"error": problems[0].plain()}
            if len(problems) > 1:
                document["problems"] = [p.plain() for p in problems]
            self.give(document)
        for problem in problems:
            self.note(told(problem))
        return error.exit

    def fault(self, error: Exception) -> int:
        """Tells of a fault of syncd itself, without the values in hand: they may be anyone's."""
        from syncd.cli import logs

        place = logs.place(error)
        problem = Problem(
            "SY-X01",
            f"syncd met a fault of its own: {type(error).__name__} at {place}.",
            "What was committed stands; the batch at hand was taken back.",
            "Run the same with SYNCD_LOG__LEVEL=debug: the log then holds the traceback. Report it with that.",
        )
        if self.json:
            self.give({"error": problem.plain()})
        self.note(told(problem))
        logs.traceback(error)
        return FAULT


def told(problem: Problem | Mapping[str, Any]) -> str:
    """A problem for people: what was seen with its code, what it means, what to do."""
    data = problem.plain() if isinstance(problem, Problem) else problem
    lines = [f"{data['what']}  ({data['code']})"]
    lines += [f"  {label:<7} {data[key]}" for key, label in (("why", "means"), ("do", "do")) if data.get(key)]
    return "\n".join(lines)


def plain_json(document: Any, indent: int | None = None) -> str:
    """JSON as text; in escapes where stdout cannot print it otherwise."""
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return json.dumps(document, indent=indent)
    return text


def json_lines(items: Iterable[Any]) -> Iterator[str]:
    """Items as the inside of a JSON list, one a line."""
    comma = "\n"
    for item in items:
        yield comma + plain_json(item)
        comma = ",\n"


def _listed(opening: str, lines: Iterable[str], closing: str) -> Iterator[str]:
    yield opening
    yield from lines
    yield closing


class Unprinted(Refused):
    """The result cannot be written to stdout."""


@contextmanager
def printing() -> Iterator[None]:
    """Turns a stdout that is closed or full into `Unprinted`; a reader that has gone away stays what it is."""
    if sys.stdout is None:
        raise Unprinted(_unprinted("it is closed"))
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF):
            raise
        _discard()
        raise Unprinted(_unprinted(error.strerror or str(error))) from error


def _discard() -> None:
    """Lets what is still held for stdout go nowhere: Python would try it once more at its end, and end with 120."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    finally:
        os.close(nowhere)


def _unprinted(seen: str) -> Problem:
    return Problem(
        "SY-Q08",
        f"The result cannot be written to stdout: {seen}.",
        "What was committed stands.",
        "Make room, or send it somewhere else.",
    )


def write(parts: Iterable[str]) -> None:
    """Writes text to stdout as it comes. Raises Unprinted when that is closed or full."""
    with printing():
        for part in parts:
            sys.stdout.write(part)
        sys.stdout.flush()


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Notes a shared option, wherever on the line it stood."""
    if value is None or value is False:
        return
    if param.name == "as_user" and not value.isprintable():
        raise click.BadParameter("it is no name", ctx, param)
    call = ctx.ensure_object(Call)
    setattr(call, str(param.name), value)


def shared_options(command: Decorated) -> Decorated:
    """`--config`, `--as` and `--json`: they may stand before or behind the command."""
    for option in (
        click.option("--json", is_flag=True, expose_value=False, callback=_keep, help="Print one JSON document."),
        click.option(
            "--as", "as_user", metavar="USER", expose_value=False, callback=_keep, help="Act in this user's name."
        ),
        click.option(
            "--config",
            type=click.Path(readable=False, path_type=Path),
            metavar="PATH",
            expose_value=False,
            callback=_keep,
            help="The settings file (or SYNCD_CONFIG); else ./syncd.toml.",
        ),
    ):
        command = option(command)
    return command


def command(name: str, *, example: str) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with the shared options and, in its help, examples: one a line. Its function takes the `Call` first."""

    def wrap(function: Callable[..., Any]) -> click.Command:
        shown = "\n".join(("\b", "Example:", *(f"  {line}" for line in example.splitlines())))
        with_call = click.make_pass_decorator(Call, ensure=True)(function)
        return click.command(name, epilog=shown)(shared_options(with_call))

    return wrap
