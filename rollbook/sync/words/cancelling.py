"""The words for cancelling a run: what it will do, who did it, and what to do next."""

from typing import NamedTuple

from django.utils.translation import gettext as _

from rollbook.sync.models import CancelReason, Run
from rollbook.sync.words.sources import sis_label


class Cancelled(NamedTuple):
    """Why a cancelled run ended, and what to do next."""

    what: str
    remedy: str


def cancelled_words(run: Run) -> Cancelled | None:
    """Return why a run was cancelled; None for any other run."""
    if not run.cancelled_because:
        return None
    if run.cancelled_because == CancelReason.PERSON:
        who = run.cancelled_by.name if run.cancelled_by else _("the command line")
        return Cancelled(_("Cancelled by %(who)s.") % {"who": who}, _remedy(run))
    names = {"sis": sis_label(run)}
    if run.cancelled_because == CancelReason.INACTIVE:
        return Cancelled(
            _("Active was switched off for %(sis)s, so this run ended early.") % names,
            _("To sync again, switch Active on in Step 1.1 Configure your SIS."),
        )
    return Cancelled(
        _("Test Run was switched on for %(sis)s, so this live run ended early.") % names,
        _("Trigger it again for a test run. It shows what a live run would change."),
    )


def cancel_words(run: Run) -> str:
    """Return what cancelling this run will do, for the person who confirms it."""
    if run.is_undo:
        return _(
            "The undo ends now. No account is changed, and the run that it was to undo stays as it "
            "is."
        )
    if run.is_upload:
        return _("The upload ends now. No account is changed. The file can be uploaded again.")
    return _(
        "The run ends now. No account is changed: every account stays as it was before this run. "
        "The next scheduled run starts as usual."
    )


def _remedy(run: Run) -> str:
    if run.is_undo:
        return _("The run that it was to undo stays as it is. It can be undone again.")
    if run.is_upload:
        return _("To go on, preview the file again or upload it again.")
    return _("Trigger it again at any time. The next scheduled run starts as usual.")
