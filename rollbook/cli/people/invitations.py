"""`rollbook invite` and `rollbook invitations`: registration emails to students."""

import click
from django.db.models import QuerySet

from rollbook.cli.audit_log import VIA
from rollbook.cli.documents import moment
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school
from rollbook.cli.options import mail_state_option, newest_option, school_option
from rollbook.cli.output import Document, Output, Refusal, not_found, prints, table
from rollbook.roster.values.parsing import email_key
from rollbook.schools.models import School
from rollbook.students import inviting
from rollbook.students.models import Invitation, StudentAccount
from rollbook.sync.mail import invitations as mail


def _show(document: Document) -> None:
    words = "Students that would be invited" if document["preview"] else "Students invited"
    click.echo(f"{words}: {document['invited']:,}")
    for reason, number in document["left_out"].items():
        if number:
            click.echo(f"Not invited, {reason.replace('_', ' ')}: {number:,}")


@click.command()
@click.argument("emails", nargs=-1, metavar="[EMAIL]...")
@school_option
@click.option(
    "--all", "everybody", is_flag=True, help="Invite all students of the school, or of one year."
)
@click.option(
    "--graduation-year",
    type=int,
    default=None,
    metavar="YEAR",
    help="With --all: only students who graduate in this year.",
)
@click.option("--again", is_flag=True, help="Include students invited within the last day.")
@click.option("--preview", is_flag=True, help="Count the students and send nothing.")
@prints(_show)
def invite(
    emails: tuple[str, ...],
    school_name: str | None,
    everybody: bool,
    graduation_year: int | None,
    again: bool,
    preview: bool,
) -> Output:
    """Send the registration email to students. A run never sends it.

    \b
    Examples:
      rollbook invite ana.garcia@lincoln.example
      rollbook invite --all --graduation-year 2028 --preview
    """
    if everybody == bool(emails):
        raise Refusal(
            Exit.USAGE,
            "students_unnamed",
            "Give e-mails of students or --all, not both. Nothing was sent.",
            "See rollbook invite --help.",
        )
    school = find_school(school_name)
    accounts = _all_of(school, graduation_year) if everybody else _with_emails(school, emails)
    audience = inviting.audience(accounts, again=again)
    left_out = {
        "registered": audience.registered,
        "just_invited": audience.just_invited,
        "not_active": audience.not_active,
    }
    invited = audience.invited
    if not preview:
        invited = mail.invite(school, accounts, None, again=again, via=VIA)
    return Output({"invited": invited, "left_out": left_out, "preview": preview})


def _all_of(school: School, graduation_year: int | None) -> QuerySet[StudentAccount]:
    accounts = StudentAccount.objects.filter(school=school)
    if graduation_year:
        accounts = accounts.filter(graduation_year=graduation_year)
    return accounts


def _with_emails(school: School, emails: tuple[str, ...]) -> QuerySet[StudentAccount]:
    """Return the students with these e-mails. Raises a Refusal if one of them is missing."""
    keys = {email_key(email.strip()) for email in emails}
    accounts = StudentAccount.objects.filter(school=school, email_key__in=keys)
    if accounts.count() < len(keys):
        not_found(
            "student_not_found",
            "Not every e-mail belongs to a student of this school. Nothing was sent.",
            "`rollbook students` lists the students.",
        )
    return accounts


def _show_list(document: Document) -> None:
    keys = ("created_at", "student", "state", "tries", "trouble")
    rows = [
        (*[mail[key] for key in keys], mail["used_at"] or mail["expires_at"])
        for mail in document["invitations"]
    ]
    columns = ("Made (UTC)", "Student", "State", "Tries", "Last error", "Used, or valid until")
    table(columns, rows, "No registration emails.")


@click.command()
@school_option
@mail_state_option
@newest_option(50)
@prints(_show_list)
def invitations(school_name: str | None, state: str | None, limit: int) -> Output:
    """List the registration emails. Each has its state, the last error, and if it was used.

    \b
    Example:
      rollbook invitations --state undelivered --json
    """
    mails = Invitation.objects.order_by("-created_at")
    if school_name is not None:
        mails = mails.filter(school=find_school(school_name))
    if state is not None:
        mails = mails.filter(state=state)
    return Output({"invitations": [_of_invitation(invitation) for invitation in mails[:limit]]})


def _of_invitation(invitation: Invitation) -> Document:
    return {
        "id": str(invitation.pk),
        "student": str(invitation.account_id),
        "state": invitation.state,
        "tries": invitation.tries,
        "trouble": invitation.trouble,
        "created_at": moment(invitation.created_at),
        "sent_at": moment(invitation.sent_at),
        "expires_at": moment(invitation.expires_at),
        "used_at": moment(invitation.used_at),
        "ended_at": moment(invitation.ended_at),
    }
