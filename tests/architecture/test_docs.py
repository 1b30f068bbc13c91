"""Documentation: every command, setting, exit status, code, make target and link in it exists, and none is missing."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

from syncd import errors, settings
from syncd.settings.shape import SECTIONS

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PROBLEMS = ROOT / "docs" / "problems.md"
CODE = re.compile(r"\bSY-[A-Z]\d\d\b")
EVERYWHERE = {"--config", "--as", "--json", "--help", "--version"}
"""Options that every command takes; said once, not in each row."""


def documents() -> list[Path]:
    places = [ROOT, *(ROOT / name for name in ("docs", "config", "syncd", "importers", "tests"))]
    found = {path for place in places for path in place.glob("*.md" if place == ROOT else "**/*.md")}
    return sorted(found)


def rows(path: Path, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its own head."""
    _, found, rest = path.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    assert found, f"{path.name} has no section {heading!r}"
    lines = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def program() -> click.Group:
    module = pytest.importorskip("syncd.cli")
    found = [each for each in vars(module).values() if isinstance(each, click.Group)]
    assert len(found) == 1, "syncd.cli holds one group of commands"
    return found[0]


def commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        elif not command.hidden:
            yield f"{before}{name}", command


def options(command: click.Command) -> set[str]:
    given = [parameter for parameter in command.params if isinstance(parameter, click.Option) and not parameter.hidden]
    return {name for each in given for name in (*each.opts, *each.secondary_opts) if name.startswith("--")} - EVERYWHERE


def test_commands_and_their_options_are_those_of_the_program() -> None:
    group = program()
    usage = {quoted(row[0])[0].replace("\\|", "|"): row for row in rows(README, "Commands")}
    named: dict[str, set[str]] = {}
    for text in usage:
        words = re.match(r"syncd ([a-z]+(?: [a-z]+)?)", text)
        assert words, text
        name = words[1] if words[1] in dict(commands(group)) else words[1].split()[0]
        named.setdefault(name, set()).update(re.findall(r"--[a-z-]+", text))
    made = {name: options(command) for name, command in commands(group)}
    assert {name: sorted(each - EVERYWHERE) for name, each in named.items()} == {
        name: sorted(each) for name, each in made.items()
    }


def test_commands_named_anywhere_exist_and_have_help_with_an_example() -> None:
    made = dict(commands(program()))
    words = {name.split()[0] for name in made}
    for path in documents():
        for text in re.findall(
            r"(?:`|^)(?:\.venv/bin/)?syncd ([a-z]+)\b", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert text in words, f"{path.relative_to(ROOT)} names syncd {text}"
    for name, command in made.items():
        text = (command.help or "") + (command.epilog or "")
        assert f"syncd {name}" in text, f"the help of {name} has no example"


def test_settings_are_those_that_are_read() -> None:
    named = {row[0].strip("`[]").removesuffix(".NAME"): quoted(row[1]) for row in rows(README, "Settings")}
    assert list(named) == list(SECTIONS)
    assert {section: sorted(keys) for section, keys in named.items()} == {
        section: sorted(settings.keys(section)) for section in SECTIONS
    }


def test_variables_named_anywhere_are_settings() -> None:
    known = {f"SYNCD_{section}__{key}".upper() for section in SECTIONS for key in settings.keys(section)}
    for path in documents() + sorted((ROOT / "config").rglob("syncd.*")) + [ROOT / "config/deploy/Containerfile"]:
        for name in re.findall(r"SYNCD_[A-Z]+__[A-Z_]+\b", path.read_text(encoding="utf-8")):
            assert name.removesuffix("_FILE") in known, f"{path.relative_to(ROOT)} names {name}"


def test_exit_statuses_are_those_that_happen() -> None:
    named = {int(row[0].strip("`")) for row in rows(README, "Exit status")}
    raised = {
        kind.exit for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SyncdError)
    }
    assert named == {0, 1, 2, 3, 4, 75, 78} and raised < named


def test_every_problem_code_has_its_line() -> None:
    sources = [path for room in ("syncd", "importers") for path in (ROOT / room).rglob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in sources + sorted((ROOT / "config/messages").glob("*.toml"))]
    made = {code for text in texts for code in CODE.findall(text)}
    named = [code for row in rows(PROBLEMS, "Codes") for code in CODE.findall(row[0])]
    assert named == sorted(set(named)), "each code once, in order"
    assert sorted(made - set(named)) == [] and sorted(set(named) - made) == []
    for path in documents():
        for code in CODE.findall(path.read_text(encoding="utf-8")):
            assert code in made, f"{path.relative_to(ROOT)} names {code}"


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_messages_say_the_same_in_each_language() -> None:
    texts: Mapping[str, dict[str, dict[str, str]]] = {
        path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "config/messages").glob("*.toml")
    }
    assert sorted(texts) == ["de", "en", "fr"]
    for code, english in texts["en"].items():
        for language in ("de", "fr"):
            other = texts[language][code]
            assert other.keys() == english.keys(), (language, code)
            for part in english:
                assert placeholders(other[part]) == placeholders(english[part]), (language, code, part)
    assert texts["de"].keys() == texts["fr"].keys() == texts["en"].keys()


def test_make_targets_and_links_exist() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    for path in documents():
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE):
            assert target in targets, f"{path.relative_to(ROOT)} names make {target}"
        for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text):
            assert (path.parent / link).exists(), f"{path.relative_to(ROOT)} links to {link}"
