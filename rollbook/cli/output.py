"""How a command ends: it prints JSON or text for a person, and exits with a stable code."""

import functools
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final, NamedTuple, NoReturn

import click
from django.db.utils import OperationalError, ProgrammingError
from psycopg import OperationalError as DriverError

from rollbook import scope
from rollbook.cli.exit_codes import Exit
from rollbook.disk_space import is_disk_full
from rollbook.schools.refusals import PeopleRefused
from rollbook.sync.refusals import RunRefused, SettingRefused

Document = dict[str, Any]
_UNREADABLE: Final = re.compile("[\x00\ud800-\udfff]")

json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON document on standard output and nothing else.",
)


class Output(NamedTuple):
    """What a command prints, as the document of --json, and its exit code."""

    document: Document
    exit_code: Exit = Exit.DONE


class Refusal(Exception):
    """The command can't do what was asked.

    `code` never changes and is for scripts; `what` says what happened, `remedy` what to do.
    """

    def __init__(self, exit_code: Exit, code: str, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.exit_code, self.code, self.what, self.remedy = exit_code, code, what, remedy


def not_found(code: str, what: str, remedy: str = "") -> NoReturn:
    """Raise a Refusal for something that doesn't exist."""
    raise Refusal(Exit.NOT_FOUND, code, what, remedy)


def prints(
    show: Callable[[Document], None],
) -> Callable[[Callable[..., Output]], Callable[..., None]]:
    """Make a function that returns an Output into a command.

    The command has `--json`, prints the output, with `show` for a person, and ends with its
    exit code. A Refusal is printed as an error.
    """

    def decorate(function: Callable[..., Output]) -> Callable[..., None]:
        @json_option
        @functools.wraps(function)
        def command(*arguments: Any, as_json: bool, **options: Any) -> None:
            try:
                _refuse_unreadable([*arguments, *options.values()])
                with refusals(), scope.of_installation(scope.Across.COMMAND):
                    output = function(*arguments, **options)
            except Refusal as refusal:
                end_with(refusal, as_json)
            if as_json:
                print_json(output.document)
            else:
                show(output.document)
            sys.exit(output.exit_code)

        return command

    return decorate


def _refuse_unreadable(values: Iterable[Any]) -> None:
    """Raise a Refusal for a text that no database stores: with a NUL, or bytes that aren't text."""
    for value in values:
        if isinstance(value, tuple):
            _refuse_unreadable(value)
        elif isinstance(value, str) and _UNREADABLE.search(value):
            raise Refusal(
                Exit.USAGE,
                "text_unreadable",
                f"{ascii(value)[:100]} has a character that can't be stored. Nothing was done.",
                "Type it again. The terminal has to write UTF-8.",
            )


def end_with(refusal: Refusal, as_json: bool) -> NoReturn:
    """Print why the command was refused, and end this process with its exit code."""
    if as_json:
        error = {"code": refusal.code, "what": refusal.what, "remedy": refusal.remedy}
        print_json({"error": error})
    click.echo(f"{refusal.what}\n{refusal.remedy}".rstrip(), err=True)
    sys.exit(refusal.exit_code)


@contextmanager
def refusals() -> Iterator[None]:
    """Raise a Refusal for what the layers below refuse, and for a database that isn't ready."""
    try:
        yield
    except RunRefused as refused:
        raise Refusal(Exit.REFUSED, refused.code, refused.what, refused.remedy) from refused
    except PeopleRefused as refused:
        is_missing = refused.code == "membership_not_found"
        exit_code = Exit.NOT_FOUND if is_missing else Exit.REFUSED
        raise Refusal(exit_code, refused.code, refused.what, "Nothing was changed.") from refused
    except SettingRefused as refused:
        raise Refusal(
            Exit.REFUSED, f"{refused.field}_refused", refused.what, see_help()
        ) from refused
    except (OperationalError, DriverError) as error:
        if is_disk_full(error):
            raise _disk_full() from error
        raise _unreachable(str(error).strip()) from error
    except ProgrammingError as error:
        if "does not exist" not in str(error):
            raise
        raise not_migrated() from error


def see_help() -> str:
    """Return the remedy that names the help of the running command."""
    return f"Nothing was saved. See {click.get_current_context().command_path} --help."


def _disk_full() -> Refusal:
    return Refusal(
        Exit.NOT_READY,
        "disk_full",
        "The disk of the database is full. Nothing was changed.",
        "Free some space there, then try again.",
    )


def _unreachable(text: str) -> Refusal:
    if "role" in text and "does not exist" in text:  # the first migration makes the app role
        return not_migrated()
    reason = text.splitlines()[0] if text else "no reason given"
    return Refusal(
        Exit.NOT_READY,
        "database_unreachable",
        f"The database can't be reached: {reason}",
        "Check DATABASE_URL, and that PostgreSQL runs. `rollbook check` shows more.",
    )


def not_migrated() -> Refusal:
    """Return the refusal for a database without the tables of this version."""
    return Refusal(
        Exit.NOT_READY,
        "not_migrated",
        "The database is not set up for this version.",
        "Run `rollbook migrate`.",
    )


@contextmanager
def plain_refusals() -> Iterator[None]:
    """Print a refusal as one line and exit with its code, for commands without --json."""
    try:
        with refusals():
            yield
    except Refusal as refusal:
        end_with(refusal, as_json=False)


def print_json(document: Document) -> None:
    """Print one JSON document: on one line, or indented at a terminal."""
    indent = 2 if sys.stdout.isatty() else None
    click.echo(json.dumps(document, ensure_ascii=False, indent=indent, default=str))


def say(text: str) -> None:
    """Print a note for a person on standard error, beside the output."""
    click.echo(text, err=True)


def say_rest(total: int, shown: int, options: str = "--limit") -> None:
    """Tell a person that only a part of the rows was printed, if that is so."""
    if total > shown:
        say(f"Showing {shown:,} of {total:,}. See more with {options}.")


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], empty: str = "") -> None:
    """Print rows for a person, or the text `empty` if there are none."""
    if not rows:
        click.echo(empty)
        return
    texts = [["" if value is None else str(value) for value in row] for row in rows]
    # A command that prints JSON needs none of rich, which takes 18 ms to import.
    import_module("rollbook.cli.terminal_table").print_table(columns, texts)
