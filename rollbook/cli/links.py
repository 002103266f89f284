"""`rollbook links`: accounts that were there before and the students they could be; what people say about them."""

from uuid import UUID

import click

from rollbook.cli.answers import Answer, Document, Refusal, answers, not_found, say, table
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school, school_option
from rollbook.cli.people import VIA
from rollbook.sync.models import LinkProposal
from rollbook.sync.setup import link_decisions as linking

STATES = ("undecided", "clash", "all")


def _show(document: Document) -> None:
    rows = [
        (
            each["id"],
            each["account"]["name"],
            each["record"]["name"],
            each["sis_id"],
            ", ".join(each["same"]),
            each["clash"],
            each["decision"],
        )
        for each in document["links"]
    ]
    table(
        ("Id", "Account", "Student", "SIS ID", "The same", "Clash", "Decision"),
        rows,
        "Nothing to decide.",
    )
    if document["total"] > len(rows):
        say(f"{len(rows):,} of {document['total']:,}. See more with --limit.")


@click.command("list")
@school_option
@click.option(
    "--state",
    type=click.Choice(STATES),
    default="undecided",
    help="clash: undecided and contradicting; all: decided ones too.",
)
@click.option("--limit", default=1_000, show_default=True, type=click.IntRange(1, 1_000_000))
@answers(_show)
def list_links(school_name: str | None, state: str, limit: int) -> Answer:
    """List accounts and the students they may be.

    \b
    Example:
      rollbook links list --state clash --json
    """
    school = find_school(school_name)
    found = linking.proposals(school) if state == "all" else linking.undecided(school)
    if state == "clash":
        found = found.exclude(clash="")
    return Answer(
        {
            "total": found.count(),
            "links": [_of_link(each) for each in found.select_related("account")[:limit]],
        }
    )


def _of_link(proposal: LinkProposal) -> Document:
    same = [
        field
        for field in ("email", "name", "birth_date", "sis_id", "student_number")
        if getattr(proposal, f"same_{field}")
    ]
    decision = (
        "confirmed"
        if getattr(proposal, "confirmed", False)
        else "not_same"
        if getattr(proposal, "rejected", False)
        else None
    )
    return {
        "id": str(proposal.pk),
        "source": proposal.source,
        "account": {
            "id": str(proposal.account_id),
            "name": proposal.account.name,
            "email": proposal.account.email,
        },
        "sis_id": proposal.sis_id,
        "record": {"name": proposal.name, **proposal.record},
        "same": same,
        "exact": proposal.is_exact,
        "clash": proposal.clash or None,
        "decision": decision,
    }


def _show_done(document: Document) -> None:
    click.echo(f"{document['decided']:,} decided.")


@click.command("confirm")
@click.argument("proposal_id", metavar="[ID]", type=click.UUID, required=False)
@school_option
@click.option(
    "--exact",
    is_flag=True,
    help="Every one whose e-mail and name are the same and that contradicts no other.",
)
@answers(_show_done)
def confirm(proposal_id: UUID | None, school_name: str | None, exact: bool) -> Answer:
    """Confirm that an account and a student match.

    \b
    Examples:
      rollbook links confirm 0b5f3a52-9d0e-4a0e-8a35-8b2d3c1f6a10
      rollbook links confirm --exact
    """
    if exact == (proposal_id is not None):
        raise Refusal(
            Exit.USAGE,
            "which_link",
            "Name one id, or --exact.",
            "`rollbook links list` shows the ids.",
        )
    if proposal_id is None:
        return Answer(
            {"decided": linking.confirm_exact(find_school(school_name), None, None, via=VIA)}
        )
    try:
        return Answer(
            {"decided": int(linking.confirm(_find(proposal_id, school_name), None, via=VIA))}
        )
    except linking.LinkRefused as refused:
        raise Refusal(Exit.REFUSED, "link_contradicts", str(refused)) from refused


@click.command("reject")
@click.argument("proposal_id", metavar="ID", type=click.UUID)
@school_option
@answers(_show_done)
def reject(proposal_id: UUID, school_name: str | None) -> Answer:
    """Reject a link between an account and a student. This is remembered."""
    return Answer({"decided": int(linking.reject(_find(proposal_id, school_name), None, via=VIA))})


@click.command("take-back")
@click.argument("proposal_id", metavar="ID", type=click.UUID)
@school_option
@answers(_show_done)
def take_back(proposal_id: UUID, school_name: str | None) -> Answer:
    """Take back a decision about a link."""
    return Answer(
        {"decided": int(linking.take_back(_find(proposal_id, school_name), None, via=VIA))}
    )


def _find(proposal_id: UUID, school_name: str | None) -> LinkProposal:
    school = find_school(school_name)
    proposal = (
        LinkProposal.objects.select_related("school").filter(pk=proposal_id, school=school).first()
    )
    return proposal or not_found(
        "link_not_found",
        f"There is no proposal {proposal_id}.",
        "`rollbook links list` shows them.",
    )
