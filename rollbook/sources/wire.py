"""Small pure parts of speaking HTTP, without a socket: an address we may use, an answer unpacked within bounds, `Retry-After`,
where a redirect leads, and why a certificate was refused."""

import re
import ssl
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from rollbook.sources.errors import AddressRefused, AddressUnreachable, SourceError

CHECK_ADDRESS = "Check the address: copy it from the browser while you are signed in to the SIS."


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or a date), None if it says nothing usable."""
    if value.strip().isdecimal():
        return float(value.strip()[:9])
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, ((then if then.tzinfo else then.replace(tzinfo=UTC)) - now).total_seconds())


def checked_url(url: str) -> SplitResult:
    """The parts of an address that we may use at all; whether its host may be connected to is seen when connecting."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna") if ":" not in (parts.hostname or "") else b"ip"
    except ValueError:
        parts, port, host = urlsplit(""), None, b""
    odd = any(not character.isprintable() or character in ' \\"<>^`{|}' for character in url)
    if parts.scheme not in {"http", "https"} or not host or odd or port == 0:
        raise AddressRefused(
            "This is not a web address.",
            "Enter an address that starts with https://, as the SIS shows it in the browser.",
        )
    if "@" in parts.netloc:
        raise AddressRefused(
            "The address has a user name or password in it.", "Enter the address alone."
        )
    return parts


def redirect_host(location: str, from_url: str) -> str:
    """The host that a redirect leads to, in a form that can be shown; "another address" where there is none."""
    try:
        host = urlsplit(urljoin(from_url, location)).hostname or ""
    except ValueError:
        host = ""
    return host if re.fullmatch(r"[a-z0-9.-]{1,253}", host) else "another address"


def limited(
    chunks: Iterable[bytes], limit: int, too_large: Callable[[], SourceError]
) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise too_large()
        yield chunk


def gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpacked in steps of 256 KB, so that a small answer can't fill the memory before it is counted."""
    unpacker: Any = zlib.decompressobj(31)
    received = False
    for chunk in chunks:
        rest, received = chunk, True
        while rest:
            if unpacker.eof:  # gzip allows several members one after the other
                unpacker = zlib.decompressobj(31)
            yield unpacker.decompress(rest, 262_144)
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    if received and not unpacker.eof:
        raise zlib.error("the packed answer ends too early")


def duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:g} seconds" if seconds == int(seconds) else f"{seconds:.1f} seconds"
    return f"{seconds / 60:.0f} minutes"


def untrusted(host: str, error: ssl.SSLCertVerificationError) -> AddressUnreachable:
    """Why a certificate was refused (OpenSSL's verify codes), and whose task it is."""
    mend = f"Ask whoever looks after {host} to renew its certificate."
    match error.verify_code:
        case 10:
            return AddressUnreachable(f"The certificate of {host} has expired.", mend)
        case 9:
            return AddressUnreachable(f"The certificate of {host} is not valid yet.", mend)
        case 62 | 64:
            return AddressUnreachable(
                f"The certificate at {host} is for another name.", CHECK_ADDRESS
            )
        case 18 | 19 | 20 | 21:
            return AddressUnreachable(
                f"The certificate of {host} was not issued by an authority that we trust (it may be self-signed).",
                f"Ask whoever looks after {host} for a public certificate, or the operator of this installation to trust its authority.",
            )
    return AddressUnreachable(f"The certificate of {host} can't be trusted.", mend)
