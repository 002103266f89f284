"""How many values of each field a plan clears."""

from django.db.models import Exists, OuterRef, Q

from rollbook.roster.planning.guards import ClearedField
from rollbook.students.models import FurtherLink, StudentAccount
from rollbook.sync.models import Change, Run
from rollbook.sync.store.statements import rows_of


def cleared_fields(run: Run) -> tuple[ClearedField, ...]:
    """Return the fields that this plan clears, each with how many of the known values.

    Known are the values of active accounts that this source has, or that the plan links to it.
    """
    linked = Change.objects.filter(
        school_id=run.school_id, run_id=run.pk, kind="linked", account_id=OuterRef("pk")
    )
    further = FurtherLink.objects.filter(source=run.link_source, account=OuterRef("pk"))
    here = StudentAccount.objects.filter(
        Q(source=run.link_source) | Q(Exists(linked)) | Q(Exists(further)),
        school_id=run.school_id,
        status="active",
    )
    return tuple(
        ClearedField(field, number, max(number, here.filter(**{f"{field}__isnull": False}).count()))
        for field, number in sorted(rows_of("count_cleared", run))
    )


def cleared_by_upload(run: Run, accounts: int) -> tuple[ClearedField, ...]:
    """Return the fields that an upload clears. Its rows are about so many `accounts`."""
    rows = rows_of("count_cleared", run)
    return tuple(ClearedField(field, number, accounts) for field, number in sorted(rows))
