"""Mail to staff about a run: counts, reasons and a link, never a student's name. Sent from the queue after the run has ended."""

from email.utils import parseaddr
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rollbook.config import config
from rollbook.schools.models import Role, User
from rollbook.sync.models import Run, RunState


def send(run_id: UUID) -> None:
    """Send the mail of this run, where it went wrong and its school asked for mail. Raises OSError or SMTPException to be tried again.

    A crash just after sending may send it twice; both copies carry the same Message-ID.
    """
    run = Run.objects.select_related("school", "integration").get(pk=run_id)
    if run.integration is None or not run.integration.notify_on_errors or not _is_worth_a_mail(run):
        return
    people = User.objects.filter(memberships__school=run.school, memberships__role__in=(Role.OWNER, Role.ADMINISTRATOR), is_active=True)
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or "rollbook"
    for person in people:
        EmailMessage(
            subject=_subject(run),
            body=_body(run),
            to=[person.email],
            headers={"Message-ID": f"<run-{run.pk}-{person.pk}-{run.state}@{host}>", "Auto-Submitted": "auto-generated"},
        ).send()


def link(run: Run) -> str:
    """The address of a run's page."""
    return f"{config.public_url.rstrip('/')}/schools/{run.school_id}/runs/{run.pk}/"


def _is_worth_a_mail(run: Run) -> bool:
    return run.state in {RunState.FAILED, RunState.ON_HOLD} or run.counts.get("error", 0) > 0


def _subject(run: Run) -> str:
    states = {RunState.FAILED: _("failed"), RunState.ON_HOLD: _("is on hold")}
    outcome = states.get(RunState(run.state)) or _count(run)
    return f"{run.school.name}: {run.uploader_type} {outcome}" if run.state != RunState.DONE else f"{run.school.name}: {outcome}"


def _count(run: Run) -> str:
    errors = run.counts.get("error", 0)
    return ngettext("%(count)s problem in %(run)s", "%(count)s problems in %(run)s", errors) % {
        "count": f"{errors:,}",
        "run": run.uploader_type,
    }


def _body(run: Run) -> str:
    lines = [f"{run.uploader_type}, {run.school.name}", ""]
    if run.state == RunState.FAILED:
        lines += [run.error_what, _("No account was changed."), run.error_remedy]
    elif run.state == RunState.ON_HOLD:
        lines += [_("The run is on hold. No account was changed. Look at the reasons, then approve or discard it.")]
    else:
        lines += [
            _count(run),
            _("New: %(new)s. Updated: %(updated)s. Unchanged: %(unchanged)s.")
            % {kind: f"{run.counts.get(kind, 0):,}" for kind in ("new", "updated", "unchanged")},
        ]
    return "\n".join([*lines, "", link(run), ""])
