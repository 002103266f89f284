"""`rollbook students` and `rollbook audit`: what a school holds, and who did what."""

import click

from rollbook.cli.answers import Answer, Document, answers, say, table
from rollbook.cli.lookup import find_school, school_option
from rollbook.cli.people import VIA

STATUSES = ("active", "deactivated", "left", "graduated")


def _show_students(document: Document) -> None:
    rows = [
        (each["last_name"], each["first_name"], each["email"], each["graduation_year"], each["status"], each["sis_id"])
        for each in document["students"]
    ]
    table(("Last name", "First name", "E-mail", "Graduates", "Status", "SIS ID"), rows, "No students.")
    if document["total"] > len(rows):
        say(f"{len(rows):,} of {document['total']:,}. See more with --limit and --offset.")


@click.command()
@school_option
@click.option("--search", default="", metavar="TEXT", help="Part of a name or e-mail, or a SIS ID.")
@click.option("--status", type=click.Choice(STATUSES), default=None)
@click.option("--graduation-year", type=int, default=None, metavar="YEAR")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option("--offset", default=0, show_default=True, type=click.IntRange(0))
@answers(_show_students)
def students(school_name: str | None, search: str, status: str | None, graduation_year: int | None, limit: int, offset: int) -> Answer:
    """List or search the students of a school, by last name. This is noted in the audit log.

    \b
    Examples:
      rollbook students --search garcia
      rollbook students --graduation-year 2028 --limit 1000 --json
    """
    from django.db.models import Q

    from rollbook.cli.documents import of_student
    from rollbook.schools import audit
    from rollbook.students.models import StudentAccount

    school = find_school(school_name)
    found = StudentAccount.objects.filter(school=school).order_by("last_name", "first_name", "id")
    for word in search.split():
        parts = Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(email__icontains=word)
        found = found.filter(parts | Q(preferred_name__icontains=word) | Q(sis_id=word) | Q(student_number=word))
    if status:
        found = found.filter(status=status)
    if graduation_year:
        found = found.filter(graduation_year=graduation_year)
    total = found.count()
    shown = [of_student(each) for each in found[offset : offset + limit]]
    audit.record("students.listed", school=school, actor=None, via=VIA, shown=len(shown), searched=bool(search))
    return Answer({"total": total, "students": shown})


def _show_entries(document: Document) -> None:
    rows = [
        (
            each["at"],
            each["actor"] or each["via"],
            each["action"],
            each["subject"],
            ", ".join(f"{k}={v}" for k, v in each["detail"].items()),
        )
        for each in document["entries"]
    ]
    table(("At (UTC)", "By", "What", "Subject", "Detail"), rows, "The audit log is empty.")


@click.command()
@school_option
@click.option("--action", default=None, metavar="NAME", help="Only this deed, such as run.requested.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1_000_000), help="How many, newest first.")
@answers(_show_entries)
def audit(school_name: str | None, action: str | None, limit: int) -> Answer:
    """Show who did what, newest first. The log can be added to, never changed.

    \b
    Example:
      rollbook audit --action run.requested
    """
    from rollbook.cli.documents import of_entry
    from rollbook.schools.models import AuditEntry

    found = AuditEntry.objects.select_related("actor").order_by("-at", "-id")
    if school_name is not None:
        found = found.filter(school=find_school(school_name))
    if action:
        found = found.filter(action=action)
    return Answer({"entries": [of_entry(each) for each in found[:limit]]})
