"""Program: the table of commands, each loaded when called, and what becomes of errors; knows no work."""

from __future__ import annotations

import errno
import importlib
from typing import Any

import click

from syncd.cli.call import Call, shared_options
from syncd.errors import SyncdError

COMMANDS = {
    "demo": ("demo", "Try the whole product on this machine, no account needed."),
    "init": ("setup", "Write a settings file and create the store."),
    "check": ("checks", "Tell item by item what works, and what to do where not."),
    "run": ("service", "Run the service: schedule and watched folder."),
    "sync": ("sync", "Sync mailboxes now."),
    "import": ("files", "Import files of leads, contacts or accounts."),
    "apply": ("sync", "Carry out a plan that a dry run saved, or that a brake stopped."),
    "undo": ("history", "Take back what a run did."),
    "runs": ("history", "List the runs, or all that one run changed."),
    "why": ("reasons", "Where each value of a record came from, and why."),
    "list": ("records", "List records of a module."),
    "show": ("records", "Show one record."),
    "create": ("edits", "Make a record by hand."),
    "edit": ("edits", "Change fields of a record."),
    "clone": ("edits", "Make a copy of a record."),
    "delete": ("edits", "Delete a record."),
    "restore": ("edits", "Bring a deleted record back."),
    "export": ("exports", "Write all records of a module, or of all, to a file."),
    "status": ("setup", "Health, last good runs, inbox."),
    "simulate": ("simulate", "Serve a local Microsoft Graph and Entra to try things with."),
}
"""Each command's module in this package and its line of help; the modules are imported only when called."""


class Program(click.Group):
    """A group that knows its commands by table, so that `--help` costs no import of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"syncd.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, f"{cmd_name}_command")
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; its return value, or its error's, is the exit status."""
        call = ctx.ensure_object(Call)
        try:
            code = super().invoke(ctx)
        except SyncdError as error:
            code = call.failed(error)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("syncd: interrupted. What was committed stands.", err=True)
            code = 130
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise
            code = call.fault(error)
        finally:
            call.close()
        ctx.exit(code or 0)


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from syncd import __version__

        click.echo(f"syncd {__version__}")
        ctx.exit(0)


@click.group(cls=Program, context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100})
@shared_options
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
def program() -> None:
    """One store of accounts, contacts and leads, kept full from Outlook and from files.

    Exit status: 0 all done · 1 done, but something failed and is listed · 2 usage · 3 stopped by a brake · 4 a plan no
    longer fits · 75 another syncd holds the work · 78 settings or sign-in are wrong.
    """
