"""The JSON documents that commands print. docs/commands.md describes them; keys are only added.

Those that need more to be imported are in `row_documents` and `connect.integration_document`.
"""

from datetime import UTC, date, datetime

from rollbook.cli.output import Document
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.schools.models import AuditEntry, School, User
from rollbook.students.links import links_of
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Run, Settlement
from rollbook.sync.words.proofs import proof_words
from rollbook.sync.words.sources import uploader_type


def moment(at: datetime | None) -> str | None:
    """Return an instant in UTC to the second, as 2026-11-23T02:00:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def of_school(school: School) -> Document:
    """Return a school."""
    return {
        "id": str(school.pk),
        "name": school.name,
        "timezone": school.timezone,
        "created_at": moment(school.created_at),
    }


def of_user(user: User) -> Document:
    """Return a user with the roles at all schools; never the password."""
    memberships = user.memberships.select_related("school").order_by("school__name")
    schools = [
        {
            "id": str(membership.school_id),
            "name": membership.school.name,
            "role": membership.role,
            "disabled": membership.disabled_at is not None,
        }
        for membership in memberships
    ]
    return {
        "id": str(user.pk),
        "email": user.email,
        "name": user.name,
        "active": user.is_active,
        "operator": user.is_operator,
        "last_sign_in": moment(user.last_login),
        "schools": schools,
    }


def of_run(run: Run) -> Document:
    """Return a run: what it is, how far it got, its counts, and its error if it failed."""
    return {
        "id": str(run.pk),
        "school": {"id": str(run.school_id), "name": run.school.name},
        "source": run.source,
        "uploader_type": uploader_type(run),
        "mode": run.mode,
        "trigger": run.trigger,
        "requested_by": run.requested_by.email if run.requested_by else None,
        "undoes": str(run.undoes_id) if run.undoes_id else None,
        "state": run.state,
        "requested_at": moment(run.requested_at),
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at),
        "seconds": run.duration.total_seconds() if run.duration else None,
        "pages": {"done": run.pages_done, "total": run.pages_total},
        "students": {"done": run.students_done, "total": run.students_total},
        "counts": run.counts,
        "alarms": run.alarms,
        "approved_at": moment(run.approved_at),
        "approved_by": run.approved_by.email if run.approved_by else None,
        "cancelled": _cancelled(run),
        "limits": run.roster_settings.limits,
        "wider": run.roster_settings.wider or None,
        "completeness": {**run.proof, "words": proof_words(run)} if run.proof else None,
        "error": _error(run),
    }


def _error(run: Run) -> Document | None:
    if not run.error_code:
        return None
    return {"code": run.error_code, "what": run.error_what, "remedy": run.error_remedy}


def _cancelled(run: Run) -> Document | None:
    """Return who or what cancelled a run; its `finished_at` is the time."""
    if not run.cancelled_because:
        return None
    by = run.cancelled_by.email if run.cancelled_by else None
    return {"because": run.cancelled_because, "by": by}


def of_settlement(settlement: Settlement) -> Document:
    """Return a reason for a hold that a person approved; `student` is None for a change of SIS."""
    account = settlement.account
    return {
        "school": {"id": str(settlement.school_id), "name": settlement.school.name},
        "source": settlement.source,
        "guard": settlement.guard,
        "student": {"id": str(account.pk), "sis_id": account.sis_id} if account else None,
        "moved_from": settlement.moved_from or None,
        "run": str(settlement.run_id),
        "approved_at": moment(settlement.at),
        "approved_by": settlement.by.email if settlement.by else None,
    }


def of_student(account: StudentAccount) -> Document:
    """Return a student's account with all fields that an account can receive."""
    return {
        "id": str(account.pk),
        "source": account.source or None,
        "links": [{"source": link.source, "sis_id": link.sis_id} for link in links_of(account)],
        **{field: _json_value(getattr(account, field)) for field in STUDENT_FIELDS},
        "status": account.status,
        "version": account.version,
        "updated_at": moment(account.updated_at),
    }


def _json_value(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def of_entry(entry: AuditEntry) -> Document:
    """Return an entry of the audit log."""
    return {
        "at": moment(entry.at),
        "actor": entry.actor.email if entry.actor else None,
        "via": entry.via,
        "action": entry.action,
        "subject": entry.subject or None,
        "detail": entry.detail,
    }
