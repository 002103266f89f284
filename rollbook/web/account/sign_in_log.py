"""Notes failed sign-ins and sign-outs in the audit log, of each school where the person works."""

from typing import Any

from django.contrib.auth.signals import user_logged_out, user_login_failed

from rollbook.schools import audit
from rollbook.schools.models import School, User


def connect() -> None:
    """Begin to listen to Django's signals."""
    user_logged_out.connect(note_sign_out, dispatch_uid="rollbook.signed_out")
    user_login_failed.connect(note_failure, dispatch_uid="rollbook.sign_in_failed")


def note_sign_out(sender: object, user: object = None, **_more: Any) -> None:
    """Note that a person signed out, or lost the session."""
    if isinstance(user, User):
        _record("signed_out", user, actor=user)


def note_failure(sender: object, credentials: dict[str, Any], **_more: Any) -> None:
    """Note a failed sign-in. The typed address is noted only as the person it belongs to."""
    typed = credentials.get("username") or credentials.get("email") or ""
    user = User.objects.filter(email=str(typed).strip().lower()).first()
    _record("sign_in_failed", user, actor=None)


def _record(action: str, user: User | None, actor: User | None) -> None:
    schools: list[School | None] = []
    if user is not None:
        schools += School.objects.filter(memberships__user=user).order_by("pk")
    for school in schools or [None]:
        audit.record(action, school=school, actor=actor, subject=str(user.pk) if user else "")
