"""The outbound client: where it connects, and what it says when it can't."""

import socket
import threading
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from rollbook.sources.bounds import Bounds
from rollbook.sources.errors import AddressRefused, AddressUnreachable, SourceError
from rollbook.sources.http import Http
from rollbook.sources.wire import check_entered
from tests.sources.certificates import Authority
from tests.sources.loopback import QUICK, Loopback, Reply

LOOPBACK = ("127.0.0.0/8",)


def ask(url: str, bounds: Bounds = QUICK) -> bytes:
    with Http(bounds, "The SIS", pause=lambda seconds: None) as http:
        return http.request("GET", url, headers={}).body


def names_stand_for(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Replace the name server, which no test may depend on. Return the list of names looked up."""
    looked_up: list[str] = []

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host.replace(".", "").isdecimal() or ":" in host:
            return real(host, port, type=socket.SOCK_STREAM)
        looked_up.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses
        ]

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return looked_up


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://2130706433/",
        "https://127.1/",
        "https://0x7f.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://0.0.0.0/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/",
        "http://127.0.0.1/",
    ],
)
def test_only_public_addresses_are_connected_to_by_default(url: str) -> None:
    with pytest.raises(AddressRefused, match="We don't connect to"):
        ask(url, Bounds(tries=1))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "//example.org/",
        "https://",
        "https:///x",
        "https://[::",
        "https://a:99999/",
        "https://a:0/",
        "https://a b/",
        "https://a/\r\nX: y",
        "https://a\\@b/",
        "javascript:alert(1)",
        "https://example..org/",
        "https://a:b:c/",
    ],
)
def test_what_is_not_a_web_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused, match="not a web address"):
        ask(url)


def test_a_user_name_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(AddressRefused) as refused:
        ask("https://ada:hidden@example.org/")
    assert "hidden" not in f"{refused.value} {refused.value!r}"


def test_a_name_is_judged_by_every_address_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up = names_stand_for(monkeypatch, "10.0.0.1", "169.254.169.254")
    with pytest.raises(AddressRefused):
        ask("https://sis.example/", Bounds(tries=5))
    assert looked_up == ["sis.example"]


def test_the_address_that_was_checked_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Loopback(lambda asked: Reply(200, b"here")) as server:
        looked_up = names_stand_for(monkeypatch, "127.0.0.1")
        assert ask(f"http://sis.example:{server.port}/") == b"here"
    assert looked_up == ["sis.example"]
    assert server.asked[0].headers["host"] == f"sis.example:{server.port}"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1", "10.0.0.1"),
        ("10.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "::ffff:169.254.169.254"),
        ("8.8.8.8", "fe80::1"),
    ],
)
def test_one_forbidden_address_among_several_refuses_all(
    monkeypatch: pytest.MonkeyPatch, scheme: str, addresses: tuple[str, ...]
) -> None:
    with Loopback(lambda asked: Reply(200, b"here")) as server:
        names_stand_for(monkeypatch, *addresses)
        with pytest.raises(AddressRefused):
            ask(f"{scheme}://sis.example:{server.port}/")
    assert server.asked == []


ALLOWED = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
GOOD = ("https://ps.example.org", "ps.example.org/admin/", "HTTPS://ps.example.org:8443/a?b=c|d")
PLAIN = ("http://127.0.0.1:8101", "http://[::1]:8101/", "http://localhost:8101", "HTTP://127.1")


@pytest.mark.parametrize("text", [*GOOD, "acs", " acs ", "https://8.8.8.8/acs"])
def test_usual_entries_are_taken(text: str) -> None:
    check_entered(text, ())
    check_entered(text, ALLOWED)


@pytest.mark.parametrize("text", [*PLAIN, "http://ps.example.org"])
def test_http_is_taken_only_where_the_operator_allows_networks(text: str) -> None:
    check_entered(text, ALLOWED)
    with pytest.raises(AddressRefused):
        check_entered(text, ())


@pytest.mark.parametrize(
    "text",
    [
        "ftp://ps.example.org",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_",
        "javascript://ps.example.org/%0aalert(1)",
        "javascript:alert(1)",
        "mailto:a@ps.example.org",
        "https://user:hidden@ps.example.org",
        "user:hidden@ps.example.org/admin",
        "https://@ps.example.org",
        "https://",
        "https://ps.example.org:0",
        "https://ps.example.org:99999",
        "https://[::1",
        "https://ps exa.example.org",
        "https://169.254.169.254/latest",
        "https://[::ffff:10.0.0.1]",
        "http://8.8.8.8",
        "10.0.0.1",
    ],
)
def test_entries_that_no_conversation_could_use_are_refused(text: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        check_entered(text, ALLOWED)
    assert refused.value.what and refused.value.remedy
    assert "hidden" not in str(refused.value)


def test_plain_http_is_spoken_in_allowed_networks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    names_stand_for(monkeypatch, "8.8.8.8")
    with pytest.raises(AddressRefused, match="without encryption"):
        ask("http://sis.example/")


def test_metadata_addresses_are_refused_even_when_everything_is_allowed() -> None:
    with pytest.raises(AddressRefused):
        ask(
            "http://169.254.169.254/latest/meta-data/",
            replace(QUICK, allowed_networks=("0.0.0.0/0",)),
        )


def test_a_name_that_does_not_exist_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(AddressUnreachable, match=r"There is no address with the name sis\.example"):
        ask("https://sis.example/")


def test_a_name_server_that_hangs_is_waited_for_no_longer_than_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over, answers = threading.Event(), 0

    def hang(*_: Any, **__: Any) -> list[Any]:
        nonlocal answers
        over.wait(30)
        answers += 1
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(AddressUnreachable):
        ask("https://sis.example/", replace(QUICK, connect_seconds=0.05, tries=2))
    assert answers == 0
    over.set()


def test_a_port_where_nothing_listens_is_reported() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        with pytest.raises(AddressUnreachable, match=f"Nothing answers at 127.0.0.1, port {port}"):
            ask(f"http://127.0.0.1:{port}/")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def test_an_authority_that_the_operator_trusts_is_trusted(authority: Authority) -> None:
    bounds = replace(QUICK, ca_file=str(authority.file))
    with Loopback(lambda asked: Reply(200, b"safe"), authority.context()) as server:
        assert ask(server.url, bounds) == b"safe"


@pytest.mark.parametrize(
    ("certificate", "trusted", "message"),
    [
        ({"days": -1}, True, "has expired"),
        ({"name": "other.example"}, True, "is for another name"),
        ({"self_signed": True}, True, "may be self-signed"),
        ({}, False, "not issued by an authority that we trust"),
    ],
)
def test_a_certificate_that_can_not_be_trusted_is_refused_with_the_reason(
    authority: Authority, certificate: dict[str, Any], trusted: bool, message: str
) -> None:
    bounds = replace(QUICK, ca_file=str(authority.file) if trusted else None)
    with Loopback(lambda asked: Reply(), authority.context(**certificate)) as server:
        with pytest.raises(AddressUnreachable, match=message) as refused:
            ask(server.url, bounds)
        assert refused.value.remedy
    assert server.asked == []


def test_a_port_that_does_not_speak_tls_is_reported() -> None:
    with Loopback(lambda asked: Reply()) as server, pytest.raises(SourceError) as refused:
        ask(server.url.replace("http://", "https://"), replace(QUICK, tries=2, request_seconds=1))
    assert isinstance(refused.value, AddressUnreachable)
