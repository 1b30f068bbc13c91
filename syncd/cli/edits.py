"""The commands `create`, `edit`, `clone`, `delete` and `restore`: each makes one run, or none when nothing changes."""

from __future__ import annotations

from typing import Any

from syncd.cli.arguments import module_argument, once, reason_option, record_argument, values_argument
from syncd.cli.call import Call, command, told
from syncd.cli.records import described
from syncd.crm import records
from syncd.crm.edit import Edited
from syncd.modules import Module

Pairs = tuple[tuple[str, str], ...]


@command("create", example='syncd create accounts name="Norrvik AB" billing_city=Luleå')
@module_argument
@values_argument(required=True)
@reason_option
def create_command(call: Call, module: Module, values: Pairs, reason: str) -> None:
    """Make a record of MODULE from typed values."""
    typed = once(values)
    _tell(call, module, call.wiring.desk(call.actor, reason).create(module, typed), "created")


@command("edit", example='syncd edit contacts 17 phone="+33 3 88 22 14 77" title= account_id=42')
@module_argument
@record_argument
@values_argument(required=True)
@reason_option
def edit_command(call: Call, module: Module, record: int, values: Pairs, reason: str) -> None:
    """Change fields of a record: FIELD=VALUE, or FIELD= to empty it. A link is set by name, or by id as FIELD_id."""
    typed = once(values)
    _tell(call, module, call.wiring.desk(call.actor, reason).change(module, record, typed), "changed")


@command("clone", example="syncd clone leads 9 first_name=Anna")
@module_argument
@record_argument
@values_argument(required=False)
@reason_option
def clone_command(call: Call, module: Module, record: int, values: Pairs, reason: str) -> None:
    """Make a copy of a record, with other values where given."""
    typed = once(values)
    _tell(call, module, call.wiring.desk(call.actor, reason).clone(module, record, typed), "created")


@command("delete", example="syncd delete leads 9")
@module_argument
@record_argument
@reason_option
def delete_command(call: Call, module: Module, record: int, reason: str) -> None:
    """Delete a record; what links to it is unlinked in the same run."""
    edited = call.wiring.desk(call.actor, reason).delete(module, record)
    call.give({"module": module.name, "id": edited.id, "run": edited.run, "problems": []})
    call.say(f"deleted {module.singular} {record} · run {edited.run}")
    call.say(f"bring it back  syncd restore {module.name} {record}   or  syncd undo {edited.run}")


@command("restore", example="syncd restore leads 9")
@module_argument
@record_argument
@reason_option
def restore_command(call: Call, module: Module, record: int, reason: str) -> None:
    """Bring a deleted record back under its id (see: syncd list MODULE --deleted)."""
    _tell(call, module, call.wiring.desk(call.actor, reason).restore(module, record), "brought back")


def _tell(call: Call, module: Module, edited: Edited, done: str) -> None:
    """The record as it is now, its run, and what was kept but is doubtful."""
    with call.wiring.store().reading() as tx:
        rows = records.fetch(tx, module, [edited.id])
        found: dict[str, Any] = records.documents(tx, module, rows)[0] if rows else {"id": edited.id}
    call.give(found | {"run": edited.run, "problems": [flag.plain() for flag in edited.flags]})
    if not call.json:
        for line in described(module, found) if rows else ():
            call.say(line)
        if edited.run is None:
            call.say("nothing changed: the record holds these values already; no run was made")
        else:
            call.say(f"{done} · run {edited.run} · take back  syncd undo {edited.run}")
    for flag in edited.flags:
        call.note(told(flag))
