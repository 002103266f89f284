"""`rollbook links`: which students of the SIS existing accounts may be, and decisions about it."""

from uuid import UUID

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.connect.field_rules import show_values
from rollbook.cli.documents import of_student
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school, find_student
from rollbook.cli.options import limit_option, school_option
from rollbook.cli.output import Document, Output, Refusal, not_found, prints, say_rest, table
from rollbook.students.links import links_of
from rollbook.students.refused import Refused
from rollbook.sync.models import LinkProposal
from rollbook.sync.setup import link_decisions

STATES = ("undecided", "clash", "all")
COMPARED = ("email", "name", "birth_date", "sis_id", "student_number")

id_argument = click.argument("proposal_id", metavar="ID", type=click.UUID)


def _show(document: Document) -> None:
    rows = []
    for link in document["links"]:
        names = (link["account"]["name"], link["record"]["name"])
        same = ", ".join(link["same"])
        rows.append((link["id"], *names, link["sis_id"], same, link["clash"], link["decision"]))
    columns = ("Id", "Account", "Student", "SIS ID", "Same values", "Clash", "Decision")
    table(columns, rows, "No links to decide.")
    say_rest(document["total"], len(rows))


@click.command("list")
@school_option
@click.option(
    "--state",
    type=click.Choice(STATES),
    default="undecided",
    help="clash: undecided, and the values contradict. all: decided ones as well.",
)
@limit_option(1_000)
@prints(_show)
def list_links(school_name: str | None, state: str, limit: int) -> Output:
    """List accounts and the students they may be. They are from the last run or test run.

    \b
    Example:
      rollbook links list --state clash --json
    """
    school = find_school(school_name)
    if state == "all":
        proposals = link_decisions.proposals(school)
    else:
        proposals = link_decisions.undecided(school)
    if state == "clash":
        proposals = proposals.exclude(clash="")
    listed = [_of_link(proposal) for proposal in proposals.select_related("account")[:limit]]
    return Output({"total": proposals.count(), "links": listed})


def _of_link(proposal: LinkProposal) -> Document:
    account = proposal.account
    return {
        "id": str(proposal.pk),
        "source": proposal.source,
        "account": {
            "id": str(account.pk),
            "name": account.name,
            "email": account.email,
            "links": [{"source": link.source, "sis_id": link.sis_id} for link in links_of(account)],
        },
        "sis_id": proposal.sis_id,
        "record": {"name": proposal.name, **proposal.record},
        "same": [field for field in COMPARED if getattr(proposal, f"same_{field}")],
        "exact": proposal.is_exact,
        "clash": proposal.clash or None,
        "decision": _decision(proposal),
    }


def _decision(proposal: LinkProposal) -> str | None:
    """Return the decision about a proposal; only some queries load it."""
    if getattr(proposal, "confirmed", False):
        return "confirmed"
    return "not_same" if getattr(proposal, "rejected", False) else None


def _show_decided(document: Document) -> None:
    click.echo(f"Decisions saved: {document['decided']:,}")


@click.command("confirm")
@click.argument("proposal_id", metavar="[ID]", type=click.UUID, required=False)
@school_option
@click.option(
    "--exact",
    is_flag=True,
    help="Confirm all with the same e-mail and name that contradict no other.",
)
@prints(_show_decided)
def confirm(proposal_id: UUID | None, school_name: str | None, exact: bool) -> Output:
    """Confirm that an account and a student match. The next live run links them.

    \b
    Examples:
      rollbook links confirm 0b5f3a52-9d0e-4a0e-8a35-8b2d3c1f6a10
      rollbook links confirm --exact
    """
    if exact == (proposal_id is not None):
        raise Refusal(
            Exit.USAGE,
            "which_link",
            "Give one id or --exact, not both. Nothing was confirmed.",
            "`rollbook links list` shows the ids.",
        )
    if proposal_id is None:
        school = find_school(school_name)
        return Output({"decided": link_decisions.confirm_exact(school, None, None, via=VIA)})
    proposal = _find(proposal_id, school_name)
    try:
        return _decided(link_decisions.confirm(proposal, None, via=VIA))
    except link_decisions.LinkRefused as refused:
        raise Refusal(Exit.REFUSED, "link_contradicts", str(refused)) from refused


@click.command("reject")
@id_argument
@school_option
@prints(_show_decided)
def reject(proposal_id: UUID, school_name: str | None) -> Output:
    """Reject a link between an account and a student. Later runs keep this decision."""
    return _decided(link_decisions.reject(_find(proposal_id, school_name), None, via=VIA))


@click.command("take-back")
@id_argument
@school_option
@prints(_show_decided)
def take_back(proposal_id: UUID, school_name: str | None) -> Output:
    """Take back a decision about a link. It must not have been used by a live run yet."""
    return _decided(link_decisions.take_back(_find(proposal_id, school_name), None, via=VIA))


@click.command("unlink")
@click.argument("student")
@school_option
@click.option("--source", required=True, help="The SIS to unlink from, such as veracross.")
@prints(show_values)
def unlink(student: str, school_name: str | None, source: str) -> Output:
    """Unlink a student from one SIS. The student keeps the link to another one.

    The next run of that SIS proposes the link again. The argument is an account id, SIS ID or
    e-mail.

    \b
    Example:
      rollbook links unlink jsmithson@lincoln.example --source veracross
    """
    account = find_student(school_name, student)
    try:
        link_decisions.unlink(account, source, None, via=VIA)
    except Refused as refused:
        remedy = "`rollbook students` with --json shows the links of a student."
        raise Refusal(Exit.REFUSED, "unlink_refused", str(refused), remedy) from refused
    account.refresh_from_db()
    return Output({"student": of_student(account)})


def _decided(is_new: bool) -> Output:
    return Output({"decided": int(is_new)})


def _find(proposal_id: UUID, school_name: str | None) -> LinkProposal:
    proposals = LinkProposal.objects.select_related("school")
    proposal = proposals.filter(pk=proposal_id, school=find_school(school_name)).first()
    return proposal or not_found(
        "link_not_found",
        f"There is no link with id {proposal_id}. Nothing was changed.",
        "`rollbook links list` shows the ids.",
    )
