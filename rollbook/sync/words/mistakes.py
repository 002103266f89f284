"""What is said about an error of Rollbook itself: its class, and where the log has more."""

from django.utils.translation import gettext as _


def run_mistake(error: Exception, reference: str) -> tuple[str, str]:
    """Return what ended a run, and what to do next."""
    what = _("An error of ours ended this run (%(error)s, reference %(reference)s).")
    remedy = _(
        "Starting it again will probably not help. Give the reference to the operator of this "
        "installation: the worker's log has the details."
    )
    return what % _values(error, reference), remedy


def report_mistake(error: Exception, reference: str) -> str:
    """Return why a report file could not be made."""
    what = _("An error of ours ended the making of this file (%(error)s, reference %(reference)s).")
    return what % _values(error, reference)


def mail_mistake(error: Exception, reference: str) -> str:
    """Return why a mail was not sent."""
    what = _("Not sent because of an error of ours (%(error)s, reference %(reference)s).")
    return what % _values(error, reference)


def _values(error: Exception, reference: str) -> dict[str, str]:
    return {"error": type(error).__name__, "reference": reference}
