"""A click group that imports the module of a command only when that command is needed."""

import gc
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple

import click

HELP_OPTIONS = {"-h", "--help"}


class LazyCommand(NamedTuple):
    """A command that is not imported yet.

    `place` is its module below rollbook.cli and its name there, such as `runs:list_runs`.
    """

    name: str
    place: str
    short_help: str
    needs_django: bool = True


class CommandGroup(NamedTuple):
    """A command that only has subcommands, such as `rollbook schedule`."""

    name: str
    short_help: str
    commands: tuple[LazyCommand, ...]


class LazyGroup(click.Group):
    """A group whose help needs none of the modules of its commands."""

    def __init__(
        self, *arguments: Any, lazy: Iterable[LazyCommand | CommandGroup] = (), **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.lazy = {command.name: command for command in lazy}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.lazy, *self.commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, imported if need be; None if there is none of this name."""
        if cmd_name not in self.commands and cmd_name in self.lazy:
            self.commands[cmd_name] = loaded(self.lazy[cmd_name])
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Load Django with the real settings first if the command will run and needs it."""
        command = self.lazy.get(args[0])
        runs = not ctx.resilient_parsing and not HELP_OPTIONS & set(args[1:])
        with _no_garbage_collection():
            if runs and isinstance(command, LazyCommand) and command.needs_django:
                import_module("rollbook.cli.framework").set_up(args)
            return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, self.short_help_of(name)) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def short_help_of(self, name: str) -> str:
        """Return the line about a command in the list of commands."""
        if name in self.lazy:
            return self.lazy[name].short_help
        return self.commands[name].get_short_help_str(limit=200)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Collect no garbage while Django and the command are imported.

    Importing makes hardly any, but looking for it took a fifth of the time that a command needs to
    start. What is imported stays until the process ends and is never looked through again.
    """
    if "django" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def loaded(command: LazyCommand | CommandGroup) -> click.Command:
    """Import a command. Without Django's set-up before, only its help can be used."""
    if isinstance(command, CommandGroup):
        return LazyGroup(command.name, help=f"{command.short_help}.", lazy=command.commands)
    if command.needs_django:
        import_module("rollbook.cli.framework").set_up_for_help()
    module, name = command.place.split(":")
    imported: click.Command = getattr(import_module(f"rollbook.cli.{module}"), name)
    return imported
