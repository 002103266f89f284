"""Encrypts short secrets of people, such as those of authenticator apps, with AES-256-GCM."""

import base64
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rollbook.config import config

NONCE_BYTES: Final = 12


class Unreadable(Exception):
    """A sealed value whose key is gone, or that was changed or moved."""


def seal(value: str, purpose: str) -> str:
    """Return a value encrypted with the newest key, as text. It opens for this purpose only."""
    key_id, key = next(iter(config.keys.items()))
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, value.encode(), _bound_to(purpose, key_id))
    return f"{key_id}:{base64.b64encode(sealed).decode()}"


def unseal(sealed: str, purpose: str) -> str:
    """Return the value that `seal` encrypted. Raises Unreadable."""
    key_id, _colon, text = sealed.partition(":")
    key = config.keys.get(key_id)
    if key is None:
        raise Unreadable(f"The key {key_id!r} is not in ROLLBOOK_ENCRYPTION_KEYS.")
    try:
        content = base64.b64decode(text, validate=True)
        nonce, ciphertext = content[:NONCE_BYTES], content[NONCE_BYTES:]
        return AESGCM(key).decrypt(nonce, ciphertext, _bound_to(purpose, key_id)).decode()
    except (InvalidTag, ValueError) as error:
        raise Unreadable("The value can't be read with this key.") from error


def is_newest(sealed: str) -> bool:
    """Whether a value is encrypted with the newest key."""
    return sealed.partition(":")[0] == next(iter(config.keys))


def _bound_to(purpose: str, key_id: str) -> bytes:
    return f"{purpose}/{key_id}".encode()
