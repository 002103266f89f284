"""Saving an integration, and keeping its credentials to itself."""

from typing import Any

import pytest

from rollbook.config import config
from rollbook.schools.models import School, User
from rollbook.sync.models import Credential, Integration, Trigger
from rollbook.sync.refusals import RunRefused, SettingRefused
from rollbook.sync.runs import requests
from rollbook.sync.setup import credentials
from rollbook.sync.setup.credentials import KeyMissing
from rollbook.sync.setup.integrations import ConnectionSettings, save_connection, save_mapping

pytestmark = pytest.mark.django_db
GIVEN = {"client_id": "an id", "client_secret": "a secret", "client_url": "https://sis.example.org"}


def save(school: School, **changes: Any) -> Integration:
    form: dict[str, Any] = {
        "source": "powerschool",
        "variant": "",
        "choices": {},
        "credentials": GIVEN,
        "grades": [9, 10],
        "active": True,
        "test_run": True,
        "notify_on_errors": True,
    }
    return save_connection(school, None, ConnectionSettings(**form | changes))


def test_credentials_come_back_for_the_conversation_and_secrets_never_for_a_screen(
    school: School,
) -> None:
    integration = save(school)
    assert credentials.load(integration) == GIVEN
    assert credentials.stored(integration) == GIVEN | {"client_secret": None}


def test_no_stored_byte_shows_a_credential(school: School) -> None:
    integration = save(school)
    for row in Credential.objects.filter(integration=integration):
        assert b"a secret" not in bytes(row.ciphertext) and b"sis.example" not in bytes(
            row.ciphertext
        )


def test_an_empty_box_keeps_what_is_stored(school: School) -> None:
    save(school)
    integration = save(
        school, credentials={"client_id": "another", "client_secret": "", "client_url": ""}
    )
    assert credentials.load(integration) == GIVEN | {"client_id": "another"}


def test_another_address_needs_the_secret_again(school: School) -> None:
    integration = save(school)
    with pytest.raises(SettingRefused) as refused:
        save(school, credentials={"client_url": "https://elsewhere.example.org"})
    assert refused.value.field == "client_secret"
    assert credentials.load(integration) == GIVEN  # refused as a whole
    save(
        school, credentials={"client_url": "https://elsewhere.example.org", "client_secret": "new"}
    )
    assert credentials.load(integration)["client_secret"] == "new"


def test_a_ciphertext_moved_to_another_school_is_refused(school: School) -> None:
    integration = save(school)
    other = save(School.objects.create(name="Other"))
    stolen = Credential.objects.get(integration=integration, name="client_secret").ciphertext
    Credential.objects.filter(integration=other, name="client_secret").update(ciphertext=stolen)
    with pytest.raises(KeyMissing):
        credentials.load(other)


def test_without_its_key_a_credential_is_refused_with_a_clear_line(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration = save(school)
    monkeypatch.setitem(config.__dict__, "keys", {"new": b"x" * 32})
    with pytest.raises(KeyMissing, match="ROLLBOOK_ENCRYPTION_KEYS"):
        credentials.load(integration)


def test_without_its_key_nothing_starts_and_the_form_asks_for_the_credentials_again(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration = save(school)
    monkeypatch.setitem(config.__dict__, "keys", {"new": b"x" * 32})
    assert credentials.stored(integration) == {}
    with pytest.raises(RunRefused) as refused:
        requests.request(integration, trigger=Trigger.PERSON)
    assert refused.value.code == "key_missing"
    assert credentials.load(save(school)) == GIVEN


def test_a_newer_key_reads_what_the_older_one_wrote(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration = save(school)
    monkeypatch.setitem(config.__dict__, "keys", {"new": b"x" * 32, **config.keys})
    assert credentials.load(integration) == GIVEN


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"grades": []}, "grades"),
        ({"source": "nosis"}, "source"),
        (
            {"credentials": {"client_id": "x", "client_url": "https://sis.example.org"}},
            "client_secret",
        ),
    ],
)
def test_what_can_not_be_saved_names_its_field_and_saves_nothing(
    school: School, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(SettingRefused) as refused:
        save(school, **change)
    assert refused.value.field == field
    assert not Integration.objects.exists()


def test_required_rows_can_not_be_removed(school: School, administrator: User) -> None:
    integration = save(school)
    rows = [(source, field) for source, field in integration.mapping if field != "email"]
    with pytest.raises(SettingRefused):
        save_mapping(integration, administrator, rows)


def test_an_optional_row_goes_and_comes_back_and_everybody_is_compared_again(
    school: School, administrator: User
) -> None:
    integration = save(school)
    everything = [(source, field) for source, field in integration.mapping]
    save_mapping(
        integration, administrator, [pair for pair in everything if pair[1] != "birth_date"]
    )
    assert integration.mapping_version == 2
    save_mapping(integration, administrator, everything)
    assert ([tuple(pair) for pair in integration.mapping], integration.mapping_version) == (
        everything,
        3,
    )
    save_mapping(integration, administrator, everything)
    assert integration.mapping_version == 3


def test_a_row_that_is_not_the_source_s_is_refused(school: School) -> None:
    integration = save(school)
    with pytest.raises(SettingRefused):
        save_mapping(
            integration, None, [*[tuple(pair) for pair in integration.mapping], ("ssn", "gender")]
        )
