"""Which rows of a held run stay out when it is approved."""

from typing import Final

from django.db.models import Q

from rollbook.roster.planning import ChangeKind
from rollbook.students.models import NeverImport
from rollbook.sync.models import LEFT_OUT, Run

_BRINGS_IN: Final = Q(kind=ChangeKind.NEW) | Q(reason="same_email_and_name")


def never_wanted(run: Run) -> Q:
    """Rows that would bring in somebody who was put on the never import list while the run was on hold."""
    listed = list(NeverImport.objects.filter(school_id=run.school_id).values_list("field", "key"))
    sis_ids, emails = (
        [key for field, key in listed if field == wanted] for wanted in ("sis_id", "email")
    )
    return (
        _BRINGS_IN & (Q(sis_id__in=sis_ids) | Q(after__email_key__in=emails))
        if listed
        else Q(pk__in=())
    )


def left_out(run: Run, *, additions_only: bool) -> Q:
    """What approving leaves out: never wanted students, and of additions and updates only whatever isn't one."""
    return never_wanted(run) | LEFT_OUT if additions_only else never_wanted(run)
