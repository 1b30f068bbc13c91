"""Program: syncd's own command line on one store, called in process; knows no test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from syncd.cli import program
from syncd.cli.call import Call
from syncd.store import Step, no_step
from syncd.wiring import Wiring


class Program:
    """`syncd` with a settings file of its own in `folder` and the store `url`. `extra` is more TOML."""

    def __init__(self, folder: Path, url: str, extra: str = "", step: Step = no_step) -> None:
        self.folder = folder
        self.url = url
        self.config = folder / "syncd.toml"
        self.config.write_text(f'[store]\nurl = "{url}"\n[data]\nfolder = "data"\n{extra}', encoding="utf-8")
        self.step = step
        self.errors = ""
        self.code = 0

    def __call__(self, *args: object, code: int | tuple[int, ...] = 0) -> str:
        """Runs one command in the name of "tester"; returns its stdout. The exit status must be `code`, or one of them."""
        call = Call(build=lambda settings: Wiring(settings, step=self.step))
        line = ["--config", str(self.config), "--as", "tester", *map(str, args)]
        result = CliRunner().invoke(program, line, obj=call, prog_name="syncd", catch_exceptions=False)
        self.errors, self.code = result.stderr, result.exit_code
        wanted = (code,) if isinstance(code, int) else code
        assert self.code in wanted, f"{args}: exit {result.exit_code}\n{result.stdout}\n{result.stderr}"
        assert "SY-X01" not in result.stderr
        return result.stdout

    def json(self, *args: object, code: int | tuple[int, ...] = 0) -> Any:
        """What a command prints with --json."""
        return json.loads(self(*args, "--json", code=code))

    def whole(self, *, ledger: bool = False) -> list[str]:
        """The store, canonical, line by line."""
        return self("export", "all", "--canonical", *(["--with-ledger"] if ledger else [])).splitlines()

    def file(self, name: str, *rows: str, encoding: str = "utf-8") -> Path:
        """A file of these lines in the folder."""
        path = self.folder / name
        path.write_text("\n".join(rows) + "\n", encoding=encoding)
        return path
