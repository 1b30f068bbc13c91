"""The command `import`: what it may be told; the work is in `taking`, loaded while the reader's process starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from importers import pipeline
from syncd.cli.arguments import TEXT, Pair, once
from syncd.cli.call import Call, command


@command(
    "import",
    example="syncd import leads.csv\n"
    "syncd import --dry-run fair.xlsx --map 'Firma / Org'=company --set lead_source='Trade Show'\n"
    "syncd import exported.csv --on-duplicate overwrite --match-on email --json",
)
@click.argument("paths", type=click.Path(readable=False, path_type=Path), nargs=-1, required=True, metavar="FILE …")
@click.option(
    "--dry-run", is_flag=True, help="Plan only: shows the columns and counts, saves the plan for `syncd apply`."
)
@click.option(
    "--on-duplicate", type=click.Choice(["skip", "overwrite", "clone"]), help="What a row that matches does (skip)."
)
@click.option(
    "--match-on", multiple=True, metavar="FIELD", help="Match on these fields together instead of by the rules."
)
@click.option(
    "--map",
    "maps",
    type=Pair("COLUMN=FIELD", last=True),
    multiple=True,
    help="What a column is (full_name: a whole name).",
)
@click.option("--set", "sets", type=Pair("FIELD=VALUE"), multiple=True, help="A value that every row gets.")
@click.option("--owner", type=TEXT, metavar="USER", help="The owner of what is made.")
@click.option("--module", type=click.Choice(["leads", "contacts", "accounts"]), help="What the rows are (leads).")
@click.option("--sheet", help="The sheet of a workbook (the first one with a header).")
@click.option("--encoding", help="The encoding, where it is taken for another.")
@click.option("--delimiter", help="The delimiter, where it is taken for another; TAB may be written \\t.")
@click.option("--dates", type=click.Choice(["dmy", "mdy", "ymd"]), help="The order of day, month and year.")
@click.option("--header-row", type=click.IntRange(min=1), metavar="N", help="The row that holds the column names.")
@click.option("--profile", metavar="NAME", help="The import profile of the settings to go by.")
@click.option("--chunk", type=click.IntRange(1, 50_000), hidden=True, help="Rows a transaction.")
def import_command(call: Call, paths: tuple[Path, ...], dry_run: bool, profile: str | None, **given: Any) -> int:
    """Import FILEs (CSV, Excel, OpenDocument, JSON) of leads, contacts or accounts.

    Refused rows lie beside the file as NAME.rejects.csv with a `problem` column (of a plan, once it was carried out):
    correct them there and import that file. A file that was imported and stands is not imported again.
    """
    with pipeline.ahead():
        from syncd.cli import taking

        options = call.wiring.options(profile, **_wishes(given))
        return taking.take_all(call, paths, options, dry_run=dry_run or call.wiring.plans(profile))


def _wishes(given: dict[str, Any]) -> dict[str, Any]:
    wishes = {name: value for name, value in given.items() if name not in ("maps", "sets", "match_on", "delimiter")}
    wishes["map"], wishes["set"] = once(given["maps"]), once(given["sets"])
    wishes["match_on"] = tuple(given["match_on"]) or None
    wishes["delimiter"] = {"\\t": "\t", "tab": "\t", "TAB": "\t"}.get(given["delimiter"], given["delimiter"])
    return wishes
