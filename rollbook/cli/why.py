"""`rollbook why`: why a student is not in."""

import click

from rollbook.cli.answers import Answer, Document, answers
from rollbook.cli.lookup import find_school, school_option
from rollbook.cli.people import VIA
from rollbook.schools import audit
from rollbook.sync.report.why_missing import Finding
from rollbook.sync.report.why_missing import why as look_up


def _show(document: Document) -> None:
    for each in document["answers"]:
        click.echo(f"{each['what']}\n  {each['remedy']}")


@click.command()
@click.argument("asked", metavar="TEXT")
@school_option
@answers(_show)
def why(asked: str, school_name: str | None) -> Answer:
    """Explain why a student has no account. The SIS itself is not asked.

    \b
    Example:
      rollbook why "Ada Lovelace"
    """
    school = find_school(school_name)
    found = look_up(school, asked)
    audit.record("students.asked_why", school=school, actor=None, via=VIA, results=len(found))
    return Answer({"answers": [_of_answer(each) for each in found]})


def _of_answer(each: object) -> Document:
    assert isinstance(each, Finding)
    ids = {
        "student": str(each.account) if each.account else None,
        "run": str(each.run) if each.run else None,
    }
    return {
        "code": each.code,
        "about": each.about or None,
        "what": each.what,
        "remedy": each.remedy,
        **ids,
    }
