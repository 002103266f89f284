"""What tests of a school with two SISs ask for."""

from rollbook.students.models import StudentAccount
from rollbook.sync.models import Run


def student_of_both() -> StudentAccount:
    """The first account that both SISs have."""
    return StudentAccount.objects.filter(further_links__source="veracross").earliest("sis_id")


def counts(run: Run, *names: str) -> dict[str, int]:
    shown = names or ("new", "linked", "updated", "left", "not_in_roster", "error")
    return {name: run.counts[name] for name in shown if run.counts.get(name)}
