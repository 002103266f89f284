"""Options that several commands have in common."""

import functools
from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

school_option: Decorator = click.option(
    "--school",
    "school_name",
    metavar="SCHOOL",
    help="The name or id of the school. Needed only if there are several.",
)
source_option: Decorator = click.option(
    "--source",
    default=None,
    help="The SIS, such as powerschool. Needed only if a school has several.",
)
severity_option: Decorator = click.option(
    "--severity",
    type=click.Choice(["error", "warning", "note"]),
    default=None,
    help="Only problems of this severity. error: the record was skipped.",
)
MAIL_STATES = ("waiting", "sent", "undelivered")
mail_state_option: Decorator = click.option(
    "--state",
    type=click.Choice(MAIL_STATES),
    default=None,
    help="Only mails in this state. undelivered: given up after a day.",
)
offset_option: Decorator = click.option(
    "--offset",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="How many to skip.",
)


def day_option(name: str, parameter: str, help_text: str, required: bool = False) -> Decorator:
    """Return an option for a day."""
    return click.option(
        name,
        parameter,
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="YYYY-MM-DD",
        required=required,
        help=help_text,
    )


def limit_option(default: int, help_text: str = "How many to list at most.") -> Decorator:
    """Return the option --limit with this default."""
    return click.option(
        "--limit",
        default=default,
        show_default=True,
        type=click.IntRange(1, 1_000_000),
        help=help_text,
    )


def newest_option(default: int, most: int = 10_000) -> Decorator:
    """Return the option --limit of a list that has the newest first."""
    return click.option(
        "--limit",
        default=default,
        show_default=True,
        type=click.IntRange(1, most),
        help="How many, newest first.",
    )


def grouped(name: str, kind: Any, *options: Decorator) -> Decorator:
    """Return a decorator that adds these options and passes them as one argument.

    `kind` is a NamedTuple whose fields have the names of the options; the command gets it under
    `name`.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def with_group(*arguments: Any, **given: Any) -> Any:
            values = {field: given.pop(field) for field in kind._fields if field in given}
            return command(*arguments, **{name: kind(**values)}, **given)

        decorated: Callable[..., Any] = with_group
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
