"""What the actions of the audit log are called on the screen."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

ACTIONS: Final[dict[str, Any]] = {
    "audit.exported": _("Exported the audit log"),
    "audit.read": _("Read the audit log"),
    "changes.listed": _("Listed the changes of a run"),
    "emergency_access.began": _("An operator entered the school"),
    "emergency_access.ended": _("Ended an operator's access"),
    "links.viewed": _("Viewed links to decide"),
    "lookalikes.viewed": _("Viewed possible duplicates"),
    "membership.disabled": _("Disabled a person"),
    "membership.enabled": _("Enabled a person"),
    "membership.removed": _("Removed a person"),
    "membership.role_changed": _("Changed a role"),
    "membership.set": _("Added a person"),
    "problems.exported": _("Exported problems"),
    "problems.searched": _("Searched problems"),
    "problems.viewed": _("Viewed problems"),
    "report.downloaded": _("Downloaded the report of a run"),
    "report.exported": _("Exported the report of a run"),
    "report.made": _("Had the report of a run made"),
    "run.approved": _("Approved a run"),
    "run.cancelled": _("Cancelled a run"),
    "run.discarded": _("Discarded a run"),
    "run.problems_listed": _("Listed the problems of a run"),
    "run.requested": _("Started a run"),
    "run.viewed": _("Viewed the students of a run"),
    "sign_in_failed": _("Sign-in failed"),
    "signed_in": _("Signed in"),
    "signed_out": _("Signed out"),
    "staff.invitation_accepted": _("Accepted an invitation"),
    "staff.invitation_revoked": _("Revoked an invitation"),
    "staff.invitations_revoked": _("Revoked the invitations by a person"),
    "staff.invited": _("Invited a person"),
    "student.edit_viewed": _("Opened a student to edit"),
    "student.edited": _("Edited a student"),
    "student.erased": _("Erased a student"),
    "student.exported": _("Exported all data of a student"),
    "student.merge_viewed": _("Opened a student to merge"),
    "student.viewed": _("Viewed a student"),
    "students.asked_why": _("Asked why a student is missing"),
    "students.exported": _("Exported students"),
    "students.listed": _("Listed students"),
    "students.merged": _("Merged two students"),
    "students.searched": _("Searched students"),
    "upload.confirmed": _("Confirmed an upload"),
    "upload.rows_exported": _("Exported failing rows of an upload"),
    "upload.started": _("Uploaded a file"),
    "upload.viewed": _("Viewed the rows of an upload"),
    "user.added": _("Made an account for a person"),
}


def action_words(action: str) -> str:
    """Return what an action is called; for a rare one its name with spaces."""
    words = ACTIONS.get(action)
    if words is not None:
        return str(words)
    return action.replace(".", ": ").replace("_", " ").capitalize()
