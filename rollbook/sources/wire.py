"""Small parts of speaking HTTP that need no socket.

Checking an address, unpacking an answer within bounds, durations in words, the host of a redirect,
and why a certificate was refused.
"""

import re
import ssl
import zlib
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.addresses import Network, refusal, within
from rollbook.sources.errors import AddressRefused, AddressUnreachable, SourceError

_ODD: Final = frozenset(' \\"<>^`{|}')  # characters that no address has
HOUR: Final = 3_600
DAY: Final = 24 * HOUR
CHECK_ADDRESS = _("Check the address: copy it from the browser while you are signed in to the SIS.")


def checked_url(url: str) -> SplitResult:
    """Return the parts of a web address. Raises AddressRefused if it isn't one.

    Whether its host may be connected to is checked when connecting.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna") if ":" not in (parts.hostname or "") else b"ip"
    except ValueError:
        parts, port, host = urlsplit(""), None, b""
    odd = not url.isprintable() or not _ODD.isdisjoint(url)
    if parts.scheme not in {"http", "https"} or not host or odd or port == 0:
        raise AddressRefused(
            _("This is not a web address."),
            _("Enter an address that starts with https://, as the SIS shows it in the browser."),
        )
    if "@" in parts.netloc:
        raise AddressRefused(
            _("The address has a user name or password in it."), _("Enter the address alone.")
        )
    return parts


def check_addresses(
    host: str, addresses: Iterable[str], allowed: Iterable[Network], *, plain: bool
) -> None:
    """Raise AddressRefused if one of the addresses of a host is forbidden.

    A name that leads to a public and a private address at once is how somebody tries to slip past
    a check; the good ones among them prove nothing. `plain` is True without encryption.
    """
    addresses, allowed = tuple(addresses), tuple(allowed)
    for address in addresses:
        if reason := refusal(address, allowed):
            what = _("We don't connect to {host}: it is {reason}.")
            raise AddressRefused(Phrase(what, host=host, reason=Phrase(reason)), CHECK_ADDRESS)
    if plain and not all(within(address, allowed) for address in addresses):
        raise _no_encryption(host)


def _no_encryption(host: str) -> AddressRefused:
    """Return the error for an address with http where only https is allowed."""
    return AddressRefused(
        Phrase(_("We don't connect to {host} without encryption."), host=host),
        _("Enter an address that starts with https://."),
    )


def check_entered(text: str, allowed: Iterable[Network]) -> None:
    """Raise AddressRefused for what a person enters and no conversation could use.

    `allowed` are the networks in which the operator allows a SIS; without any, http is refused
    altogether. Where a name leads to is checked when connecting. A text without a scheme may be
    a host or a school's short name.
    """
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text.lstrip('/')}")
    except ValueError:
        parts = urlsplit("")
    parts = checked_url(f"{parts.scheme}://{parts.netloc}")
    host, networks = parts.hostname or "", tuple(allowed)
    try:
        ip = ip_address(host.partition("%")[0])
    except ValueError:
        if parts.scheme == "http" and not networks:
            raise _no_encryption(host) from None
        return
    check_addresses(host, [str(ip)], networks, plain=parts.scheme == "http")


def redirect_host(location: str, from_url: str) -> str:
    """Return the host that a redirect leads to, if it is safe to show; else "another address"."""
    try:
        host = urlsplit(urljoin(from_url, location)).hostname or ""
    except ValueError:
        host = ""
    return host if re.fullmatch(r"[a-z0-9.-]{1,253}", host) else Phrase(_("another address"))


def limited(
    chunks: Iterable[bytes], limit: int, too_large: Callable[[], SourceError]
) -> Iterator[bytes]:
    """Yield the chunks; raise what `too_large` returns once they have more than `limit` bytes."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise too_large()
        yield chunk


def gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the unpacked bytes in steps of 256 KB. Raises `zlib.error` if the end is missing.

    In steps, so that a small answer can't fill the memory before its size is counted.
    """
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


def duration(seconds: float) -> Phrase:
    """Return a duration in words: seconds below two minutes, minutes below two hours, …"""
    if seconds >= 366 * DAY:
        return Phrase(_("more than a year"))
    if seconds >= 2 * DAY:
        return Phrase(_("{count} days"), count=f"{seconds / DAY:.0f}")
    if seconds >= 2 * HOUR:
        return Phrase(_("{count} hours"), count=f"{seconds / HOUR:.0f}")
    if seconds >= 120:
        return Phrase(_("{count} minutes"), count=f"{seconds / 60:.0f}")
    if seconds == 1:
        return Phrase(_("1 second"))
    whole = seconds == int(seconds)
    return Phrase(_("{count} seconds"), count=f"{seconds:g}" if whole else f"{seconds:.1f}")


def untrusted(host: str, error: ssl.SSLCertVerificationError) -> AddressUnreachable:
    """Return the error that says why a certificate was refused, and who can correct it.

    Read from OpenSSL's verify codes.
    """
    what, remedy = _certificate_problem(error.verify_code)
    return AddressUnreachable(Phrase(what, host=host), Phrase(remedy, host=host))


def _certificate_problem(verify_code: int) -> tuple[str, str]:
    renew = _("Ask whoever looks after {host} to renew its certificate.")
    match verify_code:
        case 10:
            return _("The certificate of {host} has expired."), renew
        case 9:
            return _("The certificate of {host} is not valid yet."), renew
        case 62 | 64:
            return _("The certificate at {host} is for another name."), CHECK_ADDRESS
        case 18 | 19 | 20 | 21:
            return (
                _(
                    "The certificate of {host} was not issued by an authority that we trust "
                    "(it may be self-signed)."
                ),
                _(
                    "Ask whoever looks after {host} for a public certificate, or the operator of "
                    "this installation to trust its authority."
                ),
            )
    return _("The certificate of {host} can't be trusted."), renew
