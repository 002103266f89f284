"""Why a plan has a row: the rule that decided, in short and as a sentence with its values."""

from datetime import date
from functools import cached_property
from typing import Final

from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_noop as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.records import SisAnswer
from rollbook.schools.clock import day_text
from rollbook.sync.models import Change, Run
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.sources import sis_label, source_label
from rollbook.sync.words.text import number, word

# In short, by reason code.
REASONS: Final[dict[str, str]] = {
    "sis_id_unknown": _("No account has this SIS ID yet"),
    "same_email_and_name": _("The account has the same e-mail and the same name"),
    "confirmed_by_person": _("A person confirmed that this account is this student"),
    "sis_id_is_back": _("The SIS ID is in the SIS again"),
    "fields_differ": _("The SIS has other values"),
    "nothing_differs": _("The SIS has the same values"),
    "grade_not_selected": _("The grade level is not selected"),
    "row_is_new": _("No account has this SIS ID, student number or e-mail yet"),
    "row_differs": _("The file has other values"),
    "undo_values": _("Restored to the value before the run"),
    "undo_created": _("The run that is undone created this account"),
    "re_keyed": _("The same e-mail and name came back under a new SIS ID, and the old ID is gone"),
    "not_sent": _("The SIS no longer has this student"),
    "not_sent_graduated": _("The SIS no longer has this student, whose class has graduated"),
    "may_have_new_id": _("The student may be in the SIS under a new SIS ID; a person decides"),
    "still_in": _("This SIS no longer has the student, but another one still does"),
    "not_sent_approved": _("The SIS no longer has this student; a person approved that"),
    "not_sent_yet": _("The SIS no longer has this student; the grace period is not over"),
    "not_sent_paused": _("The SIS did not send this student; no account is closed in this pause"),
    "missing_long_enough": _(
        "The SIS has not had this student for as long as your rule for leavers requires"
    ),
    "class_has_graduated": _("The SIS no longer has this student, whose class has graduated"),
    "freed_by_rule": _(
        "The account is closed, and your rule gives its e-mail to the student who has it now"
    ),
    "account_protected": _("The account is protected from sync; these values would have changed"),
    "account_deactivated": _("The SIS has this student, but the account is deactivated"),
    "fields_locked": _("The SIS has other values; a person keeps ours"),
    "others_kept": _("The SIS has other values; those that a person keeps stay"),
    "on_never_import_list": _("The student is on the never import list"),
}

# As a sentence, by reason code; a code that has none is shown in short.
SENTENCES: Final[dict[str, str]] = {
    "sis_id_unknown": _(
        "%(sis)s has a student with the SIS ID %(sis_id)s. No account is linked to it, and no "
        "account without a link has the e-mail %(email)s."
    ),
    "same_email_and_name": _(
        "%(sis)s has %(name)s under the SIS ID %(sis_id)s with the e-mail %(email)s. An account "
        "without a link has the same name and e-mail."
    ),
    "confirmed_by_person": _(
        "A person confirmed that this account is the student with the SIS ID %(sis_id)s in %(sis)s."
    ),
    "sis_id_is_back": _(
        "The account of the SIS ID %(sis_id)s was closed, and %(sis)s has this ID again."
    ),
    "fields_differ": _(
        "The account is linked by the SIS ID %(sis_id)s, and %(sis)s has other values for: "
        "%(fields)s."
    ),
    "nothing_differs": _(
        "The account is linked by the SIS ID %(sis_id)s, and %(sis)s has the same values."
    ),
    "grade_not_selected": _(
        "%(sis)s has the SIS ID %(sis_id)s in a grade level that is not selected, so it was left "
        "as it is."
    ),
    "row_is_new": _(
        "Row %(row)s of the file has a SIS ID, student number or e-mail that no account has: "
        "%(email)s."
    ),
    "row_differs": _(
        "Row %(row)s of the file belongs to this account, and has other values for: %(fields)s."
    ),
    "not_sent": _(
        "All %(read)s records were read (%(reading)s), and none has the SIS ID %(sis_id)s. "
        "The account was left as it is."
    ),
    "still_in": _(
        "Still in %(others)s. All %(read)s records of %(sis)s were read (%(reading)s), and none "
        "has the SIS ID %(sis_id)s. The account stays open while another SIS has the student."
    ),
    "not_sent_approved": _(
        "All %(read)s records were read (%(reading)s), and none has the SIS ID %(sis_id)s. "
        "A person has approved that, so it holds no run. The account was left as it is."
    ),
    "not_sent_yet": _(
        "All %(read)s records were read (%(reading)s), and none has the SIS ID %(sis_id)s. "
        "It has not been missing as long as your rule for leavers requires, so the account was "
        "left as it is."
    ),
    "missing_long_enough": _(
        "All %(read)s records were read (%(reading)s), and none has the SIS ID %(sis_id)s. "
        "It has been missing as long as your rule for leavers requires."
    ),
    "class_has_graduated": _(
        "The SIS ID %(sis_id)s has been missing as long as your rule for leavers requires, and its "
        "class has graduated."
    ),
    "freed_by_rule": _(
        "The account was closed as long ago as your rule requires, and %(sis)s has another student "
        "with the e-mail %(email)s. The account keeps everything else, and the e-mail as an alias."
    ),
    "account_protected": _(
        "A person protects this account from sync. %(sis)s would have changed: %(fields)s."
    ),
    "account_deactivated": _(
        "%(sis)s has the SIS ID %(sis_id)s. Its account was deactivated by a person or by an undo, "
        "and a sync does not open it. To open it, choose Reactivate on the student's page."
    ),
    "others_kept": _(
        "%(sis)s has other values for: %(fields)s. Other values that differ are kept by a person."
    ),
    "fields_locked": _("A person keeps these values, and %(sis)s has other ones: %(fields)s."),
    "on_never_import_list": _(
        "%(sis)s has the SIS ID %(sis_id)s with the e-mail %(email)s. One of the two is on your "
        "never import list."
    ),
}


