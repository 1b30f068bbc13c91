"""Documentation: every command, setting, exit status, code, make target and link in it exists, and none is missing."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Mapping
from pathlib import Path

from syncd import errors, settings
from syncd.settings.shape import SECTIONS
from tests.architecture import tables
from tests.architecture.tables import PROBLEMS, README, ROOT


def documents() -> list[Path]:
    places = [ROOT, *(ROOT / name for name in ("config", "syncd", "importers", "tests"))]
    found = {path for place in places for path in place.glob("*.md" if place == ROOT else "**/*.md")}
    return sorted(found)


def test_commands_and_their_options_are_those_of_the_program() -> None:
    assert tables.lines(README, "Commands") == tables.command_rows(), "write them anew: make docs"


def test_commands_named_anywhere_exist() -> None:
    words = {name.split()[0] for name in tables.commands()}
    for path in documents():
        text = path.read_text(encoding="utf-8")
        for word in re.findall(r"(?:`|^)(?:\.venv/bin/)?syncd ([a-z]+)\b", text, re.MULTILINE):
            assert word in words, f"{path.relative_to(ROOT)} names syncd {word}"


def test_each_command_has_help_with_an_example() -> None:
    for name, command in tables.commands().items():
        assert f"syncd {name}" in (command.help or "") + (command.epilog or ""), f"no example in the help of {name}"


def test_settings_are_those_that_are_read() -> None:
    assert tables.lines(README, "Settings") == tables.setting_rows(), "write them anew: make docs"


def test_variables_named_anywhere_are_settings() -> None:
    known = {f"SYNCD_{section}__{key}".upper() for section in SECTIONS for key in settings.keys(section)}
    for path in documents() + sorted((ROOT / "config").rglob("syncd.*")) + [ROOT / "config/deploy/Containerfile"]:
        for name in re.findall(r"SYNCD_[A-Z]+__[A-Z_]+\b", path.read_text(encoding="utf-8")):
            assert name.removesuffix("_FILE") in known, f"{path.relative_to(ROOT)} names {name}"


def test_exit_statuses_are_those_that_happen() -> None:
    named = {int(row[0].strip("`")) for row in tables.rows(README, "Exit status")}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SyncdError)]
    assert named == {0, 1, 2, 3, 4, 75, 78} and {kind.exit for kind in kinds} < named


def test_every_problem_code_has_its_line() -> None:
    made = tables.codes()
    named = [row[0] for row in tables.rows(PROBLEMS, "Codes")]
    assert named == list(made), "write them anew: make docs"
    assert [row[0] for row in tables.rows(PROBLEMS, "Codes") if not row[1]] == [], "say what is seen"
    for path in documents():
        for code in tables.CODE.findall(path.read_text(encoding="utf-8")):
            assert code in made, f"{path.relative_to(ROOT)} names {code}"


def test_a_code_of_the_messages_has_no_second_meaning_in_the_code() -> None:
    messages = tomllib.loads((ROOT / "config/messages/en.toml").read_text(encoding="utf-8"))
    written = {
        code: path.relative_to(ROOT)
        for path in sorted((ROOT / "syncd").rglob("*.py"))
        for code, text in tables.beside(path)
        if text
    }
    assert {code: str(path) for code, path in written.items() if code in messages} == {}


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
