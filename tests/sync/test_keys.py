"""Encryption keys: each value is stored with the newest; those that no key opens are named."""

import json
import os
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from rollbook.cli import main
from rollbook.config import config
from rollbook.schools.models import AuditEntry
from rollbook.sync.models import Credential, Integration, Trigger
from rollbook.sync.refusals import RunRefused
from rollbook.sync.runs import requests
from rollbook.sync.setup import credentials

pytestmark = pytest.mark.django_db
Keys = Callable[..., None]


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Keys:
    """Let the installation have these keys, newest first."""
    made = {name: os.urandom(32) for name in ("k1", "k2")} | dict(config.keys)

    def use(*names: str) -> None:
        monkeypatch.setattr(config, "keys", {name: made[name] for name in names})

    return use


def ciphertexts() -> list[bytes]:
    return [
        bytes(each)
        for each in Credential.objects.order_by("pk").values_list("ciphertext", flat=True)
    ]


def test_rotating_puts_every_value_under_the_newest_key_and_loses_none(
    integration: Integration, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "BATCH", 2)
    before, number = credentials.load(integration), Credential.objects.count()
    keys("k2", "dev")
    assert credentials.rotate() == credentials.Rotated("k2", number, 0, 0)
    keys("k2")  # the old one has gone
    assert credentials.load(integration) == before
    assert credentials.readability() == (number, 0, [])
    assert credentials.rotate() == credentials.Rotated("k2", 0, number, 0)


def test_what_was_interrupted_goes_on_where_it_was(integration: Integration, keys: Keys) -> None:
    keys("k2", "dev")
    credentials.store(integration, "client_secret", "saved meanwhile")
    told = credentials.rotate()
    assert (told.already, told.changed) == (1, Credential.objects.count() - 1)
    assert credentials.load(integration)["client_secret"] == "saved meanwhile"


def test_a_value_without_its_key_is_left_alone_and_said(
    integration: Integration, keys: Keys
) -> None:
    before = ciphertexts()
    keys("k2")
    told = credentials.rotate()
    assert (told.changed, told.unreadable) == (0, len(before))
    assert [
        bytes(each)
        for each in Credential.objects.order_by("pk").values_list("ciphertext", flat=True)
    ] == [bytes(each) for each in before]
    assert credentials.readability().integrations == [str(integration)]
    with pytest.raises(RunRefused, match="'dev'") as refused:
        requests.request(integration, trigger=Trigger.PERSON)
    assert "bring the key back" in refused.value.remedy


def test_the_command_says_what_it_did_and_check_names_who_is_left(
    integration: Integration, keys: Keys
) -> None:
    keys("k2", "dev")
    ended = CliRunner().invoke(main, ["keys", "rotate", "--json"])
    assert (ended.exit_code, json.loads(ended.stdout)["rotated"]["key"]) == (0, "k2")
    assert AuditEntry.objects.filter(action="keys.rotated", subject="k2").exists()
    keys("k1")
    checks = {
        each["name"]: each
        for each in json.loads(CliRunner().invoke(main, ["check", "--json"]).stdout)["checks"]
    }
    assert not checks["keys"]["ok"] and str(integration) in checks["keys"]["remedy"]
