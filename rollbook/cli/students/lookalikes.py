"""`rollbook lookalikes`: open accounts with one name and date of birth, and what people decide."""

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.documents import of_student
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school, find_student
from rollbook.cli.options import school_option
from rollbook.cli.output import Document, Output, Refusal, prints, table
from rollbook.students import lookalikes
from rollbook.students.models import Lookalike


def _show(document: Document) -> None:
    rows = []
    for pair in document["lookalikes"]:
        account, other = pair["account"], pair["other"]
        name = f"{account['first_name']} {account['last_name']}"
        rows.append((name, account["birth_date"], account["email"], other["email"]))
    table(("Student", "Born", "First account", "Second account"), rows, "No possible duplicates.")


def _of_question(question: Lookalike) -> Document:
    return {"account": of_student(question.account), "other": of_student(question.other)}


@click.command("list")
@school_option
@prints(_show)
def list_lookalikes(school_name: str | None) -> Output:
    """List open accounts with the same name and date of birth.

    Those that somebody has decided about are left out.
    """
    questions = lookalikes.open_questions(find_school(school_name))
    return Output({"lookalikes": [_of_question(question) for question in questions]})


@click.command("different")
@click.argument("one_name", metavar="ONE")
@click.argument("other_name", metavar="OTHER")
@school_option
@prints(_show)
def different(one_name: str, other_name: str, school_name: str | None) -> Output:
    """Decide that two accounts belong to two students. Nobody is asked again.

    Both are given as an account id, SIS ID or e-mail. For one student use `rollbook merge`.

    \b
    Example:
      rollbook lookalikes different 2112 2113
    """
    one, other = find_student(school_name, one_name), find_student(school_name, other_name)
    for question in lookalikes.questions_about(one):
        if other.pk in (question.account_id, question.other_id):
            lookalikes.decide_different(question, None, via=VIA)
            return Output({"lookalikes": [_of_question(question)]})
    raise Refusal(
        Exit.NOT_FOUND,
        "lookalike_not_found",
        "There is no undecided question about these two accounts. Nothing was saved.",
        "See rollbook lookalikes list.",
    )
