"""Disconnects a school from all its SISs: deletes the credentials and switches everything off."""

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.sync.models import (
    CANCELLABLE_STATES,
    ConnectionDraft,
    ConnectionTest,
    Integration,
    Run,
    RunState,
)
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.runs import cancelling
from rollbook.sync.setup import credentials


class Disconnected(NamedTuple):
    """What was deleted and ended.

    `sources` are the SISs that were switched off. `applying` runs had begun to write and finish.
    """

    sources: list[str]
    credentials: int
    cancelled: int
    applying: int


def check_name(school: School, typed: str) -> None:
    """Raise SettingRefused where the typed name is not the name of the school."""
    if " ".join(typed.split()) != " ".join(school.name.split()):
        what = _("Nothing was disconnected. Type the name exactly: %(name)s")
        raise SettingRefused("name", what % {"name": school.name})


def connected(school: School) -> list[Integration]:
    """Return the integrations that are active or have stored credentials."""
    rows = Integration.objects.filter(school=school).order_by("source")
    return [each for each in rows if each.active or each.credentials.exists()]


def disconnect_all(school: School, by: User | None, typed: str, via: str = "web") -> Disconnected:
    """Delete all stored credentials of a school, and end its runs.

    Mapping, grades and schedules stay: with new credentials the school goes on as before. Raises
    SettingRefused where `typed` is not the school's name.
    """
    check_name(school, typed)
    with transaction.atomic():
        sources, deleted = _forget_credentials(school)
        audit.record(
            "integrations.disconnected",
            school=school,
            actor=by,
            subject=str(school.pk),
            via=via,
            sources=sources,
            credentials=deleted,
        )
    # Afterwards, so that no run is requested any more while these are cancelled.
    runs = Run.objects.filter(school=school, integration__isnull=False)
    cancelled = 0
    for run in runs.filter(state__in=CANCELLABLE_STATES).order_by("pk"):
        cancelled += cancelling.cancel(run, by, via)
    applying = runs.filter(state=RunState.APPLYING).count()
    return Disconnected(sources, deleted, cancelled, applying)


def _forget_credentials(school: School) -> tuple[list[str], int]:
    """Return the SISs that were switched off, and how many credentials were deleted."""
    sources, deleted = [], 0
    rows = Integration.objects.filter(school=school).select_for_update(no_key=True)
    for integration in rows.order_by("pk"):
        names = set(integration.credentials.values_list("name", flat=True))
        if integration.active or names:
            sources.append(integration.source)
        credentials.clear(integration, names)
        deleted += len(names - {credentials.TOKEN})
        integration.active = False
        integration.proved_at = None
        integration.save(update_fields=["active", "proved_at", "updated_at"])
    # These have what was typed and students of a test, encrypted.
    ConnectionDraft.objects.filter(school=school).delete()
    ConnectionTest.objects.filter(school=school).delete()
    return sources, deleted
