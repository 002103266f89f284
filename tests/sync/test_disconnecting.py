"""Disconnecting a school from all SISs: credentials go, runs end, nothing comes back."""

from datetime import timedelta

import pytest

from rollbook.schools import clock
from rollbook.schools.models import AuditEntry, School
from rollbook.sources.base import Token
from rollbook.sync.models import Credential, Integration, Run, RunState, Trigger
from rollbook.sync.refusals import RunRefused, SettingRefused
from rollbook.sync.runs import disconnecting, requests
from rollbook.sync.setup import credentials

pytestmark = pytest.mark.django_db


def disconnect(school: School) -> disconnecting.Disconnected:
    return disconnecting.disconnect_all(school, None, school.name, "cli")


def test_credentials_are_deleted_and_nothing_starts_any_more(integration: Integration) -> None:
    ended = disconnect(integration.school)
    integration.refresh_from_db()
    assert (ended.sources, ended.credentials) == (["powerschool"], 3)
    assert not Credential.objects.filter(school=integration.school).exists()
    assert (integration.active, integration.proved_at) == (False, None)
    with pytest.raises(RunRefused):
        requests.request(integration, trigger=Trigger.PERSON)
    entry = AuditEntry.objects.get(action="integrations.disconnected")
    assert entry.school_id == integration.school_id


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.FETCHING, RunState.PLANNED])
def test_a_run_under_way_is_cancelled(integration: Integration, state: RunState) -> None:
    run = requests.request(integration, trigger=Trigger.PERSON).run
    Run.objects.filter(pk=run.pk).update(state=state)
    assert disconnect(integration.school).cancelled == 1
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_a_run_under_way_stores_no_token_afterwards(integration: Integration) -> None:
    tokens = credentials.StoredToken(integration)
    tokens.put(Token("of the deleted credentials", clock.now() + timedelta(hours=1)))
    disconnect(integration.school)
    tokens.save()
    assert not integration.credentials.exists()


def test_the_other_school_stays_connected(integration: Integration) -> None:
    other = School.objects.create(name="Other")
    disconnect(other)
    integration.refresh_from_db()
    assert integration.active and integration.credentials.count() == 3


def test_without_the_exact_name_nothing_happens(integration: Integration) -> None:
    with pytest.raises(SettingRefused):
        disconnecting.disconnect_all(integration.school, None, "another")
    assert integration.credentials.count() == 3
