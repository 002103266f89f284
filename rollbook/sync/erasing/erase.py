"""Erases one student: everything about the account goes, and digests stay."""

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.students import tombstones
from rollbook.students.models import AccountStatus, Erasure, Invitation, StudentAccount
from rollbook.students.refused import Refused
from rollbook.sync import queue
from rollbook.sync.erasing.files import remove_files
from rollbook.sync.erasing.rows import remove_rows
from rollbook.sync.erasing.traces import traces_of
from rollbook.sync.models import ACTIVE_STATES, Run


def check_typed(account: StudentAccount, typed: str) -> None:
    """Raise Refused where the typed text is not the name of the student."""
    if " ".join(typed.split()) != " ".join(account.name.split()):
        what = _("Nothing was erased. Type the name exactly: %(name)s") % {"name": account.name}
        raise Refused({"name": what})


@transaction.atomic
def erase(account: StudentAccount, by: User | None, typed: str, via: str = "web") -> Erasure:
    """Erase the student of an account for good, with the accounts merged into it.

    Reports of earlier runs lose the student's rows, so undoing one brings nothing back. A run that
    is at work stores nothing more of the student: it checks again before it writes accounts. Raises
    Refused where `typed` is not the student's name.
    """
    check_typed(account, typed)
    if account.status == AccountStatus.MERGED:
        text = _("Nothing was erased: erase the account that this one was merged into.")
        raise Refused({"": text})
    school = account.school
    # A run that is about to apply its plan has locked its row, or waits here for the tombstones.
    runs = Run.objects.select_for_update(of=("self",)).filter(
        school=school, state__in=ACTIVE_STATES
    )
    list(runs.order_by("pk").values_list("pk", flat=True))
    accounts = with_merged(account)
    traces = traces_of(accounts)
    erasure = tombstones.bury(school, by, via, traces.tombstones())
    mails = Invitation.objects.filter(school=school, account__in=accounts)
    queue.remove_jobs(queue.SEND_INVITATION, list(mails.values_list("pk", flat=True)))
    files = remove_files(school, traces)
    rows = remove_rows(school, traces)
    audit.record(
        "student.erased",
        school=school,
        actor=by,
        subject=str(account.pk),
        via=via,
        rows=rows,
        files=files,
    )
    return erasure


def with_merged(account: StudentAccount) -> list[StudentAccount]:
    """Return an account, locked, and all that were merged into it, and into those."""
    here = StudentAccount.objects.select_for_update(of=("self",)).filter(
        school_id=account.school_id
    )
    accounts = list(here.filter(pk=account.pk))
    if not accounts:
        raise Refused({"": _("This student was erased already.")})
    newest = accounts
    while newest:
        newest = list(here.filter(merged_into__in=newest).order_by("pk"))
        accounts += newest
    return accounts
