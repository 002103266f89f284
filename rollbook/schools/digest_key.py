"""The key of the digests that stand for students who must not be stored.

It is random, made when it is first needed, and encrypted with the newest key of the installation:
a copy of the database alone does not tell whether a student is among the digests.
"""

import hmac
import os
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rollbook.config import config
from rollbook.schools.models import DigestKey

BOUND_TO: Final = b"rollbook.digest_key/"
NONCE_BYTES: Final = 12


class DigestKeyMissing(Exception):
    """The key can't be read: the encryption key that it was stored with is missing."""


def of_school(school_id: UUID) -> bytes:
    """Return the key of one school's digests. Raises DigestKeyMissing."""
    return hmac.digest(_installation_key(), school_id.bytes, "sha256")


def rotate() -> bool:
    """Encrypt the key with the newest key of the installation; return whether that was needed."""
    row = DigestKey.objects.filter(pk=1).first()
    newest = next(iter(config.keys))
    if row is None or row.key_id == newest:
        return False
    ciphertext = _encrypt(newest, _decrypt(row))
    rows = DigestKey.objects.filter(pk=1, key_id=row.key_id)
    return bool(rows.update(key_id=newest, ciphertext=ciphertext))


def _installation_key() -> bytes:
    row = DigestKey.objects.filter(pk=1).first()
    if row is None:
        newest = next(iter(config.keys))
        made = {"key_id": newest, "ciphertext": _encrypt(newest, os.urandom(32))}
        row, _is_new = DigestKey.objects.get_or_create(pk=1, defaults=made)
    return _decrypt(row)


def _encrypt(key_id: str, plain: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    cipher = AESGCM(config.keys[key_id])
    return nonce + cipher.encrypt(nonce, plain, BOUND_TO + key_id.encode())


def _decrypt(row: DigestKey) -> bytes:
    key, stored = config.keys.get(row.key_id), bytes(row.ciphertext)
    if key is None:
        raise DigestKeyMissing(
            f"The key {row.key_id!r}, with which the key of erased students was encrypted, is not "
            "in ROLLBOOK_ENCRYPTION_KEYS."
        )
    bound_to = BOUND_TO + row.key_id.encode()
    try:
        return AESGCM(key).decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise DigestKeyMissing("The key of erased students can't be read.") from error
