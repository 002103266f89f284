"""Stores the credentials of integrations, encrypted with AES-256-GCM.

A ciphertext is bound to school, integration, name and version. `Integration.credential_versions`
has the version of each name; it rises whenever a value is stored or deleted.

This protects from somebody who can write rows of credentials, but has no key: a value that was
moved to another row, changed, or is older than the last one can't be read. It does not protect
from somebody who can also write the row of the integration, because a version can be put back
together with its value. Nor does it protect from somebody who has a key, or who brings back an
older copy of the whole database. All schools share the keys; no school has a key of its own.
"""

import os
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.schools import clock
from rollbook.schools.models import User
from rollbook.sources.base import Token
from rollbook.sync.models import Credential, Integration

TOKEN = "access token"
NONCE_BYTES, TAG_BYTES = 12, 16
BATCH: Final = 200  # rows that are read from the database at a time
# Every ciphertext begins with these. The older format begins with the length of the key's id,
# which is never 0, and knows no version.
_HEAD: Final = b"\x00\x02"


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
    """A stored value can't be read; the text says why.

    Its key is not among ROLLBOOK_ENCRYPTION_KEYS, or the value was changed, moved, cut short or
    put back from an earlier time.
    """


def store(integration: Integration, name: str, value: str, by: User | None = None) -> None:
    """Encrypt and store one value, in place of the one before. None: a command stored it."""
    with transaction.atomic():
        _raise_versions(integration, {name})
        Credential.objects.update_or_create(
            school_id=integration.school_id,
            integration=integration,
            name=name,
            defaults={
                "ciphertext": _encrypt(value, _bound_to(integration, name)),
                "changed_by": by,
            },
        )


def load(integration: Integration) -> dict[str, str]:
    """Return all credentials of an integration in the clear, for one conversation with its SIS.

    Raises KeyMissing.
    """
    return {row.name: _value(row) for row in _rows(integration).exclude(name=TOKEN)}


def readable(integration: Integration) -> dict[str, str]:
    """Return the credentials that are set and can be read, in the clear."""
    values = {}
    for row in _rows(integration).exclude(name=TOKEN):
        with suppress(KeyMissing):
            values[row.name] = _value(row)
    return values


def problem(integration: Integration) -> str:
    """Return why stored credentials can't be read; empty where all can."""
    try:
        load(integration)
    except KeyMissing as error:
        return str(error)
    return ""


def last_change(integration: Integration) -> Credential | None:
    """Return the credential that was stored last, with the person who stored it."""
    rows = _rows(integration).exclude(name=TOKEN).select_related("integration", "changed_by")
    return rows.order_by("-updated_at").first()


def note_use(integration: Integration) -> None:
    """Store that the credentials are sent to the SIS now."""
    Integration.objects.filter(pk=integration.pk).update(credentials_used_at=clock.now())


def _rows(integration: Integration) -> QuerySet[Credential]:
    """Return the rows with the versions as they are stored now, not when `integration` was read."""
    rows = Credential.objects.filter(school_id=integration.school_id, integration=integration)
    return rows.select_related("integration")


def _value(row: Credential) -> str:
    """Return the value of a row in the clear. Raises KeyMissing."""
    return _decrypt(bytes(row.ciphertext), _bound_to(row.integration, row.name))


def _raise_versions(integration: Integration, names: set[str]) -> None:
    """Raise the versions of these names, so that no earlier value can be read any more.

    The integration stays locked until the transaction ends.
    """
    rows = Integration.objects.select_for_update(no_key=True).filter(pk=integration.pk)
    versions = rows.values_list("credential_versions", flat=True).get()
    for name in names:
        versions[name] = versions.get(name, 0) + 1
    rows.update(credential_versions=versions)
    integration.credential_versions = versions


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
    for row in _rows(integration).filter(name__in=kinds).order_by("name"):
        with suppress(KeyMissing):
            value = _value(row)
            values[row.name] = None if kinds[row.name] == "secret" else value
    return values


def readability() -> Readability:
    """Try to read every stored value of every school."""
    readable = 0
    unreadable = []
    for row in Credential.objects.select_related("integration__school").iterator(chunk_size=BATCH):
        try:
            _value(row)
            readable += 1
        except KeyMissing:
            unreadable.append(str(row.integration))
    return Readability(readable, len(unreadable), sorted(set(unreadable)))


