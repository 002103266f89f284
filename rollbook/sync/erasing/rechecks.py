"""Removes what a run has stored of a student who was erased while it was at work."""

from collections.abc import Iterator

from django.db import transaction
from django.db.models import Q
from django.db.models.fields.json import KT
from django.db.models.functions import Now

from rollbook.roster.planning import erased
from rollbook.roster.planning.erased import ErasedStudents
from rollbook.roster.planning.identity import key_of
from rollbook.roster.values.parsing import email_key
from rollbook.students.models import Erasure, StudentAccount
from rollbook.students.tombstones import erased_students
from rollbook.sync.models import (
    ACTIVE_STATES,
    Change,
    Issue,
    LinkProposal,
    Problem,
    ReportFile,
    Run,
    Upload,
)

AT_A_TIME = 5_000


def recheck(run: Run) -> int:
    """Remove an erased student from a plan that is about to be applied or shown.

    Call it in the transaction that writes the accounts: it locks the run's row, as an erasure does.
    """
    Run.objects.select_for_update(of=("self",)).filter(pk=run.pk).values_list("pk").first()
    began = run.requested_at
    if not Erasure.objects.filter(school_id=run.school_id, at__gte=began).exists():
        return 0
    return drop_erased(run)


def drop_erased(run: Run) -> int:
    """Remove the rows of a run about erased students. Return how many."""
    students = erased_students(run.school_id)
    if not students:
        return 0
    changes = Change.objects.filter(pk__in=list(_changes(run, students)))
    issues = Issue.objects.filter(pk__in=list(_issues(run, students)))
    number = changes.delete()[0] + issues.delete()[0]
    source = run.link_source
    of_source = {"school_id": run.school_id, "source": source}
    for rows in (Problem.objects.filter(**of_source), LinkProposal.objects.filter(**of_source)):
        known = set(rows.values_list("sis_id", flat=True))
        gone = [sis_id for sis_id in known if students.has_sis_id(source, sis_id)]
        number += rows.filter(sis_id__in=gone).delete()[0]
    if number:
        ReportFile.objects.filter(school_id=run.school_id, run=run).delete()
    return number


def _changes(run: Run, students: ErasedStudents) -> Iterator[int]:
    """Yield the ids of the changes about erased students."""
    rows = Change.objects.filter(school_id=run.school_id, run_id=run.pk)
    own = set(StudentAccount.objects.filter(school_id=run.school_id).values_list("pk", flat=True))
    values = rows.annotate(birth=KT("after__birth_date")).values_list(
        "pk", "account_id", "kind", "sis_id", "email", "first_name", "last_name", "birth"
    )
    for pk, account_id, kind, sis_id, email, first, last, birth in values.iterator(AT_A_TIME):
        if account_id is not None and kind != "new":
            if account_id not in own:
                yield pk
        elif (
            students.has_sis_id(run.link_source, sis_id)
            or students.has(erased.EMAIL, email_key(email))
            or students.has_person(key_of(first, last, birth))
        ):
            yield pk


def _issues(run: Run, students: ErasedStudents) -> Iterator[int]:
    rows = Issue.objects.filter(school_id=run.school_id, run_id=run.pk)
    for pk, sis_id in rows.values_list("pk", "sis_id").iterator(AT_A_TIME):
        if students.has_sis_id(run.link_source, sis_id):
            yield pk


def sweep() -> None:
    """Settle erasures: once no run that began before one is at work, remove what those stored."""
    for erasure in Erasure.objects.filter(settled_at__isnull=True).order_by("at"):
        began_before = Run.objects.filter(school_id=erasure.school_id, requested_at__lte=erasure.at)
        if began_before.filter(state__in=ACTIVE_STATES).exists():
            continue
        with transaction.atomic():
            later = Q(finished_at__isnull=True) | Q(finished_at__gte=erasure.at)
            for run in began_before.filter(later):
                drop_erased(run)
            Erasure.objects.filter(pk=erasure.pk).update(settled_at=Now())


def forget_file(run: Run) -> None:
    """Remove the file of an upload that was applied without rows of an erased student."""
    if run.is_upload and run.typed_counts.erased:
        columns = {"content": b"", "corrections": {}, "sha256": ""}
        Upload.objects.filter(school_id=run.school_id, run=run).update(**columns)
