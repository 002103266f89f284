"""`rollbook edit` and `rollbook protect`: what a person decides about one student."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.connect.field_rules import FIELD, FIELD_NAMES, show_values
from rollbook.cli.documents import moment, of_student
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_student
from rollbook.cli.options import day_option, school_option
from rollbook.cli.output import Output, Refusal, prints
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.students import editing, protection
from rollbook.students.models import StudentAccount
from rollbook.students.refused import Refused


@contextmanager
def student_refusals() -> Iterator[None]:
    """Raise a Refusal for the first field that can't be saved."""
    try:
        yield
    except Refused as refused:
        field, what = next(iter(refused.errors.items()))
        if field in STUDENT_FIELDS:
            what = f"{STUDENT_FIELDS[field].label}: {what}"
        remedy = "Nothing was saved. Correct it and try again."
        raise Refusal(Exit.REFUSED, f"{field or 'edit'}_refused", what, remedy) from refused


def _output(account: StudentAccount, **more: Any) -> Output:
    account.refresh_from_db()
    current = protection.protection_of(account)
    rules = {
        "locked": sorted(account.locks.values_list("field", flat=True)),
        "protected": current is not None,
        "protected_until": moment(current.until) if current else None,
    }
    return Output({"student": of_student(account) | rules, **more})


@click.command(epilog=FIELD_NAMES)
@click.argument("student")
@school_option
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="FIELD=VALUE",
    help="The new value of a field; nothing after = clears it. Can be repeated.",
)
@click.option(
    "--keep",
    multiple=True,
    type=FIELD,
    metavar="FIELD",
    help="Keep the value of this field, whatever the SIS has.",
)
@click.option(
    "--unlock", multiple=True, type=FIELD, metavar="FIELD", help="Let the SIS overwrite it again."
)
@prints(show_values)
def edit(
    student: str,
    school_name: str | None,
    pairs: tuple[str, ...],
    keep: tuple[str, ...],
    unlock: tuple[str, ...],
) -> Output:
    """Edit a student. The argument is an account id, SIS ID or e-mail.

    The next run overwrites the new values with the SIS's, except fields given with --keep.

    \b
    Example:
      rollbook edit 2112 --set preferred_name=Bea --keep preferred_name
    """
    account = find_student(school_name, student)
    values = _values(pairs)
    with student_refusals():
        protection.unlock(account, None, unlock, via=VIA)
        edited = editing.edit(account, None, values, keep=keep, via=VIA)
    return _output(account, edited=edited)


def _values(pairs: tuple[str, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in pairs:
        field, equals, value = pair.partition("=")
        if not equals:
            raise Refusal(
                Exit.USAGE,
                "pair_unknown",
                "--set has to be FIELD=VALUE. Nothing was saved.",
                "Write it like --set preferred_name=Bea",
            )
        values[field] = value
    return values


@click.command()
@click.argument("student")
@school_option
@day_option("--until", "until", "The last protected day. Default: until it is ended.")
@click.option("--reason", default="", help="The reason, shown on the student's page.")
@click.option("--end", is_flag=True, help="End the protection.")
@prints(show_values)
def protect(
    student: str, school_name: str | None, until: datetime | None, reason: str, end: bool
) -> Output:
    """Protect a student's account from sync. No run changes it.

    The argument is an account id, SIS ID or e-mail.

    \b
    Example:
      rollbook protect 2112 --until 2027-01-31 --reason "court order"
    """
    account = find_student(school_name, student)
    last_day = until.date() if until else None
    with student_refusals():
        if end:
            protection.unprotect(account, None, via=VIA)
        else:
            protection.protect(account, None, until=last_day, reason=reason, via=VIA)
    return _output(account)
