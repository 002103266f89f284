"""Freeing the e-mail of a closed account for another student, and taking it back."""

from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.roster.values.parsing import FREED, email_key
from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.students.account_changes import lock_account, record_event, write_account
from rollbook.students.aliases import keep_alias
from rollbook.students.models import AccountStatus, EventAction, StudentAccount
from rollbook.students.refused import Refused

CLOSED: Final = (AccountStatus.LEFT, AccountStatus.GRADUATED, AccountStatus.DEACTIVATED)


def holds_email(account: StudentAccount) -> bool:
    """Return whether this is a closed account that keeps others from getting its e-mail."""
    return account.status in CLOSED and not account.email_is_free


@transaction.atomic
def free_email(account: StudentAccount, by: User | None, via: str = "web") -> StudentAccount:
    """Let other students get the e-mail of a closed account.

    The account still shows it, and gets it back when it is opened again while nobody else has it.
    Raises Refused for an open or merged account, and where the e-mail is free already.
    """
    locked = lock_account(account)
    if locked.status not in CLOSED:
        text = _("Nothing was done: only a closed account can give up its e-mail.")
        raise Refused({"": text})
    if locked.email_is_free:
        raise Refused({"": _("Nothing was done: this e-mail is free already.")})
    keep_alias(locked, locked.email, locked.email_key)
    write_account(locked, {"email_key": f"{FREED}{locked.pk}"})
    before, after = {"email": locked.email}, {"email": None}
    record_event(locked, by, via, EventAction.EMAIL_FREED, before=before, after=after)
    audit.record(
        "student.email_freed", school=locked.school, actor=by, subject=str(locked.pk), via=via
    )
    return locked


@transaction.atomic
def take_back(account: StudentAccount, by: User | None, via: str = "web") -> StudentAccount:
    """Give a closed account the e-mail back that was freed.

    Raises Refused where its e-mail isn't free, or somebody else has it now.
    """
    locked = lock_account(account)
    if not locked.email_is_free:
        raise Refused({"": _("Nothing was done: the e-mail of this account isn't free.")})
    own_key = email_key(locked.email)
    accounts = StudentAccount.objects.filter(school_id=locked.school_id, email_key=own_key)
    if accounts.exists():
        text = _("Nothing was done: another student has the e-mail of this account now.")
        raise Refused({"": text})
    write_account(locked, {"email_key": own_key})
    before, after = {"email": None}, {"email": locked.email}
    record_event(locked, by, via, EventAction.EMAIL_TAKEN_BACK, before=before, after=after)
    audit.record(
        "student.email_taken_back", school=locked.school, actor=by, subject=str(locked.pk), via=via
    )
    return locked
