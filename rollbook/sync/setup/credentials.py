"""Credentials of an integration: AES-256-GCM, bound to school, integration and name, so that a ciphertext can't be moved elsewhere."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction

from rollbook.config import config
from rollbook.sources.base import Token
from rollbook.sync.models import Credential, Integration

TOKEN = "access token"
NONCE_BYTES = 12
BATCH: Final = 200  # rows that are encrypted anew in one transaction


class Readability(NamedTuple):
    """How many stored values today's keys open; `of` names the integrations whose values they don't."""

    readable: int
    unreadable: int
    of: list[str]


class Rotated(NamedTuple):
    """What became of the stored values under the newest key."""

    key: str
    changed: int
    already: int
    unreadable: int


class KeyMissing(Exception):
    """The key that encrypted this value is not among ROLLBOOK_ENCRYPTION_KEYS."""


def store(integration: Integration, name: str, value: str) -> None:
    """Encrypt and keep one value, in place of the one before."""
    Credential.objects.update_or_create(
        school_id=integration.school_id,
        integration=integration,
        name=name,
        defaults={"ciphertext": _encrypt(value, _bound_to(integration, name))},
    )


def load(integration: Integration) -> dict[str, str]:
    """All credentials of an integration in the clear, for the one conversation that needs them. Raises KeyMissing."""
    rows = Credential.objects.filter(
        school_id=integration.school_id, integration=integration
    ).exclude(name=TOKEN)
    return {
        row.name: _decrypt(bytes(row.ciphertext), _bound_to(integration, row.name)) for row in rows
    }


def stored(integration: Integration) -> dict[str, str | None]:
    """Which credentials are set. Addresses and ids come with their value, secrets as None: they are never shown again.

    One that can't be read with today's keys counts as not set: it has to be entered again.
    """
    kinds = {field.key: field.kind for field in integration.variant_type.credentials}
    there: dict[str, str | None] = {}
    for row in integration.credentials.filter(name__in=kinds).order_by("name"):
        with suppress(KeyMissing):
            value = _decrypt(bytes(row.ciphertext), _bound_to(integration, row.name))
            there[row.name] = None if kinds[row.name] == "secret" else value
    return there


def readability() -> Readability:
    """Try every stored value of every school with today's keys; none of them is kept."""
    readable, of = 0, []
    for row in Credential.objects.select_related("integration__school").iterator(chunk_size=BATCH):
        try:
            _decrypt(bytes(row.ciphertext), _bound_to(row.integration, row.name))
            readable += 1
        except KeyMissing:
            of.append(str(row.integration))
    return Readability(readable, len(of), sorted(set(of)))


def rotate() -> Rotated:
    """Encrypt every stored value anew under the newest key, batch by batch: interrupted, it goes on where it was.

    A value that can't be read is left as it is. A row is locked meanwhile, so that what a run or a person saves just now isn't lost.
    """
    newest = next(iter(config.keys))
    last, changed, already, unreadable = 0, 0, 0, 0
    while True:
        with transaction.atomic():
            rows = Credential.objects.select_for_update(of=("self",)).select_related("integration")
            batch = list(rows.filter(pk__gt=last).order_by("pk")[:BATCH])
            if not batch:
                return Rotated(newest, changed, already, unreadable)
            for row in batch:
                if _key_of(bytes(row.ciphertext)) == newest:
                    already += 1
                    continue
                try:
                    value = _decrypt(bytes(row.ciphertext), _bound_to(row.integration, row.name))
                except KeyMissing:
                    unreadable += 1
                    continue
                row.ciphertext = _encrypt(value, _bound_to(row.integration, row.name))
                row.save(update_fields=["ciphertext"])
                changed += 1
        last = batch[-1].pk


def clear(integration: Integration, names: set[str]) -> None:
    """Forget these values, and the token that was got with them."""
    integration.credentials.filter(name__in=names | {TOKEN}).delete()


class StoredToken:
    """The token cache of one conversation, kept encrypted between runs.

    A source asks it from several threads, which have no database connection of their own: it is read when made and written by `save`.
    """

    def __init__(self, integration: Integration) -> None:
        self._integration = integration
        self._token = self._kept = self._read()

    def get(self) -> Token | None:
        return self._token

    def put(self, token: Token | None) -> None:
        self._token = token

    def save(self) -> None:
        """Keep the token for the next run, or forget one that stopped working."""
        if self._token == self._kept:
            return
        if self._token is None:
            clear(self._integration, set())
        else:
            kept = {"value": self._token.value, "expires_at": self._token.expires_at.isoformat()}
            store(self._integration, TOKEN, msgspec.json.encode(kept).decode())
        self._kept = self._token

    def _read(self) -> Token | None:
        row = self._integration.credentials.filter(name=TOKEN).first()
        if row is None:
            return None
        kept: dict[str, str] = msgspec.json.decode(
            _decrypt(bytes(row.ciphertext), _bound_to(self._integration, TOKEN))
        )
        token = Token(kept["value"], datetime.fromisoformat(kept["expires_at"]))
        return token if token.expires_at > datetime.now(UTC) else None


def _bound_to(integration: Integration, name: str) -> bytes:
    return f"{integration.school_id}/{integration.pk}/{name}".encode()


def _key_of(ciphertext: bytes) -> str:
    return ciphertext[1 : 1 + ciphertext[0]].decode()


def _encrypt(value: str, bound_to: bytes) -> bytes:
    key_id, key = next(iter(config.keys.items()))
    nonce = os.urandom(NONCE_BYTES)
    head = key_id.encode()
    return (
        bytes([len(head)])
        + head
        + nonce
        + AESGCM(key).encrypt(nonce, value.encode(), bound_to + b"/" + head)
    )


def _decrypt(ciphertext: bytes, bound_to: bytes) -> str:
    head_end = 1 + ciphertext[0]
    head, nonce = ciphertext[1:head_end], ciphertext[head_end : head_end + NONCE_BYTES]
    key = config.keys.get(head.decode())
    if key is None:
        raise KeyMissing(
            f"The key {head.decode()!r} that encrypted these credentials is not in ROLLBOOK_ENCRYPTION_KEYS."
        )
    try:
        plain = AESGCM(key).decrypt(
            nonce, ciphertext[head_end + NONCE_BYTES :], bound_to + b"/" + head
        )
    except InvalidTag as error:
        raise KeyMissing(
            "The stored credentials can't be read with this key; they have to be entered again."
        ) from error
    return plain.decode()
