"""Second factors of staff: setting one up, signing in with it, losing it; nothing opens before."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from rollbook.cli.people.users import remove_second_factors
from rollbook.config import config
from rollbook.schools import second_factors
from rollbook.schools.models import AuditEntry, School, User
from rollbook.schools.passwords import PasswordRule, shortest

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "second_factor", "required")


@pytest.fixture
def clock_of_phone(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The step of 30 seconds that it is now, for phone and server."""
    steps = {"now": 1_000_000}
    monkeypatch.setattr(
        totp, "yield_hotp_counters_from_time", lambda: iter(steps["now"] + n for n in (-1, 0, 1))
    )
    monkeypatch.setattr(
        "rollbook.web.account.second_factor.yield_hotp_counters_from_time",
        totp.yield_hotp_counters_from_time,
    )
    return steps


def typed(client: Client, email: str, password: str, **options: Any) -> Any:
    return client.post("/sign-in/", {"username": email, "password": password}, **options)


def code(secret: str, step: int) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, step))


def set_up(client: Client, steps: dict[str, int]) -> tuple[str, list[str]]:
    """Set up an authenticator app. Return its secret and the recovery codes."""
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    found = re.search(r'<p class="code break">(\w+)</p>', page)
    assert found, page
    answer = client.post(
        reverse("mfa_activate_totp"), {"code": code(found[1], steps["now"])}, follow=True
    )
    codes = re.findall(r'<li class="code">(\d+)</li>', answer.content.decode())
    return found[1], codes


@pytest.fixture
def secured(administrator: User, password: str, clock_of_phone: Any) -> tuple[str, list[str]]:
    client = Client()
    typed(client, administrator.email, password)
    secret = set_up(client, clock_of_phone)
    clock_of_phone["now"] += 10
    return secret


def test_somebody_without_a_second_factor_reaches_nothing_but_its_set_up(
    client: Client, administrator: User, school: School, password: str, clock_of_phone: Any
) -> None:
    typed(client, administrator.email, password)
    for page in ("/", "/schools/", reverse("students", args=[school.pk]), "/mail/"):
        assert client.get(page).headers["Location"] == "/security/"
        assert client.post(page).headers["Location"] == "/security/"
    htmx = client.get("/schools/", headers={"HX-Request": "true"})
    assert htmx.headers["HX-Redirect"] == "/security/"
    assert "Set up a second factor to go on" in client.get("/security/").content.decode()
    _secret, codes = set_up(client, clock_of_phone)
    assert len(set(codes)) == 10
    assert client.get(reverse("students", args=[school.pk])).status_code == 200
    shown_again = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert codes[0] not in shown_again


def test_a_right_password_alone_opens_nothing_and_notes_no_sign_in(
    client: Client, administrator: User, school: School, password: str, secured: Any
) -> None:
    before = AuditEntry.objects.filter(action="signed_in").count()
    assert (
        typed(client, administrator.email, password)
        .headers["Location"]
        .startswith("/sign-in/second-factor/")
    )
    assert client.get(reverse("students", args=[school.pk])).status_code == 302
    assert AuditEntry.objects.filter(action="signed_in").count() == before


def test_a_code_signs_in_once_and_no_earlier_one_after_it(
    administrator: User, school: School, password: str, secured: Any, clock_of_phone: Any
) -> None:
    secret, _codes = secured
    now = clock_of_phone["now"]
    outcomes = []
    for step in (now, now, now - 1, now + 1):
        client = Client()
        typed(client, administrator.email, password)
        answer = client.post("/sign-in/second-factor/", {"code": code(secret, step)})
        outcomes.append(answer.status_code)
    assert outcomes == [302, 200, 200, 302]


def test_the_code_that_set_the_app_up_signs_nobody_in(
    client: Client, administrator: User, password: str, clock_of_phone: Any
) -> None:
    typed(client, administrator.email, password)
    secret, _codes = set_up(client, clock_of_phone)
    other = Client()
    typed(other, administrator.email, password)
    answer = other.post("/sign-in/second-factor/", {"code": code(secret, clock_of_phone["now"])})
    assert "wrong or was used already" in answer.content.decode()


def test_a_recovery_code_signs_in_once(administrator: User, password: str, secured: Any) -> None:
    _secret, codes = secured
    outcomes = []
    for _time in range(2):
        client = Client()
        typed(client, administrator.email, password)
        answer = client.post("/sign-in/second-factor/", {"code": codes[3]})
        outcomes.append(answer.status_code)
    assert outcomes == [302, 200]


@pytest.mark.parametrize("stored", ["", "no-such-key:AAAA", "not sealed"])
def test_a_secret_that_no_key_opens_is_said_in_words(
    client: Client, administrator: User, password: str, secured: Any, stored: str
) -> None:
    _secret, codes = secured
    for authenticator in Authenticator.objects.all():
        authenticator.data |= dict.fromkeys(authenticator.data.keys() & {"secret", "seed"}, stored)
        authenticator.save()
    typed(client, administrator.email, password)
    for one in ("000000", codes[0]):
        answer = client.post("/sign-in/second-factor/", {"code": one})
        assert answer.status_code == 200
        assert "be read" in answer.content.decode()


def test_ten_wrong_codes_have_to_wait(
    client: Client, administrator: User, password: str, secured: Any, clock_of_phone: Any
) -> None:
    secret, _codes = secured
    typed(client, administrator.email, password)
    for _time in range(10):
        answer = client.post("/sign-in/second-factor/", {"code": "000000"})
        assert "wrong or was used already" in answer.content.decode()
    right = code(secret, clock_of_phone["now"])
    answer = client.post("/sign-in/second-factor/", {"code": right})
    assert "Too many failed attempts" in answer.content.decode()


