"""`rollbook audit verify` and `anchor`: checks the chain of the audit log."""

from typing import Final

import click

from rollbook.cli.documents import moment
from rollbook.cli.exit_codes import Exit
from rollbook.cli.output import Document, Output, Refusal, prints, say
from rollbook.schools import audit_chain
from rollbook.schools.audit_chain import Anchor, Finding

WORDS: Final = {
    "changed": "Entry {entry}, written {at}, was changed after it was sealed.",
    "removed": "Entry {entry}, sealed {at}, was removed.",
    "swapped": "Entry {entry}, written {at}, was swapped with entry {other}.",
    "back_dated": "Entry {entry} says {at}, but was not written then.",
    "unsealed": "Entry {entry} says {at}, but was written after that day was sealed.",
    "seal_removed": "Seals from number {number} on were removed.",
    "seal_changed": "Seal {number}, of entry {entry}, was changed.",
    "anchor_removed": "The end of the log was removed: the anchor {number} is not there any more.",
    "anchor_differs": "Entries up to number {number} are not those of the anchor.",
}


def _of_finding(finding: Finding) -> Document:
    return {
        "kind": finding.kind,
        "number": finding.number,
        "entry": finding.entry_id,
        "other": finding.other,
        "at": moment(finding.at),
    }


def _show(document: Document) -> None:
    verified = document["verified"]
    for finding in document["findings"]:
        click.echo(WORDS[finding["kind"]].format(**finding))
    if not document["findings"]:
        click.echo(f"The audit log is whole: {verified['entries']:,} entries.")
    if verified["removed_by_age"]:
        click.echo(f"{verified['removed_by_age']:,} entries were removed for their age.")
    say(f"Anchor: {verified['anchor']}")


@click.command()
@click.option(
    "--anchor",
    "known",
    default=None,
    metavar="ANCHOR",
    help="An anchor that was kept elsewhere: what came before it must be unchanged.",
)
@prints(_show)
def verify(known: str | None) -> Output:
    """Check that no entry of the audit log was changed, removed, swapped or back-dated.

    The exit code is 3 if one was. Entries written since the last seal are sealed first.

    \b
    Example:
      rollbook audit verify --anchor 1204:9f3c…
    """
    try:
        expected = Anchor.read(known) if known else None
    except ValueError as error:
        remedy = "Give it as `rollbook audit anchor` prints it: a number, a colon and 64 digits."
        raise Refusal(Exit.USAGE, "anchor_unreadable", "This is no anchor.", remedy) from error
    audit_chain.seal()
    verified = audit_chain.verify(expected)
    document = {
        "verified": {
            "entries": verified.entries,
            "removed_by_age": verified.removed_by_age,
            "anchor": str(verified.last),
        },
        "findings": [_of_finding(finding) for finding in verified.findings],
    }
    return Output(document, Exit.REFUSED if verified.findings else Exit.DONE)


def _show_anchor(document: Document) -> None:
    click.echo(document["anchor"])


@click.command()
@prints(_show_anchor)
def anchor() -> Output:
    """Print the end of the audit log's chain.

    Keep it on another machine, to prove later that nothing before it was changed.

    \b
    Example:
      rollbook audit anchor | mail -s "Rollbook audit log" board@school.example
    """
    audit_chain.seal()
    return Output({"anchor": str(audit_chain.anchor())})
