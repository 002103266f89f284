"""Stores the credentials of integrations, encrypted with AES-256-GCM.

A ciphertext is bound to school, integration and name: moved to another row, it can't be read.
"""

import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

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
    """How many stored values can be read with the keys there are.

    `integrations` are the names of those with a value that can't be read.
    """

    readable: int
    unreadable: int
    integrations: list[str]


class Rotated(NamedTuple):
    """How many stored values were encrypted again with the newest key, `key`."""

    key: str
    changed: int
    already: int
    unreadable: int


class KeyMissing(Exception):
    """The key that encrypted this value is not among ROLLBOOK_ENCRYPTION_KEYS."""


def store(integration: Integration, name: str, value: str) -> None:
    """Encrypt and store one value, in place of the one before."""
    Credential.objects.update_or_create(
        school_id=integration.school_id,
        integration=integration,
        name=name,
        defaults={"ciphertext": _encrypt(value, _bound_to(integration, name))},
    )


def load(integration: Integration) -> dict[str, str]:
    """Return all credentials of an integration in the clear, for one conversation with its SIS.

    Raises KeyMissing.
    """
    rows = Credential.objects.filter(
        school_id=integration.school_id, integration=integration
    ).exclude(name=TOKEN)
    return {
        row.name: _decrypt(bytes(row.ciphertext), _bound_to(integration, row.name)) for row in rows
    }


def readable(integration: Integration) -> dict[str, str]:
    """Return the credentials that are set and can be read, in the clear."""
    values = {}
    for row in integration.credentials.exclude(name=TOKEN):
        with suppress(KeyMissing):
            values[row.name] = _decrypt(bytes(row.ciphertext), _bound_to(integration, row.name))
    return values


def seal(value: Any, bound_to: str) -> bytes:
    """Return a value of JSON encrypted. Only `unseal` with the same `bound_to` reads it."""
    return _encrypt(msgspec.json.encode(value).decode(), bound_to.encode())


def unseal(ciphertext: bytes | memoryview, bound_to: str) -> Any:
    """Return what `seal` encrypted; None where it can't be read, or there is nothing."""
    if not ciphertext:
        return None
    try:
        return msgspec.json.decode(_decrypt(bytes(ciphertext), bound_to.encode()))
    except KeyMissing:
        return None


def stored(integration: Integration) -> dict[str, str | None]:
    """Return the credentials that are set. Secrets come as None: they are never shown again.

    One that can't be read with the keys there are counts as not set: it has to be entered again.
    """
    kinds = {field.key: field.kind for field in integration.variant_type.credentials}
    values: dict[str, str | None] = {}
    for row in integration.credentials.filter(name__in=kinds).order_by("name"):
        with suppress(KeyMissing):
            value = _decrypt(bytes(row.ciphertext), _bound_to(integration, row.name))
            values[row.name] = None if kinds[row.name] == "secret" else value
    return values


def readability() -> Readability:
    """Try to read every stored value of every school."""
    readable = 0
    unreadable = []
    for row in Credential.objects.select_related("integration__school").iterator(chunk_size=BATCH):
        try:
            _decrypt(bytes(row.ciphertext), _bound_to(row.integration, row.name))
            readable += 1
        except KeyMissing:
            unreadable.append(str(row.integration))
    return Readability(readable, len(unreadable), sorted(set(unreadable)))


def rotate() -> Rotated:
    """Encrypt every stored value again with the newest key, in batches.

    Started again after an interruption, it does the rest. A value that can't be read stays as it
    is. Rows are locked meanwhile, so that what a run or a person saves just now isn't lost.
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
    """Delete these values, and the token that was got with them."""
    integration.credentials.filter(name__in=names | {TOKEN}).delete()


class StoredToken:
    """The token cache of one conversation, stored encrypted between runs.

    A source uses it from several threads, which have no database connection of their own. So the
    token is read when this is made, and written by `save`.
    """

    def __init__(self, integration: Integration) -> None:
        self._integration = integration
        self._token = self._stored = self._read()

    def get(self) -> Token | None:
        return self._token

    def put(self, token: Token | None) -> None:
        self._token = token

    def save(self) -> None:
        """Store the token for the next run, or delete one that stopped working.

        Does nothing where the school was deleted meanwhile.
        """
        if self._token == self._stored:
            return
        with transaction.atomic():
            rows = Integration.objects.select_for_update(no_key=True)
            if rows.filter(pk=self._integration.pk).exists():
                self._write()

    def _write(self) -> None:
        if self._token is None:
            clear(self._integration, set())
        else:
            value = {"value": self._token.value, "expires_at": self._token.expires_at.isoformat()}
            store(self._integration, TOKEN, msgspec.json.encode(value).decode())
        self._stored = self._token

    def _read(self) -> Token | None:
        row = self._integration.credentials.filter(name=TOKEN).first()
        if row is None:
            return None
        value: dict[str, str] = msgspec.json.decode(
            _decrypt(bytes(row.ciphertext), _bound_to(self._integration, TOKEN))
        )
        token = Token(value["value"], datetime.fromisoformat(value["expires_at"]))
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
            f"The key {head.decode()!r} that encrypted these credentials is not in "
            "ROLLBOOK_ENCRYPTION_KEYS."
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
