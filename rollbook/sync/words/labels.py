"""The words of a report: kinds, severities, reasons and outcomes as people read them."""

from typing import Final

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_noop as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.planning import ChangeKind
from rollbook.roster.records import Severity
from rollbook.sync.models import RunState

KIND_LABELS: Final[dict[str, str]] = {
    ChangeKind.NEW: _("New"),
    ChangeKind.LINKED: _("Linked"),
    ChangeKind.UPDATED: _("Updated"),
    ChangeKind.UNCHANGED: _("Unchanged"),
    ChangeKind.RETURNING: _("Returning"),
    ChangeKind.OUTSIDE_SELECTION: _("Outside the selected grades"),
    ChangeKind.NOT_IN_ROSTER: _("No longer in the SIS"),
    ChangeKind.LEFT: _("Left"),
    ChangeKind.GRADUATED: _("Graduated"),
    ChangeKind.PROTECTED: _("Protected"),
    ChangeKind.NEVER_IMPORTED: _("Never imported"),
}
SEVERITY_LABELS: Final[dict[str, str]] = {
    Severity.ERROR: _("Error"),
    Severity.WARNING: _("Warning"),
    Severity.NOTE: _("Note"),
}
SEVERITY_PLURALS: Final[dict[str, str]] = {
    Severity.ERROR: _("Errors"),
    Severity.WARNING: _("Warnings"),
    Severity.NOTE: _("Notes"),
}
WHO_LABELS: Final[dict[str, str]] = {
    "registrar": _("Registrar"),
    "administrator": _("School administrator"),
    "us": _("Makers of Rollbook"),
}
REASONS: Final[dict[str, str]] = {
    "sis_id_unknown": _("No account has this SIS ID yet"),
    "same_email_and_name": _("The account has the same e-mail and the same name"),
    "confirmed_by_person": _("A person has said that this account is this student"),
    "sis_id_is_back": _("The SIS ID is in the SIS again"),
    "fields_differ": _("The SIS has other values"),
    "nothing_differs": _("The SIS has the same values"),
    "grade_not_selected": _("The grade level is not among the selected ones"),
    "row_is_new": _("No account has this SIS ID, student number or e-mail yet"),
    "row_differs": _("The file has other values"),
    "undo_values": _("Back to what it was before the run"),
    "undo_created": _("The run that is undone had made this account"),
    "re_keyed": _("The same e-mail and name came back under a new SIS ID, and the old ID is gone"),
    "not_sent": _("The SIS no longer has this student"),
    "not_sent_graduated": _("The SIS no longer has this student, whose class has graduated"),
    "not_sent_yet": _("The SIS no longer has this student; the time of grace is not over"),
    "not_sent_paused": _(
        "The SIS did not send this student; leavers are left alone during this pause"
    ),
    "missing_long_enough": _(
        "The SIS has not had this student for as long as your rule for leavers says"
    ),
    "class_has_graduated": _("The SIS no longer has this student, whose class has graduated"),
    "account_protected": _("The account is protected from sync; this is what would have changed"),
    "fields_locked": _("The SIS has other values; these are kept by hand"),
    "others_kept": _("The SIS has other values; those kept by hand stay"),
    "on_never_import_list": _("The student is on the list of those never to import"),
}
OUTCOMES: Final[dict[str, str]] = {
    RunState.PREVIEW: _("Not applied yet: waiting to be confirmed"),
    RunState.ON_HOLD: _("Waiting for a decision"),
    RunState.DONE: _("Applied"),
    RunState.FAILED: _("Not applied: the run failed"),
    RunState.DISCARDED: _("Not applied: the run was discarded"),
    RunState.UNDONE: _("Undone"),
}
UNFINISHED: Final[dict[str, str]] = {
    RunState.PREVIEW: _("This is a preview: no account is changed before it is confirmed."),
    RunState.ON_HOLD: _("This run is on hold: no account has been changed yet."),
    RunState.FAILED: _("This run failed: no account was changed."),
    RunState.DISCARDED: _("This run was discarded: no account was changed."),
}
# What was done to accounts: said first, and said after another.
APPLIED: Final[dict[str, tuple[Promise, Promise]]] = {
    ChangeKind.NEW: (
        ngettext_lazy(
            "%(number)s account was created", "%(number)s accounts were created", "count"
        ),
        ngettext_lazy("%(number)s was created", "%(number)s were created", "count"),
    ),
    ChangeKind.UPDATED: (
        ngettext_lazy(
            "%(number)s account was updated", "%(number)s accounts were updated", "count"
        ),
        ngettext_lazy("%(number)s was updated", "%(number)s were updated", "count"),
    ),
    ChangeKind.LINKED: (
        ngettext_lazy("%(number)s account was linked", "%(number)s accounts were linked", "count"),
        ngettext_lazy("%(number)s was linked", "%(number)s were linked", "count"),
    ),
    ChangeKind.RETURNING: (
        ngettext_lazy(
            "%(number)s account was brought back", "%(number)s accounts were brought back", "count"
        ),
        ngettext_lazy("%(number)s was brought back", "%(number)s were brought back", "count"),
    ),
    ChangeKind.LEFT: (
        ngettext_lazy(
            "%(number)s account was closed as left",
            "%(number)s accounts were closed as left",
            "count",
        ),
        ngettext_lazy("%(number)s was closed as left", "%(number)s were closed as left", "count"),
    ),
    ChangeKind.GRADUATED: (
        ngettext_lazy(
            "%(number)s account was closed as graduated",
            "%(number)s accounts were closed as graduated",
            "count",
        ),
        ngettext_lazy(
            "%(number)s was closed as graduated", "%(number)s were closed as graduated", "count"
        ),
    ),
}
LABELS: Final[dict[str, str]] = {field.key: field.label for field in STUDENT_FIELDS.values()} | {
    "status": _("Status"),
    "active": _("Active"),
    "source": _("Linked to"),
}


def word(words: dict[str, str], code: str) -> str:
    """The word for a code, in the reader's language; the code itself where there is none yet."""
    return gettext(words[code]) if code in words else code


def applied_words(applied: dict[ChangeKind, int]) -> str:
    """What happened, and only that: "126 accounts were created and 3 were updated."; empty where nothing did."""
    parts: list[str] = []
    for kind, (first, after) in APPLIED.items():
        if count := applied.get(ChangeKind(kind), 0):
            numbers = {
                "count": count,
                "number": number_format(count, use_l10n=True, force_grouping=True),
            }
            parts.append(str((after if parts else first) % numbers))
    return gettext("%(list)s.") % {"list": get_text_list(parts, gettext("and"))} if parts else ""
