"""The settings that production refuses, all at once with remedies, and variables that are none."""

import base64
import binascii
import os
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

from rollbook.config import Config, unknown_variables

KEY_BYTES = 32
SECRET_KEY_LENGTH = 32


class Unsafe(SystemExit):
    """Ends a process that loads the settings; the reasons are its last lines."""


def refuse_unsafe(config: Config) -> None:
    """Raise Unsafe where these settings are unsafe in production. Checks nothing but settings."""
    reasons = list(_reasons(config)) if config.production else []
    if reasons:
        lines = [f"* {reason}" for reason in reasons]
        raise Unsafe("\n".join(["Rollbook does not start in production:", *lines]))


def name_unknown_variables() -> None:
    """Write a line for each variable that looks like a setting and is none."""
    for sentence in unknown_variables(os.environ):
        sys.stderr.write(f"{sentence}\n")


def _reasons(config: Config) -> Iterator[str]:
    if config.database_url is None:
        yield "DATABASE_URL is not set: the embedded database is for trying it out."
    secret = config.secret_key.get_secret_value() if config.secret_key else ""
    if len(secret) < SECRET_KEY_LENGTH:
        what = f"is shorter than {SECRET_KEY_LENGTH} characters" if secret else "is not set"
        yield f"ROLLBOOK_SECRET_KEY {what}: `rollbook keys` prints a fresh one."
    if not config.encryption_keys:
        yield "ROLLBOOK_ENCRYPTION_KEYS is not set: `rollbook keys` prints a fresh one."
    elif not _readable(config.encryption_keys.get_secret_value()):
        yield (
            f"ROLLBOOK_ENCRYPTION_KEYS is not id:base64 of {KEY_BYTES} bytes, comma separated: "
            "`rollbook keys` prints a fresh one."
        )
    if wild := [host for host in config.allowed_hosts if "*" in host or host.startswith(".")]:
        yield f"ROLLBOOK_ALLOWED_HOSTS has the wildcard {wild[0]}: name each host."
    address = urlsplit(config.public_url)
    if address.scheme != "https":
        yield (
            f"ROLLBOOK_PUBLIC_URL is {config.public_url}: it has to begin with https://, "
            "or passwords travel unencrypted."
        )
    elif address.hostname not in config.allowed_hosts:
        yield (
            f"ROLLBOOK_ALLOWED_HOSTS lacks {address.hostname}, the host of ROLLBOOK_PUBLIC_URL: "
            "every page would be refused."
        )


def _readable(keys: str) -> bool:
    try:
        pairs = [pair.strip().split(":", 1) for pair in keys.split(",") if pair.strip()]
        return bool(pairs) and all(
            len(base64.b64decode(key, validate=True)) == KEY_BYTES for _, key in pairs
        )
    except (ValueError, binascii.Error):
        return False
