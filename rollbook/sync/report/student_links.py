"""The SISs that have the student of an account, as the student's page shows them."""

from datetime import date, datetime
from typing import NamedTuple

from rollbook.schools.models import User
from rollbook.students.links import links_of
from rollbook.students.models import StudentAccount
from rollbook.sync.words.sources import source_label


class ShownLink(NamedTuple):
    """One link. `since` and `confirmed_by` are None of the first one.

    `missing_since` is the day since when the rosters of this SIS lack the student.
    """

    source: str
    label: str
    sis_id: str
    since: datetime | None
    confirmed_by: User | None
    missing_since: date | None


def links_of_student(account: StudentAccount) -> list[ShownLink]:
    """Return all links of an account, the first one first."""
    absences = dict(account.absences.values_list("source", "since"))
    return [
        ShownLink(
            source=link.source,
            label=source_label(link.source),
            sis_id=link.sis_id,
            since=link.since,
            confirmed_by=link.confirmed_by,
            missing_since=absences.get(link.source),
        )
        for link in links_of(account)
    ]
