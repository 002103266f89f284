"""`rollbook free-email`: lets another student get the e-mail of a closed account."""

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.connect.field_rules import show_values
from rollbook.cli.documents import of_student
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_student
from rollbook.cli.options import school_option
from rollbook.cli.output import Output, Refusal, prints
from rollbook.students import freeing
from rollbook.students.refused import Refused


@click.command()
@click.argument("student")
@click.option("--undo", is_flag=True, help="Give the account its e-mail back.")
@school_option
@prints(show_values)
def free_email(student: str, undo: bool, school_name: str | None) -> Output:
    """Free the e-mail of a closed account for another student.

    The next run can give it to somebody else. The account stays closed. The argument is an account
    id, SIS ID or e-mail.

    \b
    Example:
      rollbook free-email jsmithson@lincoln.example
    """
    account = find_student(school_name, student)
    change = freeing.take_back if undo else freeing.free_email
    try:
        freed = change(account, None, via=VIA)
    except Refused as refused:
        remedy = "Only accounts that have left, graduated or were deactivated can give it up."
        if undo:
            remedy = "An e-mail comes back while it is free and nobody else has it."
        raise Refusal(Exit.REFUSED, "free_email_refused", str(refused), remedy) from refused
    return Output({"student": of_student(freed)})
