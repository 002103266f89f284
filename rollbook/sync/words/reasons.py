"""Why a plan has a row: the rule that decided and the values it looked at, as a sentence that is made when somebody reads it."""

from typing import Any, Final

from django.utils.formats import number_format
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_noop as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.schools.clock import day_text
from rollbook.sync.models import Change, Run
from rollbook.sync.words.labels import LABELS, REASONS, word

# By reason code; a code that isn't here is answered with the short words of `report_words.REASONS`.
SENTENCES: Final[dict[str, str]] = {
    "sis_id_unknown": _(
        "%(sis)s has a student with the SIS ID %(sis_id)s. No account is linked to it, and none without a link has the e-mail %(email)s."
    ),
    "same_email_and_name": _(
        "%(sis)s has %(name)s under the SIS ID %(sis_id)s with the e-mail %(email)s; an account without a link has the same two."
    ),
    "confirmed_by_person": _(
        "A person has confirmed that this account is the student whom %(sis)s knows by the SIS ID %(sis_id)s."
    ),
    "sis_id_is_back": _(
        "The account of the SIS ID %(sis_id)s had left, and %(sis)s has this ID again."
    ),
    "fields_differ": _(
        "The account is linked by the SIS ID %(sis_id)s, and %(sis)s says something else for: %(fields)s."
    ),
    "nothing_differs": _(
        "The account is linked by the SIS ID %(sis_id)s, and %(sis)s says what the account holds."
    ),
    "grade_not_selected": _(
        "%(sis)s has the SIS ID %(sis_id)s in a grade level that isn't among the selected ones, so it was left alone."
    ),
    "row_is_new": _(
        "Row %(row)s of the file has a SIS ID, student number or e-mail that no account has: %(email)s."
    ),
    "row_differs": _(
        "Row %(row)s of the file belongs to this account, and says something else for: %(fields)s."
    ),
    "not_sent": _(
        "All %(read)s records were read (%(reading)s), and the SIS ID %(sis_id)s was not among them. The account was left alone."
    ),
    "not_sent_yet": _(
        "All %(read)s records were read (%(reading)s), and the SIS ID %(sis_id)s was not among them. It has not been missing as long as "
        "your rule for leavers says, so the account was left alone."
    ),
    "missing_long_enough": _(
        "All %(read)s records were read (%(reading)s), and the SIS ID %(sis_id)s has been missing as long as your rule for leavers says."
    ),
    "class_has_graduated": _(
        "The SIS ID %(sis_id)s has been missing for as long as your rule for leavers says, and its class has graduated."
    ),
    "account_protected": _(
        "A person protects this account from sync. %(sis)s would have changed: %(fields)s."
    ),
    "fields_locked": _("A person keeps these values, and %(sis)s says something else: %(fields)s."),
    "on_never_import_list": _(
        "%(sis)s has the SIS ID %(sis_id)s with the e-mail %(email)s; one of them is on your never import list."
    ),
}


def reason_of(run: Run, change: Change, sis: str) -> str:
    """The reason of one planned row, with its values. `sis` is what the records came from, as a sentence names it."""
    if change.reason not in SENTENCES:
        return word(REASONS, change.reason)
    fields = [word(LABELS, key) for key in STUDENT_FIELDS if key in change.after]
    fields += [word(LABELS, "status")] if "status" in change.after else []
    told: dict[str, Any] = {
        "sis": sis,
        "sis_id": change.sis_id or "—",
        "email": change.email,
        "name": f"{change.first_name} {change.last_name}",
        "fields": get_text_list(fields, gettext("and")),
        "row": change.row_number or "—",
        "read": number_format(run.counts.get("read", run.students_done), force_grouping=True),
        "reading": _reading(run),
    }
    return gettext(SENTENCES[change.reason]) % told


def _reading(run: Run) -> str:
    """Which reading of the roster a sentence speaks of: its pages and its day."""
    pages = ngettext("%(number)s page", "%(number)s pages", run.pages_done) % {
        "number": number_format(run.pages_done, force_grouping=True)
    }
    return gettext("%(pages)s, %(day)s") % {
        "pages": pages,
        "day": day_text(run.started_at or run.requested_at, run.school),
    }
