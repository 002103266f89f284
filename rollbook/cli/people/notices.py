"""`rollbook notices`: the mail about runs, and who gets which."""

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.documents import moment
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school, find_user
from rollbook.cli.options import mail_state_option, newest_option, school_option
from rollbook.cli.output import Document, Output, Refusal, not_found, prints, table
from rollbook.schools.models import Membership
from rollbook.sync.mail import choices
from rollbook.sync.models import Notice

EVENTS = ("credentials_refused", "failed", "on_hold", "did_not_run", "problems", "changes")


def _show(document: Document) -> None:
    keys = ("created_at", "to", "event", "state", "tries", "trouble", "run")
    rows = [[notice[key] for key in keys] for notice in document["notices"]]
    table(("Made (UTC)", "To", "Event", "State", "Tries", "Last error", "Run"), rows, "No notices.")


@click.command("list")
@school_option
@mail_state_option
@newest_option(50)
@prints(_show)
def list_notices(school_name: str | None, state: str | None, limit: int) -> Output:
    """List the mail about runs, newest first. Each has its state and the last error.

    \b
    Example:
      rollbook notices list --state undelivered --json
    """
    mails = Notice.objects.select_related("school", "user").order_by("-created_at")
    if school_name is not None:
        mails = mails.filter(school=find_school(school_name))
    if state is not None:
        mails = mails.filter(state=state)
    return Output({"notices": [_of_notice(notice) for notice in mails[:limit]]})


def _of_notice(notice: Notice) -> Document:
    return {
        "id": str(notice.pk),
        "school": {"id": str(notice.school_id), "name": notice.school.name},
        "to": notice.user.email,
        "event": notice.event,
        "run": str(notice.run_id) if notice.run_id else None,
        "reason": notice.reason or None,
        "state": notice.state,
        "tries": notice.tries,
        "trouble": notice.trouble or None,
        "created_at": moment(notice.created_at),
        "sent_at": moment(notice.sent_at),
    }


def _show_choice(document: Document) -> None:
    choice = document["choice"]
    events = ", ".join(event.replace("_", " ") for event in choice["events"]) or "nothing"
    click.echo(f"{choice['user']} gets mail from {choice['school']['name']} about: {events}.")


@click.command("choose")
@click.argument("email")
@school_option
@click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Choice(EVENTS),
    help="Send mail about this. Can be repeated.",
)
@click.option("--none", "nothing", is_flag=True, help="Send no mail at all.")
@prints(_show_choice)
def choose_notices(
    email: str, school_name: str | None, events: tuple[str, ...], nothing: bool
) -> Output:
    """Choose what a person gets mail about. It replaces the choice before.

    Without --event or --none, the choice is only shown.

    \b
    Examples:
      rollbook notices choose ada@lincoln.example --event failed --event on_hold
      rollbook notices choose cora@lincoln.example --none
    """
    if events and nothing:
        raise Refusal(
            Exit.USAGE,
            "none_and_event",
            "--none and --event can't be used together. Nothing was saved.",
            "Leave one of them out.",
        )
    membership = _membership(email, school_name)
    if events or nothing:
        choices.choose(membership, list(events), via=VIA)
    choice = {
        "user": membership.user.email,
        "school": {"id": str(membership.school_id), "name": membership.school.name},
        "events": choices.chosen_events(membership),
    }
    return Output({"choice": choice})


def _membership(email: str, school_name: str | None) -> Membership:
    user, school = find_user(email), find_school(school_name)
    membership = user.memberships.select_related("school", "user").filter(school=school).first()
    return membership or not_found(
        "membership_not_found",
        f"{user.email} has no role at {school}. Nothing was saved.",
        "Give them a role there: rollbook user add --help",
    )
