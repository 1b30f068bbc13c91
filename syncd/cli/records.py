"""The commands `list` and `show`; they write nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import click

from syncd.cli import text
from syncd.cli.arguments import MODULE, Condition, module_argument, record_argument
from syncd.cli.call import Call, command, write
from syncd.crm import records, search
from syncd.modules import Module

COLUMNS = {
    "accounts": ("id", "name", "account_site", "phone", "billing_city", "owner"),
    "contacts": ("id", "first_name", "last_name", "account", "email", "phone", "owner"),
    "leads": ("id", "first_name", "last_name", "company", "email", "phone", "lead_status"),
}
"""What a list shows of a record; --json has every field."""

PAGE = 500


@command(
    "list",
    example="syncd list leads --where company~norrvik --where email=\n"
    "syncd list contacts --where account='Norrvik AB' --json",
)
@click.argument("module", type=MODULE, metavar="MODULE")
@click.option(
    "--where",
    "wheres",
    type=Condition(),
    multiple=True,
    help="FIELD=VALUE exact, FIELD~TEXT contains, FIELD= blank; several must all hold.",
)
@click.option("--deleted", is_flag=True, help="The deleted ones, as they were.")
def list_command(call: Call, module: Module, wheres: tuple[str, ...], deleted: bool) -> None:
    """List the records of MODULE (accounts, contacts, leads) by id."""
    with call.wiring.store().reading() as tx:
        conditions = [search.condition(tx, module, where) for where in wheres]
        found = (search.deleted if deleted else search.found)(tx, module, conditions)
        if call.json:
            call.stream(None, "", found)
        else:
            write(line + "\n" for line in _lines(module, found, deleted, call.settings.locale.timezone))


def _lines(module: Module, found: Iterator[dict[str, Any]], deleted: bool, zone: str) -> Iterator[str]:
    """A table page by page, so that memory stays flat; columns are as wide as their page needs."""
    count = 0
    columns = COLUMNS[module.name]
    head = (*columns, "deleted", "run") if deleted else columns
    while page := list(islice(found, PAGE)):
        rows = [[document[name] for name in columns] for document in page]
        if deleted:
            for row, document in zip(rows, page, strict=True):
                row += [text.moment(document["deleted"], zone), document["deleted_run"]]
        lines = text.table(head, rows, right=(0,))
        yield from lines if count == 0 else islice(lines, 1, None)
        count += len(page)
    yield f"{count:,} {module.singular if count == 1 else module.name}"


@command("show", example="syncd show contacts 17 --json")
@module_argument
@record_argument
def show_command(call: Call, module: Module, record: int) -> None:
    """Show every filled field of one record."""
    with call.wiring.store().reading() as tx:
        rows = records.fetch(tx, module, [record])
        if not rows:
            raise records.unknown(module, record)
        document = records.documents(tx, module, rows)[0]
    call.give(document)
    if not call.json:
        write(line + "\n" for line in described(module, document))


def described(module: Module, document: dict[str, Any]) -> Iterator[str]:
    """A record for people: its name, then its filled fields."""
    name = text.cell(" ".join(str(document[n]) for n in module.title if document[n]))
    yield f"{name} · {module.singular} {document['id']}"
    extra = {f"extra.{n}": value for n, value in document.get("extra", {}).items()}
    fields = {n: value for n, value in (document | extra).items() if n not in ("id", "extra") and value is not None}
    width = max(map(len, fields), default=0)
    for field, value in fields.items():
        if not (field.endswith("_id") and field.removesuffix("_id") in document):
            link = document.get(f"{field}_id")
            tail = "" if link is None else f" ({link})"
            yield f"  {field:<{width}}  {text.cell(value)}{tail}"