def rotate() -> Rotated:
    """Encrypt every stored value again with the newest key and in the newest format.

    Started again after an interruption, it does the rest. A value that can't be read stays as it
    is. The integration is locked meanwhile, so that what is saved just now isn't lost.
    """
    newest = next(iter(config.keys))
    counts: Counter[str] = Counter()
    for pk in list(Integration.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            integration = Integration.objects.select_for_update(no_key=True).filter(pk=pk).first()
            if integration is not None:
                for row in _rows(integration).order_by("pk"):
                    counts[_encrypt_again(integration, row, newest)] += 1
    return Rotated(newest, counts["changed"], counts["already"], counts["unreadable"])


def _encrypt_again(integration: Integration, row: Credential, newest: str) -> str:
    """Encrypt one value with the newest key. Return which number of Rotated counts it."""
    try:
        value = _value(row)
    except KeyMissing:
        return "unreadable"
    has_version = row.name in integration.credential_versions
    if has_version and _parts(bytes(row.ciphertext)).key_id == newest:
        return "already"
    if not has_version:
        _raise_versions(integration, {row.name})
    row.ciphertext = _encrypt(value, _bound_to(integration, row.name))
    row.save(update_fields=["ciphertext"])
    return "changed"


def clear(integration: Integration, names: set[str]) -> None:
    """Delete these values, and the token that was got with them. None can be put back."""
    with transaction.atomic():
        rows = integration.credentials.filter(name__in=names | {TOKEN})
        deleted = set(rows.values_list("name", flat=True))
        if deleted:
            _raise_versions(integration, deleted)
            rows.delete()


class StoredToken:
    """The token cache of one conversation, stored encrypted between runs.

    A source uses it from several threads, which have no database connection of their own. So the
    token is read when this is made, and written by `save`.
    """

    def __init__(self, integration: Integration) -> None:
        self._integration = integration
        self._got_with = self._versions(Integration.objects.all())
        self._token = self._stored = self._read()

    def get(self) -> Token | None:
        return self._token

    def put(self, token: Token | None) -> None:
        self._token = token

    def save(self) -> None:
        """Store the token for the next run, or delete one that stopped working.

        Does nothing where the school was deleted or the credentials were changed meanwhile: a token
        must not outlive the credentials that it was got with.
        """
        if self._token == self._stored:
            return
        with transaction.atomic():
            now = self._versions(Integration.objects.select_for_update(no_key=True))
            if now is not None and now == self._got_with:
                self._write()

    def _versions(self, rows: QuerySet[Integration]) -> dict[str, int] | None:
        """Return the versions of the credentials, without the token's; None without integration."""
        row = rows.filter(pk=self._integration.pk)
        versions = row.values_list("credential_versions", flat=True).first()
        if versions is None:
            return None
        return {name: number for name, number in versions.items() if name != TOKEN}

    def _write(self) -> None:
        if self._token is None:
            clear(self._integration, set())
        else:
            value = {"value": self._token.value, "expires_at": self._token.expires_at.isoformat()}
            store(self._integration, TOKEN, msgspec.json.encode(value).decode())
        self._stored = self._token

    def _read(self) -> Token | None:
        """Return the stored token; None where it ran out or can't be read: the SIS gives a new."""
        row = _rows(self._integration).filter(name=TOKEN).first()
        if row is None:
            return None
        try:
            value: dict[str, str] = msgspec.json.decode(_value(row))
        except KeyMissing:
            return None
        token = Token(value["value"], datetime.fromisoformat(value["expires_at"]))
        return token if token.expires_at > datetime.now(UTC) else None


class _Parts(NamedTuple):
    """What a ciphertext consists of. `head` is what names the format and the key."""

    head: bytes
    key_id: str
    nonce: bytes
    encrypted: bytes


def _bound_to(integration: Integration, name: str) -> bytes:
    """Return what a value is bound to. Values of before there were versions are bound to none."""
    row = f"{integration.school_id}/{integration.pk}/{name}"
    version = integration.credential_versions.get(name)
    return (f"{row}/{version}" if version else row).encode()


def _parts(ciphertext: bytes) -> _Parts:
    """Return the parts of a ciphertext of the newest or the older format. Raises KeyMissing."""
    is_newest = ciphertext.startswith(_HEAD)
    length_at = len(_HEAD) if is_newest else 0
    head_end = length_at + 1 + sum(ciphertext[length_at : length_at + 1])
    encrypted_at = head_end + NONCE_BYTES
    try:
        key_id = ciphertext[length_at + 1 : head_end].decode()
    except UnicodeDecodeError as error:
        raise _unreadable() from error
    if not key_id or len(ciphertext) < encrypted_at + TAG_BYTES:
        raise _unreadable()
    return _Parts(
        head=_HEAD + key_id.encode() if is_newest else key_id.encode(),
        key_id=key_id,
        nonce=ciphertext[head_end:encrypted_at],
        encrypted=ciphertext[encrypted_at:],
    )


def _encrypt(value: str, bound_to: bytes) -> bytes:
    key_id, key = next(iter(config.keys.items()))
    nonce = os.urandom(NONCE_BYTES)
    name = key_id.encode()
    encrypted = AESGCM(key).encrypt(nonce, value.encode(), bound_to + b"/" + _HEAD + name)
    return _HEAD + bytes([len(name)]) + name + nonce + encrypted


def _decrypt(ciphertext: bytes, bound_to: bytes) -> str:
    """Return a value in the clear. Raises KeyMissing, whatever the bytes are."""
    parts = _parts(ciphertext)
    key = config.keys.get(parts.key_id)
    if key is None:
        raise KeyMissing(
            _(
                "The key %(key)s that encrypted these credentials is not in "
                "ROLLBOOK_ENCRYPTION_KEYS."
            )
            % {"key": repr(parts.key_id)}
        )
    try:
        plain = AESGCM(key).decrypt(parts.nonce, parts.encrypted, bound_to + b"/" + parts.head)
    except InvalidTag as error:
        raise _unreadable() from error
    return plain.decode()


def _unreadable() -> KeyMissing:
    return KeyMissing(
        _(
            "The stored credentials can't be read. They were changed, cut short, or put back from "
            "an earlier time."
        )
    )
