"""Tables: the tables of README.md and config/problems.md as the program has them; `make docs` writes them anew.

A problem's line is kept once it is written; a new code gets the text beside it as a first draft.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click

from syncd import settings
from syncd.cli import program
from syncd.settings.shape import SECTIONS

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PROBLEMS = ROOT / "config" / "problems.md"
CODE = re.compile(r"\bSY-[A-Z]\d\d\b")
EVERYWHERE = {"--config", "--as", "--json", "--help", "--version"}
"""Options that every command takes; said once, not in each row."""


def commands() -> dict[str, click.Command]:
    """Each command by its words, those of groups inside included."""
    return dict(_commands(program, ""))


def _commands(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")
        elif command is not None and not command.hidden:
            yield f"{before}{name}", command


def usage(name: str, command: click.Command) -> str:
    """One line: the command, its arguments, its own options with what they take."""
    words = [f"syncd {name}"]
    for each in command.params:
        if isinstance(each, click.Argument):
            word = each.make_metavar(click.Context(command)).replace("...", " …").replace("] …", " …]")
            words.append(word)
        elif isinstance(each, click.Option) and not each.hidden and not EVERYWHERE & set(each.opts):
            words.append(f"[{_option(command, each)}]")
    return " ".join(words)


def _option(command: click.Command, option: click.Option) -> str:
    name = next(each for each in option.opts if each.startswith("--"))
    name = "/".join([name, *option.secondary_opts])
    if option.is_flag:
        return name
    taken = re.sub(r"^\[(.*)\]$", r"\1", option.make_metavar(click.Context(command)))
    return f"{name} {taken}{' …' if option.multiple else ''}"


def command_rows() -> list[str]:
    """The rows of the README's table of commands."""
    return [
        f"| `{usage(name, command).replace('|', chr(92) + '|')}` | {_sentence(command.get_short_help_str(200))} |"
        for name, command in commands().items()
    ]


def _sentence(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".").replace("|", "\\|")


def setting_rows() -> list[str]:
    """The rows of the README's table of settings."""
    heads = {"mailbox": "[[mailbox]]", "profiles": "[profiles.NAME]"}
    return [
        f"| `{heads.get(section, f'[{section}]')}` | {' '.join(f'`{key}`' for key in settings.keys(section))} |"
        for section in SECTIONS
    ]


def codes() -> dict[str, str]:
    """Each problem code that the program can give, with the text that stands beside it, "" when there is none."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "config/messages").glob("*.toml"), key=lambda path: path.stem != "en"):
        for code, text in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if CODE.fullmatch(code):
                found.setdefault(code, text.get("what") or text.get("why") or "")
    for path in (path for room in ("syncd", "importers") for path in sorted((ROOT / room).rglob("*.py"))):
        for code, text in beside(path):
            found[code] = found.get(code) or text
        for code in CODE.findall(path.read_text(encoding="utf-8")):
            found.setdefault(code, "")
    return dict(sorted(found.items()))


def beside(path: Path) -> Iterator[tuple[str, str]]:
    """Codes in a module and the text that follows them among a call's arguments or in a tuple, "" when it is made."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        parts = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else []
        for code, text in zip(parts, parts[1:], strict=False):
            if isinstance(code, ast.Constant) and CODE.fullmatch(str(code.value)):
                yield str(code.value), _text(text)


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


def problem_rows(path: Path = PROBLEMS) -> list[str]:
    """The rows of config/problems.md: the lines that stand there, and a draft for each new code."""
    kept = {row[0]: row[1] for row in rows(path, "Codes")} if path.exists() else {}
    drafts = {code: re.sub(r"{[^}]*}", "…", text).rstrip(".") for code, text in codes().items()}
    return [f"| {code} | {kept.get(code) or draft} |" for code, draft in drafts.items()]


def rows(path: Path, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its own head."""
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines(path, heading)]


def lines(path: Path, heading: str) -> list[str]:
    """The lines of the table below a heading, without its own head."""
    _, found, rest = path.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    assert found, f"{path.name} has no section {heading!r}"
    return [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("|")][2:]


def _replace(path: Path, heading: str, new: list[str]) -> None:
    text = path.read_text(encoding="utf-8")
    head, mark, rest = text.partition(f"\n## {heading}\n")
    section, following, tail = rest.partition("\n## ")
    all_lines = section.splitlines()
    first = next(index for index, line in enumerate(all_lines) if line.startswith("|---"))
    after = [line for line in all_lines[first + 1 :] if not line.startswith("|")]
    done = "\n".join([*all_lines[: first + 1], *new, *after]).rstrip("\n")
    gap = "\n" if following else ""
    path.write_text(f"{head}{mark}{done}\n{gap}{following.lstrip()}{tail}", encoding="utf-8")


def main() -> None:
    """Writes all tables anew."""
    _replace(README, "Commands", command_rows())
    _replace(README, "Settings", setting_rows())
    _replace(PROBLEMS, "Codes", problem_rows())


if __name__ == "__main__":
    main()
