"""The settings that production refuses, all at once with remedies, and variables that are none."""

import base64
import binascii
import os
import sys
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Final
from urllib.parse import urlsplit

from rollbook.config import Config, unknown_variables

KEY_BYTES = 32
SECRET_KEY_LENGTH = 32
# 32 random bytes have about 30 different ones, 50 random letters about 35.
FEWEST_BYTES: Final = 8
WIDEST_PREFIX: Final = 8  # 10.0.0.0/8 is the widest private network
WIDEST_PREFIX_6: Final = 32  # what an Internet provider gets
UNIQUE_LOCAL: Final = IPv6Network("fc00::/7")  # the private networks of IPv6
# Networks that carry every address of IPv4 in their last 32 bits.
CARRIERS: Final = tuple(
    IPv6Network(text) for text in ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "::/96")
)
CARRIER_BITS: Final = 96


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
    elif _is_guessable(secret.encode()):
        yield (
            "ROLLBOOK_SECRET_KEY repeats a few characters, so it can be guessed: `rollbook keys` "
            "prints a fresh one."
        )
    if not config.encryption_keys:
        yield "ROLLBOOK_ENCRYPTION_KEYS is not set: `rollbook keys` prints a fresh one."
    elif not _readable(config.encryption_keys.get_secret_value()):
        yield (
            f"ROLLBOOK_ENCRYPTION_KEYS is not id:base64 of {KEY_BYTES} bytes, comma separated: "
            "`rollbook keys` prints a fresh one."
        )
    elif any(_is_guessable(key) for key in config.keys.values()):
        yield (
            "ROLLBOOK_ENCRYPTION_KEYS has a key that repeats a few bytes, so it can be guessed: "
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
    yield from _network_reasons(config.networks)


def _network_reasons(texts: Sequence[str]) -> Iterator[str]:
    """Yield why these networks of SISs can't be allowed, for each of the networks."""
    networks = []
    for text in texts:
        try:
            networks.append(ip_network(text.strip(), strict=False))
        except ValueError:
            yield (
                f"ROLLBOOK_ALLOWED_NETWORKS has {text}, which is no network: write it such as "
                "10.1.0.0/16."
            )
    # Many small networks side by side are one large network.
    joined: list[IPv4Network | IPv6Network] = []
    joined += collapse_addresses(each for each in networks if isinstance(each, IPv4Network))
    joined += collapse_addresses(each for each in networks if isinstance(each, IPv6Network))
    for network in joined:
        if _is_wide(network):
            yield (
                f"ROLLBOOK_ALLOWED_NETWORKS has {network}, which opens whole networks to the "
                "address of a SIS: name only the networks of your SISs, such as 10.1.0.0/16."
            )


def _is_wide(network: IPv4Network | IPv6Network) -> bool:
    """Return whether the network is wider than the widest private one."""
    if isinstance(network, IPv4Network):
        return network.prefixlen < WIDEST_PREFIX
    for carrier in CARRIERS:
        if network.overlaps(carrier):
            return network.prefixlen < CARRIER_BITS + WIDEST_PREFIX
    is_private = network.subnet_of(UNIQUE_LOCAL)
    return network.prefixlen < WIDEST_PREFIX_6 and not is_private


def _is_guessable(key: bytes) -> bool:
    """Return whether a key has few different bytes, or repeats a part of itself to its end."""
    if len(set(key)) < FEWEST_BYTES:
        return True
    return any(key == (key[:size] * len(key))[: len(key)] for size in range(1, len(key) // 2 + 1))


def _readable(keys: str) -> bool:
    try:
        pairs = [pair.strip().split(":", 1) for pair in keys.split(",") if pair.strip()]
        return bool(pairs) and all(
            len(base64.b64decode(key, validate=True)) == KEY_BYTES for _, key in pairs
        )
    except (ValueError, binascii.Error):
        return False
