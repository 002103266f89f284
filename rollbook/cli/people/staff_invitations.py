"""`rollbook user invite, invitations, revoke`: invitations of staff."""

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.documents import moment
from rollbook.cli.lookup import find_school
from rollbook.cli.options import newest_option, school_option
from rollbook.cli.output import Document, Output, not_found, prints, say, table
from rollbook.cli.people.users import ROLES
from rollbook.schools import clock, staff_invitations
from rollbook.schools.models import StaffInvitation
from rollbook.sync.mail import staff


def _show(document: Document) -> None:
    invitation = document["invitation"]
    click.echo(f"{invitation['email']} is invited as {invitation['role']}.")
    click.echo(f"Link: {document['link']}")
    say("A worker mails the link. It works once, for 72 hours, for this address only.")


@click.command("invite")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), required=True, help="The role, which is fixed.")
@school_option
@prints(_show)
def invite_user(email: str, role: str, school_name: str | None) -> Output:
    """Invite a person to a school by mail. Sends again where an invitation is open.

    \b
    Example:
      rollbook user invite nell@lincoln.example --role counselor
    """
    invitation = staff.invite(find_school(school_name), email, role, None, VIA)
    return Output({"invitation": _of(invitation), "link": staff.link(invitation)})


def _show_list(document: Document) -> None:
    keys = ("created_at", "email", "role", "school", "state", "mail", "expires_at")
    rows = [tuple(each[key] for key in keys) for each in document["invitations"]]
    columns = ("Made (UTC)", "E-mail", "Role", "School", "State", "Mail", "Valid until")
    table(columns, rows, "No invitations.")


@click.command("invitations")
@school_option
@newest_option(50)
@prints(_show_list)
def list_invitations(school_name: str | None, limit: int) -> Output:
    """List the invitations of staff, with their state and that of their mail."""
    invitations = StaffInvitation.objects.select_related("school").order_by("-created_at", "pk")
    if school_name is not None:
        invitations = invitations.filter(school=find_school(school_name))
    return Output({"invitations": [_of(each) for each in invitations[:limit]]})


def _show_revoked(document: Document) -> None:
    click.echo(f"{document['invitation']['email']} can't use the link any more.")


@click.command("revoke")
@click.argument("email")
@school_option
@prints(_show_revoked)
def revoke_invitation(email: str, school_name: str | None) -> Output:
    """Revoke the open invitation of an address.

    \b
    Example:
      rollbook user revoke nell@lincoln.example
    """
    school = find_school(school_name)
    opened = staff_invitations.open_invitations(school).filter(address=email.strip().lower())
    invitation = opened.first()
    if invitation is None or not staff_invitations.revoke(invitation, None, VIA):
        not_found(
            "invitation_not_found",
            f"{email!r} has no open invitation to {school.name}. Nothing was changed.",
            "`rollbook user invitations` lists them.",
        )
    return Output({"invitation": _of(StaffInvitation.objects.get(pk=invitation.pk))})


def _of(invitation: StaffInvitation) -> Document:
    return {
        "id": str(invitation.pk),
        "school": invitation.school.name,
        "email": invitation.address,
        "role": invitation.role,
        "state": _state(invitation),
        "mail": invitation.state,
        "trouble": invitation.trouble,
        "created_at": moment(invitation.created_at),
        "expires_at": moment(invitation.expires_at),
        "accepted_at": moment(invitation.accepted_at),
        "revoked_at": moment(invitation.revoked_at),
    }


def _state(invitation: StaffInvitation) -> str:
    """Return `accepted`, `revoked`, `expired` or `open`."""
    if invitation.accepted_at is not None:
        return "accepted"
    if invitation.revoked_at is not None:
        return "revoked"
    return "expired" if invitation.expires_at <= clock.now() else "open"
