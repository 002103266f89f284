"""`rollbook notices`: the mail about runs, whom it went to, what keeps it, and who wants which."""

import click

from rollbook.cli.answers import Answer, Document, Refusal, answers, not_found, table
from rollbook.cli.documents import moment
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school, find_user, school_option
from rollbook.cli.people import VIA
from rollbook.schools.models import Membership
from rollbook.sync.mail import notices as mail
from rollbook.sync.models import Notice

STATES = ("waiting", "sent", "undelivered")
EVENTS = ("credentials_refused", "failed", "on_hold", "did_not_run", "problems", "changes")


def _show(document: Document) -> None:
    rows = [
        (
            each["created_at"],
            each["to"],
            each["event"],
            each["state"],
            each["tries"],
            each["trouble"],
            each["run"],
        )
        for each in document["notices"]
    ]
    table(("Made (UTC)", "To", "Event", "State", "Tries", "Trouble", "Run"), rows, "No notices.")


@click.command("list")
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
@answers(_show)
def list_notices(school_name: str | None, state: str | None, limit: int) -> Answer:
    """List the mail about runs, newest first.

    \b
    Example:
      rollbook notices list --state undelivered --json
    """
    found = Notice.objects.select_related("school", "user").order_by("-created_at")
    if school_name is not None:
        found = found.filter(school=find_school(school_name))
    if state is not None:
        found = found.filter(state=state)
    return Answer({"notices": [_of_notice(each) for each in found[:limit]]})


def _show_choice(document: Document) -> None:
    choice = document["choice"]
    wanted = ", ".join(each.replace("_", " ") for each in choice["events"]) or "nothing"
    click.echo(f"{choice['user']} gets mail from {choice['school']['name']} about: {wanted}.")


@click.command("choose")
@click.argument("email")
@school_option
@click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Choice(EVENTS),
    help="Mail about this; may be given several times.",
)
@click.option("--none", "nothing", is_flag=True, help="No mail at all.")
@answers(_show_choice)
def choose_notices(
    email: str, school_name: str | None, events: tuple[str, ...], nothing: bool
) -> Answer:
    """Choose what a person gets mail about. Without --event or --none: show it.

    \b
    Examples:
      rollbook notices choose ada@lincoln.example --event failed --event on_hold
      rollbook notices choose cora@lincoln.example --none
    """
    if events and nothing:
        raise Refusal(
            Exit.USAGE,
            "none_and_event",
            "--none and --event exclude each other.",
            "Leave one of them out.",
        )
    membership = _membership(email, school_name)
    if events or nothing:
        mail.choose(membership, list(events), via=VIA)
    school = {"id": str(membership.school_id), "name": membership.school.name}
    return Answer(
        {
            "choice": {
                "user": membership.user.email,
                "school": school,
                "events": mail.chosen_events(membership),
            }
        }
    )


def _membership(email: str, school_name: str | None) -> Membership:
    user, school = find_user(email), find_school(school_name)
    remedy = "Give them a role there: rollbook user add --help"
    found = user.memberships.select_related("school", "user").filter(school=school).first()
    return found or not_found(
        "membership_not_found", f"{user.email} has no role at {school}.", remedy
    )


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
