"""`rollbook invite` and `rollbook invitations`: registration emails to students, and what became of them."""

import click
from django.db.models import QuerySet

from rollbook.cli.answers import Answer, Document, Refusal, answers, not_found, table
from rollbook.cli.documents import moment
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school, school_option
from rollbook.cli.notices import STATES
from rollbook.cli.people import VIA
from rollbook.roster.values import email_key
from rollbook.schools.models import School
from rollbook.students import registration
from rollbook.students.models import Invitation, StudentAccount
from rollbook.sync.mail import invitations as mails


def _show(document: Document) -> None:
    verb = "would be" if document["preview"] else "were"
    click.echo(f"{document['invited']:,} students {verb} invited.")
    for reason, number in document["left_out"].items():
        if number:
            click.echo(f"Left out, {reason.replace('_', ' ')}: {number:,}")


@click.command()
@click.argument("emails", nargs=-1, metavar="[EMAIL]...")
@school_option
@click.option(
    "--all", "everybody", is_flag=True, help="All students of the school who aren't registered yet."
)
@click.option(
    "--graduation-year",
    type=int,
    default=None,
    metavar="YEAR",
    help="With --all: only those who graduate in this year.",
)
@click.option("--again", is_flag=True, help="Also those who were invited within the last day.")
@click.option("--preview", is_flag=True, help="Count, and send nothing.")
@answers(_show)
def invite(
    emails: tuple[str, ...],
    school_name: str | None,
    everybody: bool,
    graduation_year: int | None,
    again: bool,
    preview: bool,
) -> Answer:
    """Send the registration email to students. A run never does this by itself.

    \b
    Examples:
      rollbook invite ana.garcia@lincoln.example
      rollbook invite --all --graduation-year 2028 --preview
    """
    school = find_school(school_name)
    accounts = _chosen(school, emails, everybody, graduation_year)
    audience = registration.audience(accounts, again=again)
    left_out = {
        "registered": audience.registered,
        "just_invited": audience.just_invited,
        "not_active": audience.not_active,
    }
    invited = (
        audience.invited if preview else mails.invite(school, accounts, None, again=again, via=VIA)
    )
    return Answer({"invited": invited, "left_out": left_out, "preview": preview})


def _chosen(
    school: School, emails: tuple[str, ...], everybody: bool, graduation_year: int | None
) -> QuerySet[StudentAccount]:
    if everybody == bool(emails):
        raise Refusal(
            Exit.USAGE,
            "students_unnamed",
            "Name students by their e-mail, or say --all.",
            "See rollbook invite --help.",
        )
    accounts = StudentAccount.objects.filter(school=school)
    if everybody:
        return accounts.filter(graduation_year=graduation_year) if graduation_year else accounts
    keys = {email_key(email.strip()) for email in emails}
    found = accounts.filter(email_key__in=keys)
    if found.count() < len(keys):
        not_found(
            "student_not_found",
            "Not every address belongs to a student of this school; nothing was sent.",
            "See rollbook students.",
        )
    return found


def _show_list(document: Document) -> None:
    rows = [
        (
            each["created_at"],
            each["student"],
            each["state"],
            each["tries"],
            each["trouble"],
            each["used_at"] or each["expires_at"],
        )
        for each in document["invitations"]
    ]
    table(
        ("Made (UTC)", "Student", "State", "Tries", "Trouble", "Used, or good until"),
        rows,
        "No registration emails.",
    )


@click.command()
@school_option
@click.option(
    "--state",
    type=click.Choice(STATES),
    default=None,
    help="undelivered: given up after a day of tries.",
)
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="How many, newest first.",
)
@answers(_show_list)
def invitations(school_name: str | None, state: str | None, limit: int) -> Answer:
    """List the registration emails.

    \b
    Example:
      rollbook invitations --state undelivered --json
    """
    found = Invitation.objects.order_by("-created_at")
    if school_name is not None:
        found = found.filter(school=find_school(school_name))
    if state is not None:
        found = found.filter(state=state)
    return Answer({"invitations": [_of(each) for each in found[:limit]]})


def _of(invitation: Invitation) -> Document:
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
