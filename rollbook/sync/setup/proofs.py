"""Whether credentials have proved themselves in a connection test."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.utils.crypto import salted_hmac

from rollbook.schools import clock
from rollbook.schools.models import School
from rollbook.sources.discovery import Step, StepState
from rollbook.sync.models import CheckState, ConnectionTest, Integration, Run
from rollbook.sync.retention import SET_UP_HOURS

KEPT_FOR: Final = timedelta(hours=SET_UP_HOURS)  # drafts and tests


def connection_digest(source: str, variant: str, credentials: Mapping[str, str]) -> str:
    """Return a digest of credentials, from which nobody can work them out."""
    text = json.dumps([source, variant, dict(credentials)], sort_keys=True)
    return salted_hmac("rollbook.connection", text, algorithm="sha256").hexdigest()


def proved_at(
    school: School, source: str, variant: str, credentials: Mapping[str, str]
) -> datetime | None:
    """Return when these credentials last passed a test of this school; None if they didn't."""
    return (
        ConnectionTest.objects.filter(
            school=school,
            connection=connection_digest(source, variant, credentials),
            state=CheckState.PASSED,
            started_at__gt=clock.now() - KEPT_FOR,
        )
        .order_by("-started_at")
        .values_list("touched_at", flat=True)
        .first()
    )


def was_accepted(school: School, source: str, variant: str, credentials: Mapping[str, str]) -> bool:
    """Return whether a SIS has accepted the sign-in with these credentials in a test."""
    tests = ConnectionTest.objects.filter(
        school=school, connection=connection_digest(source, variant, credentials)
    )
    accepted = {"key": Step.SIGN_IN.value, "state": StepState.PASSED.value}
    return tests.filter(steps__contains=[accepted]).exists()


def note_reading(run: Run) -> None:
    """Note that a run read its roster: its credentials work, unless they were changed meanwhile."""
    if run.integration is None:
        return
    unchanged = Integration.objects.filter(pk=run.integration.pk, updated_at__lte=run.started_at)
    unchanged.update(proved_at=clock.now())
