"""What people have approved about one student, which therefore holds no run."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet

from rollbook.schools.models import School
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Settlement
from rollbook.sync.words.settlements import SETTLED
from rollbook.sync.words.sources import source_label
from rollbook.sync.words.text import word


class ShownSettlement(NamedTuple):
    """A settlement as a sentence, with who approved it and when. `by` is "" for a command."""

    words: str
    by: str
    at: datetime


def settlements(school: School | None = None) -> QuerySet[Settlement]:
    """Return what is settled at a school, or at all of them, the oldest first."""
    rows = Settlement.objects.filter(school=school) if school else Settlement.objects.all()
    return rows.select_related("account", "by", "school").order_by("at", "guard", "pk")


def settlements_of(account: StudentAccount) -> list[ShownSettlement]:
    """Return what is settled about a student, the oldest first."""
    rows = Settlement.objects.filter(school_id=account.school_id, account=account)
    return [
        ShownSettlement(
            word(SETTLED, row.guard) % {"sis": source_label(row.source)},
            row.by.name if row.by else "",
            row.at,
        )
        for row in rows.select_related("by").order_by("at", "guard")
    ]
