"""Guessing passwords: how many are checked, and who gets in meanwhile."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Lock
from typing import Any

import pytest
from django.contrib.auth.backends import ModelBackend
from django.db import connection
from django.test import Client, RequestFactory

from rollbook.config import config
from rollbook.schools import clock, devices, slow_down
from rollbook.schools.models import KnownDevice, TryCounter, User
from rollbook.web.account import tries

SLOWED = "Too many failed attempts"
AT_ONCE = 50


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The addresses whose passwords were checked."""
    checked: list[str] = []
    lock = Lock()
    authenticate: Callable[..., Any] = ModelBackend.authenticate

    def counting(backend: ModelBackend, request: Any, username: str, password: str) -> Any:
        with lock:
            checked.append(username)
        time.sleep(0.02)  # longer than the others need to arrive
        return authenticate(backend, request, username, password)

    monkeypatch.setattr(ModelBackend, "authenticate", counting)
    yield checked


def sign_in(email: str, password: str, client: Client | None = None, **headers: Any) -> bool:
    """Whether somebody gets in."""
    answer = (client or Client()).post(
        "/sign-in/", {"username": email, "password": password}, **headers
    )
    return answer.status_code == 302


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [True, False])
def test_fifty_tries_at_once_are_ten_checks(
    known: bool, checks: list[str], administrator: User
) -> None:
    email = administrator.email if known else "nobody@lincoln.example"

    def guess(number: int) -> bool:
        try:
            address = f"192.0.2.{number}"
            return sign_in(email, f"wrong {number}", REMOTE_ADDR=address)
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert not any(pool.map(guess, range(AT_ONCE)))
    assert len(checks) == 10


@pytest.mark.django_db
def test_the_right_person_gets_in_on_a_known_device_while_somebody_guesses(
    administrator: User, password: str
) -> None:
    laptop = Client()
    assert sign_in(administrator.email, password, laptop)
    laptop.post("/sign-out/")
    for number in range(40):
        sign_in(administrator.email, f"wrong {number}")
    assert not sign_in(administrator.email, password)
    assert sign_in(administrator.email.upper(), password, laptop)


@pytest.mark.django_db
def test_a_known_device_has_ten_tries_too_and_none_for_others(
    administrator: User, counselor: User, password: str, checks: list[str]
) -> None:
    laptop = Client()
    assert sign_in(administrator.email, password, laptop)
    laptop.post("/sign-out/")
    for number in range(15):
        sign_in(administrator.email, f"wrong {number}", laptop)
        sign_in(counselor.email, f"wrong {number}", laptop)
    assert checks.count(administrator.email) == 11
    for number in range(15):
        sign_in(counselor.email, f"wrong {number}")
    assert checks.count(counselor.email) == 10


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["revoked", "other cookie"])
def test_a_device_that_is_revoked_or_forged_is_unknown(
    change: str, administrator: User, password: str
) -> None:
    laptop = Client()
    assert sign_in(administrator.email, password, laptop)
    laptop.post("/sign-out/")
    if change == "revoked":
        devices.revoke("staff", administrator.email)
    else:
        laptop.cookies[tries.COOKIE] = devices.new_token()
    for number in range(10):
        sign_in(administrator.email, f"wrong {number}")
    assert not sign_in(administrator.email, password, laptop)


@pytest.mark.django_db
def test_the_database_has_neither_the_cookie_nor_the_address(
    administrator: User, password: str
) -> None:
    laptop = Client()
    assert sign_in(administrator.email, password, laptop)
    row = KnownDevice.objects.get()
    assert laptop.cookies[tries.COOKIE].value.split(":")[0] not in (row.account, row.device)
    assert len(row.account) == len(row.device) == 64


@pytest.mark.django_db
def test_trying_forty_accounts_from_one_address_is_slowed(checks: list[str]) -> None:
    answers = [
        Client()
        .post(
            "/sign-in/",
            {"username": f"teacher{n}@lincoln.example", "password": "Spring2026Spring"},
            HTTP_X_FORWARDED_FOR=f"203.0.113.{n}",
        )
        .content.decode()
        for n in range(40)
    ]
    assert len(checks) == 30
    assert [SLOWED in answer for answer in answers] == [False] * 30 + [True] * 10
    assert "from your network" in answers[-1]
    refused = TryCounter.objects.filter(tries__lt=1).count()
    assert refused == 10  # their accounts lose no try


@pytest.mark.django_db
def test_a_hundred_failures_in_a_row_close_an_account_until_a_new_password(
    administrator: User, password: str, checks: list[str]
) -> None:
    for number in range(12):
        for _again in range(10):
            sign_in(administrator.email, "wrong", REMOTE_ADDR=f"192.0.2.{number}")
        TryCounter.objects.update(last_at=clock.now() - timedelta(hours=1))
    assert len(checks) == 100
    answer = Client().post("/sign-in/", {"username": administrator.email, "password": password})
    assert "set a new password" in answer.content.decode()
    slow_down.forget("staff", administrator.email)
    assert sign_in(administrator.email, password)


@pytest.mark.django_db
def test_signing_in_ends_a_row_of_failures(administrator: User, password: str) -> None:
    for _time in range(9):
        assert not sign_in(administrator.email, "wrong")
    assert sign_in(administrator.email, password)
    counter = TryCounter.objects.order_by("-last_at")
    assert {row.in_a_row for row in counter} == {0, 9}  # 9: of the network, which has no row


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "network"),
    [
        (0, "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        (1, "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "10.0.0.1", "203.0.113.9", "10.0.0.1"),
        (1, "10.0.0.1", None, "10.0.0.1"),
        (1, "10.0.0.1", "nonsense", "10.0.0.1"),
        (1, "10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        (1, "10.0.0.1", "[2001:db8:1:2::7]:4711", "2001:db8:1:2::/64"),
        (0, "2001:db8:1:2:aaaa::7", None, "2001:db8:1:2::/64"),
        (0, "::ffff:192.0.2.1", None, "192.0.2.1"),
        (0, "", None, ""),
    ],
)
def test_the_network_is_what_the_trusted_proxies_saw(
    proxies: int,
    peer: str,
    forwarded: str | None,
    network: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(config, "trusted_proxies", proxies)
    request = RequestFactory().get("/sign-in/", REMOTE_ADDR=peer)
    if forwarded is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    assert tries.network_of(request) == network
