"""Runs of a school whose e-mails only some places have, by `/ws/v1` and by our plugin."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from rollbook.sources.powerschool_plugin import QUERY
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration, Run
from rollbook.sync.setup import integrations, plugins
from tests.sync.test_undo import sync

pytestmark = pytest.mark.django_db
USER_NAMES = {"email": "student_username@school.example"}


def mapped(integration: Integration, **places: str) -> None:
    pairs = [(places.get(field, source), field) for source, field in integration.mapping]
    integrations.save_mapping(integration, None, pairs)


def queried(standin: StandIn) -> bool:
    return any(asked.path.endswith(QUERY) and asked.method == "POST" for asked in standin.requests)


def installed(standin: Any, integration: Integration) -> None:
    standin.vendor.install(plugins.plugin_zip(integration.source_type, integration))


def test_a_switch_between_the_two_ways_plans_nothing(
    integration: Integration, standin: StandIn
) -> None:
    mapped(integration, **USER_NAMES)
    first = sync(integration)
    assert first.counts["new"] == StudentAccount.objects.count() > 10
    assert all(each.email.endswith("@school.example") for each in StudentAccount.objects.all())
    installed(standin, integration)
    standin.requests.clear()
    second = sync(integration)
    assert not any(asked.path == "/ws/v1/district/student" for asked in standin.requests)
    assert second.proof["by_key"] and queried(standin)
    assert changes(second) == {"unchanged": first.counts["new"]}


def test_the_email_of_the_person_comes_in(integration: Integration, standin: StandIn) -> None:
    mapped(integration, email="person_email")
    installed(standin, integration)
    sync(integration)
    emails = {str(each.dcid): each.email for each in standin.roster()}
    accounts = StudentAccount.objects.all()
    assert len(accounts) > 10
    assert all(each.email == emails[str(each.sis_id)] for each in accounts)


def changes(run: Run) -> dict[str, int]:
    kinds = ("new", "updated", "unchanged", "not_in_roster", "returning")
    return {kind: run.counts[kind] for kind in kinds if run.counts.get(kind)}


def test_the_setting_of_before_is_carried_into_the_mapping(integration: Integration) -> None:
    migration = import_module("rollbook.sync.migrations.0031_where_the_email_is")
    integration.choices = {"email_source": "student_username"}
    integration.save()
    version = integration.mapping_version
    migration.into_the_mapping(apps, connection.schema_editor())
    integration.refresh_from_db()
    assert ["student_username", "email"] in integration.mapping
    assert (integration.choices, integration.mapping_version) == ({}, version + 1)
    migration.into_the_mapping(apps, connection.schema_editor())
    integration.refresh_from_db()
    assert integration.mapping_version == version + 1
    migration.put_back(apps, connection.schema_editor())
    integration.refresh_from_db()
    assert ["email", "email"] in integration.mapping
    assert integration.choices == {"email_source": "student_username"}
