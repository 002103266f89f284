"""Why a student has no active account, or that there is one: each finding with what to do."""

from typing import Final, NamedTuple

from django.utils.translation import gettext_noop as _


class FindingText(NamedTuple):
    """What was found, and what to do. Both may have the name, sis, sis_id, links and status."""

    what: str
    remedy: str


FINDINGS: Final[dict[str, FindingText]] = {
    "not_active": FindingText(
        _("%(name)s has an account, but it is not active: %(status)s."),
        _("Reactivate it on the student's page, if that is right."),
    ),
    "link_undecided": FindingText(
        _(
            "%(name)s has an account, and a student of an SIS that it is not linked to could be "
            "the same person."
        ),
        _("Decide about it in Link existing accounts."),
    ),
    "not_linked": FindingText(
        _("%(name)s has an account that is not linked to a SIS."),
        _("There is nothing to do; no run changes it."),
    ),
    "outside_selection": FindingText(
        _(
            "%(name)s has an account, but %(sis)s now has the student in a grade that is not "
            "selected. Runs leave the account as it is."
        ),
        _("Select the grade in Step 1.1, if it is to be synced."),
    ),
    "protected": FindingText(
        _("%(name)s has an account that is protected from sync, so no run changes it."),
        _("End the protection, if runs are to update it again."),
    ),
    "is_in": FindingText(
        _("%(name)s is in: the account is active and linked to %(sis)s by the SIS ID %(sis_id)s."),
        _("There is nothing to do."),
    ),
    "is_in_both": FindingText(
        _("%(name)s is in: the account is active and linked to %(links)s."),
        _("There is nothing to do."),
    ),
    "never_imported": FindingText(
        _("%(sis)s has %(name)s, but the student is on the never import list."),
        _("Remove the entry from that list, if the student is to come in."),
    ),
    "test_run": FindingText(
        _(
            "%(sis)s has %(name)s, and a live run would create the account. The last run was a "
            "test run, which creates none."
        ),
        _("Switch Test Run off in Step 1.1, then trigger a run."),
    ),
    "on_hold": FindingText(
        _("%(sis)s has %(name)s, and the account is planned, but the run is on hold."),
        _("Look at the run, then approve or discard it."),
    ),
    "not_applied": FindingText(
        _("%(sis)s has %(name)s, and the account was planned, but the run did not create it."),
        _("Open the run to see why, then trigger it again."),
    ),
    "grade_not_selected": FindingText(
        _(
            "%(sis)s has the SIS ID %(sis_id)s, but in a grade that is not selected, so no account "
            "was created."
        ),
        _("Select the grade in Step 1.1 Configure your SIS."),
    ),
    "no_run": FindingText(
        _("No run of a SIS has finished yet, so nothing is known about this student."),
        _("Trigger a test run."),
    ),
    "unknown": FindingText(
        _("No account, open problem or row of the last plan matches."),
        _(
            "Search for the SIS ID as well. Only that shows whether the student is in a grade that "
            "is not selected, because we keep no names of those. If that finds nothing either, the "
            "SIS does not send this student: ask the registrar."
        ),
    ),
}
