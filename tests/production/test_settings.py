"""In production each unsafe setting is named with its remedy; a development one may have it."""

import base64
from typing import Any

import pytest

from rollbook.config import Config
from rollbook.production import Unsafe, refuse_unsafe

KEY = base64.b64encode(bytes(range(32))).decode()
SOUND: dict[str, Any] = {
    "env": "production",
    "DATABASE_URL": "postgresql://rollbook_app@db/rollbook",
    "secret_key": "x" * 50,
    "encryption_keys": f"k1:{KEY}",
    "allowed_hosts": ["rollbook.lincoln.example"],
    "public_url": "https://rollbook.lincoln.example",
}


def refused(**changes: Any) -> str:
    with pytest.raises(Unsafe) as caught:
        refuse_unsafe(Config(**SOUND | changes))
    return str(caught.value)


def test_a_sound_installation_starts() -> None:
    refuse_unsafe(Config(**SOUND))
    refuse_unsafe(Config(**SOUND | {"encryption_keys": f"k2:{KEY}, k1:{KEY}"}))


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