class Reasons:
    """Says why the plan of a run has its rows.

    What many rows have in common is looked up once: a report of 100,000 rows took seven seconds
    longer, because a lookup in the catalog of a language takes 2 µs.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._sentences: dict[str, str] = {}
        self._labels: dict[tuple[str, ...], str] = {}

    def of(self, change: Change) -> str:
        """Return why there is this row, with the values that decided."""
        rule = self._rule_words(change)
        return f"{rule} {_sis_words(self._run, change)}".strip() if change.sis_answer else rule

    def _rule_words(self, change: Change) -> str:
        code, _colon, others = change.reason.partition(":")
        if code not in self._sentences:
            text = SENTENCES.get(code)
            self._sentences[code] = gettext(text) if text else word(REASONS, code)
        if code not in SENTENCES:
            return self._sentences[code]
        values = {
            **self._of_run,
            "sis_id": change.sis_id or "—",
            "email": change.email,
            "name": f"{change.first_name} {change.last_name}",
            "fields": self._fields(change),
            "row": change.row_number or "—",
            "others": _source_labels(others) if others else "",
        }
        sentence = self._sentences[code] % values
        return sentence[:1].upper() + sentence[1:]  # some begin with "the file"

    @cached_property
    def _of_run(self) -> dict[str, str]:
        run = self._run
        read = number(run.typed_counts.read or run.students_done)
        return {"sis": sis_label(run), "read": read, "reading": _reading_words(run)}

    def _fields(self, change: Change) -> str:
        """Return the fields that a change writes, as a sentence lists them."""
        fields = tuple(key for key in (*STUDENT_FIELDS, "status") if key in change.after)
        if fields not in self._labels:
            labels = [word(FIELD_LABELS, key) for key in fields]
            self._labels[fields] = get_text_list(labels, gettext("and"))
        return self._labels[fields]


def _source_labels(sources: str) -> str:
    """Return the SISs that a reason names after its colon, as a sentence lists them."""
    return get_text_list([source_label(each) for each in sources.split(",")], gettext("and"))


def _sis_words(run: Run, change: Change) -> str:
    """Return the SIS's answer about a missing student; "" where there is none."""
    if not change.sis_answer:
        return ""
    answer = SisAnswer(**change.sis_answer)
    values = {"sis": sis_label(run), "status": answer.status, "day": _day_words(answer.exit_date)}
    if not answer.exists:
        return gettext("%(sis)s says that it has no student with this ID.") % values
    if answer.status and answer.exit_date:
        return gettext("%(sis)s says: %(status)s, exit date %(day)s.") % values
    if answer.status:
        return gettext("%(sis)s says: %(status)s.") % values
    return gettext("%(sis)s says: exit date %(day)s.") % values if answer.exit_date else ""


def _day_words(day: str) -> str:
    return date_format(date.fromisoformat(day), "DATE_FORMAT") if day else ""


def _reading_words(run: Run) -> str:
    """Return the pages and the day of the reading that a sentence speaks of."""
    pages = ngettext("%(number)s page", "%(number)s pages", run.pages_done)
    return gettext("%(pages)s, %(day)s") % {
        "pages": pages % {"number": number(run.pages_done)},
        "day": day_text(run.started_at or run.requested_at, run.school),
    }
