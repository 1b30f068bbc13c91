"""The command `export`: records to a file or to stdout, as they come; knows no record."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from syncd.cli import text
from syncd.cli.arguments import MODULE
from syncd.cli.call import Call, command, json_lines, printing
from syncd.crm import canonical, export, witness
from syncd.errors import Problem, Refused
from syncd.modules import Module
from syncd.store import Session


@command(
    "export",
    example="syncd export contacts --format xlsx -o contacts.xlsx\n"
    "syncd export leads --format csv > leads.csv\n"
    "syncd export all --canonical > store.jsonl",
)
@click.argument("what", metavar="MODULE|all")
@click.option("--format", "form", type=click.Choice(["json", "csv", "xlsx"]), help="The form of the file.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="The file; else stdout.")
@click.option(
    "--canonical", "as_canonical", is_flag=True, help="All records by natural keys: equal stores print equal bytes."
)
@click.option("--with-ledger", is_flag=True, help="With --canonical: the ledger, links, holds and runs too.")
def export_command(
    call: Call, what: str, form: str | None, output: Path | None, *, as_canonical: bool, with_ledger: bool
) -> None:
    """Write every record of MODULE with its standard field names; `import` takes the file back.

    In CSV and XLSX a text that a spreadsheet would take for a formula has a ' before it; import takes it away.
    """
    if (what == "all") is not as_canonical:
        raise click.UsageError("`export all` goes with --canonical, and --canonical with `export all`")
    if with_ledger and not as_canonical:
        raise click.UsageError("--with-ledger goes with --canonical")
    if as_canonical and form:
        raise click.UsageError("--canonical has a form of its own: leave --format out")
    module = None if as_canonical else MODULE.convert(what, None, click.get_current_context())
    form = form or ("json" if output is None else output.suffix.lstrip(".").lower())
    if module is not None and form not in ("json", "csv", "xlsx"):
        raise click.UsageError("say which form: --format json, csv or xlsx")
    if call.json and output is None and (as_canonical or form != "json"):
        raise click.UsageError("--json prints one JSON document: add -o FILE for anything else")
    if form == "xlsx" and not as_canonical and output is None and sys.stdout.isatty():
        raise click.UsageError("a workbook goes to a file: add -o FILE")
    with _target(output) as stream, call.wiring.store().reading() as tx:
        if module is None:
            found = _chained(canonical.lines(tx), witness.lines(tx) if with_ledger else ())
            _encoded(stream, (f"{line}\n" for line in canonical.ordered(found)))
        else:
            WRITERS[form](stream, tx, module)
    if output is not None:
        call.give({"file": str(output), "format": "canonical" if module is None else form})
        call.note(f"written: {output}")


def _chained(*parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        yield from part


def _json(stream: IO[bytes], tx: Session, module: Module) -> None:
    _encoded(stream, ("[",))
    _encoded(stream, json_lines(export.documents(tx, module)))
    _encoded(stream, ("\n]\n",))


def _csv(stream: IO[bytes], tx: Session, module: Module) -> None:
    header = export.columns(tx, module)
    _encoded(stream, ("\ufeff", *text.csv_lines([header])))
    _encoded(stream, text.csv_lines(export.rows(tx, module, header)))


def _xlsx(stream: IO[bytes], tx: Session, module: Module) -> None:
    from syncd.cli import workbook

    header = export.columns(tx, module)
    workbook.write(stream, module.name, header, export.rows(tx, module, header))


WRITERS = {"json": _json, "csv": _csv, "xlsx": _xlsx}


def _encoded(stream: IO[bytes], parts: Iterable[str]) -> None:
    for part in parts:
        stream.write(part.encode("utf-8", "replace"))


@contextmanager
def _target(output: Path | None) -> Iterator[IO[bytes]]:
    """Stdout, or a file that appears whole or not at all. Raises Refused when it cannot be written."""
    if output is None:
        with printing():
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    try:
        number, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.absolute().parent)
    except OSError as error:
        raise _unwritable(output, error) from error
    try:
        with os.fdopen(number, "wb") as stream:
            yield stream
        os.replace(name, output)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(output, error) from error
        raise


def _unwritable(output: Path, error: OSError) -> Refused:
    return Refused(
        Problem(
            "SY-Q03",
            f"{output} cannot be written: {error.strerror or error}.",
            "Nothing was exported; what stood there before stands.",
            "Name a file in a folder that exists and that you may write.",
        )
    )
