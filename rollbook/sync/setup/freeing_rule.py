"""Saves after how many days an account that has left or graduated gives up its e-mail."""

from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.sync.refusals import SettingRefused

MOST_DAYS: Final = 3_650


@transaction.atomic
def save_freeing(school: School, by: User | None, days: int | None, via: str = "web") -> None:
    """Save the rule of a school; None means that e-mails are never freed by a run.

    Raises SettingRefused.
    """
    if days is not None and not 0 <= days <= MOST_DAYS:
        message = _("Give a number of days from 0 to %(most)d.")
        raise SettingRefused("free_emails_after", message % {"most": MOST_DAYS})
    if days == school.free_emails_after:
        return
    school.free_emails_after = days
    school.save(update_fields=["free_emails_after"])
    audit.record("free_emails.saved", school=school, actor=by, via=via, days=days)
