"""`rollbook students data` and `erase`: one student's data taken as a file, or erased."""

import json
from pathlib import Path

import click

from rollbook.cli import audit_log
from rollbook.cli.audit_log import VIA
from rollbook.cli.exit_codes import Exit
from rollbook.cli.files import check_folder, output_option, written_text
from rollbook.cli.lookup import find_student
from rollbook.cli.options import school_option
from rollbook.cli.output import Document, Output, Refusal, prints, say
from rollbook.cli.students.student_rules import student_refusals
from rollbook.sync import erasing
from rollbook.sync.report.student_export import student_data


def _show_written(document: Document) -> None:
    click.echo(f"Wrote {document['rows']:,} rows about the student to {document['file']}.")


@click.command()
@click.argument("student")
@school_option
@output_option("The file to write, in JSON.")
@prints(_show_written)
def data(student: str, school_name: str | None, output: Path) -> Output:
    """Write everything that is stored about one student to a JSON file.

    The argument is an account id, SIS ID or e-mail. The audit log notes it.

    \b
    Example:
      rollbook students data 2112 -o student.json
    """
    check_folder(output)
    account = find_student(school_name, student)
    stored = student_data(account)
    with written_text(output) as lines:
        lines.write(json.dumps(stored, indent=1, ensure_ascii=False) + "\n")
    audit_log.record("student.exported", account.school, str(account.pk))
    rows = sum(len(table) for table in stored["tables"].values())
    return Output({"student": str(account.pk), "rows": rows, "file": str(output)})


def _show_erased(document: Document) -> None:
    click.echo(f"Erased the student of account {document['erased']}.")
    say("No sync and no upload brings the student back.")


@click.command()
@click.argument("student")
@school_option
@click.option("--yes", is_flag=True, help="Erase now. Without this, only say what would go.")
@prints(_show_erased)
def erase(student: str, school_name: str | None, yes: bool) -> Output:
    """Erase one student for good.

    The argument is an account id, SIS ID or e-mail. The account, rows in reports, problems,
    uploaded files that name the student and mails go. No sync and no upload brings the student
    back.

    \b
    Example:
      rollbook students data 2112 -o student.json
      rollbook students erase 2112 --yes
    """
    account = find_student(school_name, student)
    if not yes:
        what = f"This would erase the student of account {account.pk}. Nothing was erased."
        remedy = "To erase the student for good, add --yes."
        raise Refusal(Exit.REFUSED, "erasure_unconfirmed", what, remedy)
    with student_refusals():
        erasing.erase(account, None, account.name, VIA)
    return Output({"erased": str(account.pk)})