def test_the_last_second_factor_cannot_be_removed(
    client: Client, administrator: User, password: str, clock_of_phone: Any
) -> None:
    typed(client, administrator.email, password)
    set_up(client, clock_of_phone)
    answer = client.post(reverse("mfa_deactivate_totp"))
    assert "only second factor" in answer.content.decode()
    assert Authenticator.objects.filter(type="totp").exists()


def test_the_database_has_no_secret_in_the_clear(administrator: User, secured: Any) -> None:
    secret, codes = secured
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not any(each in stored for each in codes)


def test_what_one_person_proved_counts_for_nobody_else(
    client: Client,
    administrator: User,
    counselor: User,
    school: School,
    password: str,
    clock_of_phone: Any,
) -> None:
    typed(client, administrator.email, password)
    set_up(client, clock_of_phone)
    client.force_login(counselor)
    assert client.get(reverse("students", args=[school.pk])).headers["Location"] == "/security/"


def test_the_operator_helps_somebody_who_has_lost_everything(
    client: Client, administrator: User, school: School, password: str, clock_of_phone: Any
) -> None:
    typed(client, administrator.email, password)
    set_up(client, clock_of_phone)
    page = reverse("students", args=[school.pk])
    assert client.get(page).status_code == 200
    CliRunner().invoke(remove_second_factors, [administrator.email], catch_exceptions=False)
    assert client.get(page).headers["Location"].startswith("/sign-in/")
    assert not Authenticator.objects.exists()
    assert AuditEntry.objects.filter(action="user.second_factors_removed").exists()
    typed(client, administrator.email, password)
    assert client.get(page).headers["Location"] == "/security/"


def test_a_new_encryption_key_takes_the_second_factors_along(
    administrator: User, password: str, secured: Any, clock_of_phone: Any
) -> None:
    secret, _codes = secured
    ((name, key),) = config.keys.items()
    config.__dict__["keys"] = {"new": bytes(32), name: key}
    try:
        assert second_factors.seal_again() == (2, 0, 0)
        config.__dict__["keys"] = {"new": bytes(32)}
        client = Client()
        typed(client, administrator.email, password)
        right = {"code": code(secret, clock_of_phone["now"])}
        assert client.post("/sign-in/second-factor/", right).status_code == 302
    finally:
        config.__dict__["keys"] = {name: key}


def test_twelve_characters_are_enough_with_a_second_factor(
    administrator: User, counselor: User, secured: Any
) -> None:
    assert (shortest(administrator), shortest(counselor)) == (12, 15)
    with pytest.raises(ValidationError):
        PasswordRule().validate("rollbook1234", administrator)
    PasswordRule().validate("vq3kz8wm1xj6", administrator)


def test_where_it_is_optional_only_those_are_asked_who_have_one(
    administrator: User,
    counselor: User,
    school: School,
    password: str,
    secured: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(config, "second_factor", "optional")
    client = Client()
    assert "Second factors are optional" in client.get("/sign-in/").content.decode()
    assert "second-factor" in typed(client, administrator.email, password).headers["Location"]
    other = Client()
    typed(other, counselor.email, password)
    assert other.get(reverse("students", args=[school.pk])).status_code == 200


def test_an_old_sign_in_has_to_be_confirmed_before_a_change(
    client: Client, administrator: User, password: str, clock_of_phone: Any
) -> None:
    typed(client, administrator.email, password)
    client.get("/security/")
    session = client.session
    session["began"] -= 16 * 60
    session["seen"] -= 16 * 60
    session.save()
    answer = client.get(reverse("mfa_activate_totp"))
    assert answer.headers["Location"].startswith("/confirm/?next=")
    wrong = client.post(answer.headers["Location"], {"password": "wrong"})
    assert "This password is wrong" in wrong.content.decode()
    right = client.post(answer.headers["Location"], {"password": password})
    assert right.headers["Location"] == reverse("mfa_activate_totp")
    assert client.get(reverse("mfa_activate_totp")).status_code == 200


@pytest.mark.parametrize(
    "credential",
    [
        *("", "null", "[]", "1", '"text"', "{", "9" * 5_000, '{"a": ' * 2_000 + "1" + "}" * 2_000),
        *("{}", '{"response": []}', '{"response": {"userHandle": 5}}'),
        '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"userHandle": "AAAA",'
        ' "clientDataJSON": "AAAA", "authenticatorData": "AAAA", "signature": "AAAA",'
        ' "attestationObject": "AAAA"}}',
    ],
)
def test_a_malformed_passkey_is_refused(
    credential: str, administrator: User, password: str, secured: Any, clock_of_phone: Any
) -> None:
    secret, _codes = secured
    stranger = Client()
    stranger.get("/sign-in/passkey/", headers={"Accept": "application/json"})
    refused = stranger.post("/sign-in/passkey/", {"credential": credential}, follow=True)
    assert "Sign in" in refused.content.decode()
    person = Client()
    typed(person, administrator.email, password)
    page = person.post("/sign-in/second-factor/", {"credential": credential})
    assert "data-passkey-error hidden" not in page.content.decode()
    person.post("/sign-in/second-factor/", {"code": code(secret, clock_of_phone["now"])})
    person.get("/security/passkeys/add/")
    page = person.post("/security/passkeys/add/", {"credential": credential, "name": "x"})
    assert page.status_code == 200
    assert not Authenticator.objects.filter(type="webauthn").exists()
