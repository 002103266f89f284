"""Counts what is tried at a sign-in: by whom, from which network, on which device."""

import ipaddress
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rollbook.config import config
from rollbook.schools import devices, slow_down

# What is tried. A device is known to staff or to students, whatever of theirs is tried on it.
STAFF, STAFF_RESET, SECOND_FACTOR = "staff", "staff-reset", "second-factor"
STUDENT, STUDENT_RESET = "student", "student-reset"

DEVICE: Final = "rollbook_device"
COOKIE: Final = f"{settings.COOKIE_PREFIX}{DEVICE}"
COOKIE_AGE: Final = 365 * 24 * 3600
IPV6_NETWORK: Final = 64  # bits: one household or school has all addresses of such a network


def count(request: HttpRequest, door: str, account: str) -> slow_down.Try:
    """Count one try of this request, before anything is checked."""
    token = _device_token(request)
    owner = STUDENT if door in (STUDENT, STUDENT_RESET) else STAFF
    is_known = devices.is_known(owner, account, token)
    return slow_down.count(door, account, network_of(request), token if is_known else "")


def refusal(refused: slow_down.Refused) -> str:
    """Return what a person reads whose try is refused."""
    if refused.minutes is None:
        return _(
            "Too many failed attempts in a row for this e-mail. "
            "Sign in on a device that you have used before, or set a new password."
        )
    if refused.because_of == "network":
        text = ngettext(
            "Too many failed attempts from your network. Try again in %(n)d minute, "
            "or on a device that you have used before.",
            "Too many failed attempts from your network. Try again in %(n)d minutes, "
            "or on a device that you have used before.",
            refused.minutes,
        )
    else:
        text = ngettext(
            "Too many failed attempts. Try this e-mail again in %(n)d minute, "
            "or on a device that you have used before.",
            "Too many failed attempts. Try this e-mail again in %(n)d minutes, "
            "or on a device that you have used before.",
            refused.minutes,
        )
    return text % {"n": refused.minutes}


def remember_device(
    request: HttpRequest, response: HttpResponseBase, door: str, account: str
) -> bool:
    """Note a sign-in here. Return whether the account has other devices, but not this one."""
    token = _device_token(request) or devices.new_token()
    is_new = devices.remember(door, account, token)
    response.set_signed_cookie(
        COOKIE,
        token,
        salt=DEVICE,
        max_age=COOKIE_AGE,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return is_new


def network_of(request: HttpRequest) -> str:
    """Return the network of the client, as the trusted proxies saw it.

    Each proxy adds the address that it saw at the end of X-Forwarded-For. What stands before
    those of the trusted proxies is what the client itself has sent, and proves nothing.
    """
    peer: str = request.META.get("REMOTE_ADDR") or ""
    forwarded: str = request.META.get("HTTP_X_FORWARDED_FOR") or ""
    addresses = [part.strip() for part in forwarded.split(",") if part.strip()]
    if 0 < config.trusted_proxies <= len(addresses):
        return _network(addresses[-config.trusted_proxies]) or _network(peer)
    return _network(peer)


def _network(text: str) -> str:
    """Return the network of an address, which may have a port; "" if it is no address."""
    host = text.strip("[]") if text.count(":") != 1 else text.partition(":")[0]
    host = host.partition("]")[0].partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, IPV6_NETWORK), strict=False))
        address = address.ipv4_mapped
    return str(address)


def _device_token(request: HttpRequest) -> str:
    token = request.get_signed_cookie(COOKIE, default="", salt=DEVICE, max_age=COOKIE_AGE)
    return str(token or "")
