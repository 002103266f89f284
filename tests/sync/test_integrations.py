"""Saving an integration, and keeping its credentials to itself."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rollbook.config import config
from rollbook.schools.models import School, User
from rollbook.sync.models import Credential, Integration, Trigger
from rollbook.sync.refusals import RunRefused, SettingRefused
from rollbook.sync.runs import requests
from rollbook.sync.setup import credentials
from rollbook.sync.setup.credentials import KeyMissing
from rollbook.sync.setup.integrations import (
    ConnectionSettings,
    credentials_to_use,
    save_connection,
    save_mapping,
)

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


def put_back(integration: Integration, ciphertext: bytes) -> None:
    rows = Credential.objects.filter(integration=integration, name="client_secret")
    rows.update(ciphertext=ciphertext)


def secret_row(integration: Integration) -> Credential:
    return Credential.objects.get(integration=integration, name="client_secret")


def test_an_older_value_put_back_is_refused(school: School, administrator: User) -> None:
    integration = save(school)
    older = bytes(secret_row(integration).ciphertext)
    credentials.store(integration, "client_secret", "newer", administrator)
    assert credentials.load(integration)["client_secret"] == "newer"
    put_back(integration, older)
    with pytest.raises(KeyMissing, match="put back"):
        credentials.load(integration)


def test_a_deleted_value_put_back_is_refused(school: School) -> None:
    integration = save(school)
    row = secret_row(integration)
    credentials.clear(integration, {"client_secret"})
    row.save(force_insert=True)
    with pytest.raises(KeyMissing, match="put back"):
        credentials.load(integration)


def test_a_value_of_the_older_format_is_read_until_a_newer_one_is_stored(school: School) -> None:
    integration = save(school)
    key_id, key = next(iter(config.keys.items()))
    bound_to = f"{school.pk}/{integration.pk}/client_secret/{key_id}".encode()
    encrypted = AESGCM(key).encrypt(b"n" * 12, b"of before", bound_to)
    older = bytes([len(key_id)]) + key_id.encode() + b"n" * 12 + encrypted
    Integration.objects.filter(pk=integration.pk).update(credential_versions={})
    put_back(integration, older)
    rows = Credential.objects.filter(integration=integration).exclude(name="client_secret")
    rows.delete()
    assert credentials.load(integration) == {"client_secret": "of before"}
    assert credentials.rotate().changed == 1
    assert credentials.load(integration) == {"client_secret": "of before"}
    put_back(integration, older)
    with pytest.raises(KeyMissing, match="put back"):
        credentials.load(integration)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 5, 10, 20, 33])
def test_a_value_that_was_cut_short_is_refused_in_words(school: School, length: int) -> None:
    integration = save(school)
    put_back(integration, bytes(secret_row(integration).ciphertext)[:length])
    assert_refused_everywhere(integration)


@pytest.mark.parametrize("foreign", [b"\xff" * 40, b"\x04\xff\xff\xff\xff" + b"x" * 40, b"PK" * 99])
def test_foreign_bytes_are_refused_in_words(school: School, foreign: bytes) -> None:
    integration = save(school)
    put_back(integration, foreign)
    assert_refused_everywhere(integration)


def assert_refused_everywhere(integration: Integration) -> None:
    assert credentials.problem(integration)
    assert "client_secret" not in credentials.readable(integration)
    assert "client_secret" not in credentials.stored(integration)
    assert credentials.readability().unreadable == credentials.rotate().unreadable == 1
    with pytest.raises(RunRefused) as refused:
        requests.request(integration, trigger=Trigger.PERSON)
    assert refused.value.code == "key_missing"
    with pytest.raises(SettingRefused, match="Enter the Client Secret again"):
        credentials_to_use(integration, integration.variant_type, {})


def test_a_token_that_was_cut_short_is_fetched_anew(school: School) -> None:
    integration = save(school)
    credentials.store(integration, credentials.TOKEN, "{}")
    rows = Credential.objects.filter(integration=integration, name=credentials.TOKEN)
    rows.update(ciphertext=b"\x00\x02")
    assert credentials.StoredToken(integration).get() is None


def test_who_changed_credentials_last_is_stored(school: School, administrator: User) -> None:
    integration = save(school)
    credentials.store(integration, "client_secret", "newer", administrator)
    last_change = credentials.last_change(integration)
    assert last_change is not None and last_change.changed_by == administrator


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
