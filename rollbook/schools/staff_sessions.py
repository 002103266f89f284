"""Where staff are signed in: one row beside each of Django's sessions."""

from datetime import timedelta
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models.functions import Now

from rollbook.schools import clock
from rollbook.schools.moments import MadeAt

KEPT: Final = timedelta(days=1)  # a session lasts 12 hours


class StaffSession(models.Model):
    """A session of a user. `browser` is such as "Firefox on Windows"."""

    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey("schools.User", on_delete=models.CASCADE, related_name="+")
    browser = models.CharField(max_length=100)
    began_at = MadeAt()
    last_seen_at = MadeAt()

    def __str__(self) -> str:
        return f"{self.user_id} {self.browser}"


def begin(session_key: str, user: AbstractBaseUser, browser: str) -> None:
    """Note a sign-in."""
    StaffSession.objects.filter(session_key=session_key).delete()
    StaffSession.objects.create(session_key=session_key, user_id=user.pk, browser=browser)


def note_use(session_key: str) -> None:
    """Note that a session is used now."""
    StaffSession.objects.filter(session_key=session_key).update(last_seen_at=Now())


def open_sessions(user: AbstractBaseUser) -> models.QuerySet[StaffSession]:
    """Return the sessions of a person that still open something, the newest use first."""
    existing = Session.objects.values("session_key")
    rows = StaffSession.objects.filter(user_id=user.pk, session_key__in=existing)
    return rows.order_by("-last_seen_at")


def end(sessions: models.QuerySet[StaffSession]) -> int:
    """End these sessions at once. Returns how many."""
    keys = list(sessions.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    StaffSession.objects.filter(session_key__in=keys).delete()
    return len(keys)


def sweep() -> int:
    """Delete the rows of sessions that are over. Returns how many."""
    return StaffSession.objects.filter(last_seen_at__lt=clock.now() - KEPT).delete()[0]
