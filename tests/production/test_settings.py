"""In production each unsafe setting is named with its remedy; a development one may have it."""

import base64
from typing import Any

import pytest

from rollbook.config import Config
from rollbook.production import Unsafe, refuse_unsafe

KEY = base64.b64encode(bytes(range(32))).decode()
SECRET = "vq3Wc9-LrT_0yHk8ZsXo2NfUeJb7RmDaPg5Ki1Qt"
SOUND: dict[str, Any] = {
    "env": "production",
    "DATABASE_URL": "postgresql://rollbook_app@db/rollbook",
    "secret_key": SECRET,
    "encryption_keys": f"k1:{KEY}",
    "allowed_hosts": ["rollbook.lincoln.example"],
    "public_url": "https://rollbook.lincoln.example",
}


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


def refused(**changes: Any) -> str:
    with pytest.raises(Unsafe) as caught:
        refuse_unsafe(Config(**SOUND | changes))
    return str(caught.value)


def test_a_sound_installation_starts() -> None:
    refuse_unsafe(Config(**SOUND))
    refuse_unsafe(Config(**SOUND | {"encryption_keys": f"k2:{KEY}, k1:{KEY}"}))


def test_networks_as_wide_as_private_ones_are_allowed() -> None:
    networks = ["10.0.0.0/8", "192.168.0.0/16", "fd00::/8", "2001:db8:1::/48", "127.0.0.1", "::1"]
    refuse_unsafe(Config(**SOUND | {"allowed_networks": networks}))


def test_development_is_asked_nothing() -> None:
    refuse_unsafe(Config(env="development", allowed_hosts=["*"]))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"DATABASE_URL": None}, "DATABASE_URL"),
        ({"secret_key": None}, "ROLLBOOK_SECRET_KEY is not set"),
        ({"secret_key": "short"}, "ROLLBOOK_SECRET_KEY is shorter"),
        ({"encryption_keys": None}, "ROLLBOOK_ENCRYPTION_KEYS is not set"),
        ({"encryption_keys": ""}, "ROLLBOOK_ENCRYPTION_KEYS"),
        ({"encryption_keys": KEY}, "ROLLBOOK_ENCRYPTION_KEYS"),
        ({"encryption_keys": "k1:c2hvcnQ="}, "ROLLBOOK_ENCRYPTION_KEYS"),
        ({"encryption_keys": "k1:%%%"}, "ROLLBOOK_ENCRYPTION_KEYS"),
        ({"secret_key": "x" * 50}, "ROLLBOOK_SECRET_KEY repeats"),
        ({"secret_key": "rollbook12345" * 4}, "ROLLBOOK_SECRET_KEY repeats"),
        ({"secret_key": "0123456789" * 4}, "ROLLBOOK_SECRET_KEY repeats"),
        ({"encryption_keys": f"k1:{encoded(bytes(32))}"}, "repeats a few bytes"),
        ({"encryption_keys": f"k1:{encoded(b'a' * 32)}"}, "repeats a few bytes"),
        ({"encryption_keys": f"k2:{KEY},k1:{encoded(b'0123456789abcdef' * 2)}"}, "repeats"),
        ({"encryption_keys": f"k1:{encoded(bytes(31) + b'1')}"}, "repeats a few bytes"),
        ({"allowed_networks": ["0.0.0.0/0"]}, "has 0.0.0.0/0"),
        ({"allowed_networks": ["10.0.0.7/0"]}, "has 0.0.0.0/0"),
        ({"allowed_networks": ["0.0.0.0/1", "128.0.0.0/1"]}, "has 0.0.0.0/0"),
        ({"allowed_networks": [f"{first}.0.0.0/8" for first in range(256)]}, "has 0.0.0.0/0"),
        ({"allowed_networks": ["10.1.0.0/16", "8.0.0.0/5"]}, "has 8.0.0.0/5"),
        ({"allowed_networks": ["::/0"]}, "has ::/0"),
        ({"allowed_networks": ["fc00::/6"]}, "has fc00::/6"),
        ({"allowed_networks": ["64:ff9b::/96"]}, "has 64:ff9b::/96"),
        ({"allowed_networks": ["::ffff:0.0.0.0/96"]}, "/96"),
        ({"allowed_networks": ["the school"]}, "is no network"),
        ({"allowed_hosts": ["rollbook.lincoln.example", "*"]}, "wildcard *"),
        ({"allowed_hosts": ["rollbook.lincoln.example", ".example"]}, "wildcard .example"),
        ({"allowed_hosts": ["other.example"]}, "lacks rollbook.lincoln.example"),
        ({"public_url": "http://rollbook.lincoln.example"}, "https://"),
    ],
)
def test_what_is_unsafe_is_named(changes: dict[str, Any], named: str) -> None:
    message = refused(**changes)
    assert named in message
    assert message.count("\n* ") == 1
    assert KEY not in message


def test_all_reasons_come_at_once() -> None:
    assert refused(secret_key=None, encryption_keys=None, allowed_hosts=["*"]).count("\n* ") == 4
