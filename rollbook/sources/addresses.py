"""Which IP addresses a conversation with a SIS may go to. `connections` asks before it connects.

Python's `is_private` and `is_global` are not enough: they pass addresses that carry another address
inside (6to4, NAT64, Teredo, IPv4-compatible), and they differ between Python versions. So the
ranges are listed here, after the IANA special-purpose registries.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from rollbook.roster.translation import gettext_noop as _

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(part) for part in text.split())


# Refused whatever the operator allows: this machine's wildcard, link-local, multicast and
# broadcast, and the addresses where clouds hand out machine credentials (AWS, Azure, Google,
# Alibaba, Oracle).
NEVER: Final = _networks(
    "0.0.0.0/8 169.254.0.0/16 224.0.0.0/4 255.255.255.255/32 100.100.100.200/32 192.0.0.192/32 "
    "168.63.129.16/32 ::/128 fe80::/10 ff00::/8 fd00:ec2::/32 fd20:ce::/32 fd00:42::42/128"
)
# Refused unless the operator allows them: private, shared, documentation, benchmarking, reserved
# and deprecated ranges.
NOT_PUBLIC: Final = _networks(
    "10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 "
    "192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 "
    "203.0.113.0/24 240.0.0.0/4 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3ffe::/16 "
    "3fff::/20"
)
# The only IPv6 space from which public addresses are given out.
GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
# How a network without IPv4 reaches an IPv4 server; judged by the address inside.
NAT64: Final = IPv6Network("64:ff9b::/96")
NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
NOT_PUBLIC_TEXT: Final = _("not a public address")


def refusal(address: str, allowed: Iterable[Network] = ()) -> str:
    """Return why this address must not be connected to, in a few words; "" when it may be."""
    ip = _unmapped(ip_address(address.partition("%")[0]))
    carried = _carried(ip)
    if any(each in network for each in (ip, *carried) for network in NEVER):
        return _("an address that Rollbook never connects to")
    if within(ip, allowed):
        return ""
    if isinstance(ip, IPv6Address) and ip in NAT64:
        return "" if _is_public(carried[0]) else NOT_PUBLIC_TEXT
    return "" if _is_public(ip) else NOT_PUBLIC_TEXT


def within(address: str | Address, networks: Iterable[Network]) -> bool:
    """Return whether the address is in one of the networks."""
    ip = _unmapped(ip_address(address.partition("%")[0])) if isinstance(address, str) else address
    return any(ip in network for network in networks)


def _unmapped(ip: Address) -> Address:
    """Return the IPv4 address of an IPv4-mapped one.

    `::ffff:10.0.0.1` is 10.0.0.1 to the operating system, so it is to us.
    """
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return mapped or ip


def _is_public(ip: Address) -> bool:
    if isinstance(ip, IPv6Address) and ip not in GLOBAL_UNICAST:
        return False
    return not any(ip in network for network in NOT_PUBLIC)


def _carried(ip: Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that an IPv6 address carries inside.

    6to4 and Teredo have them in the middle; NAT64, compatible, translated and ISATAP addresses in
    the last 32 bits.
    """
    if isinstance(ip, IPv4Address):
        return ()
    if ip.sixtofour:
        return (ip.sixtofour,)
    if ip.teredo:
        return ip.teredo
    last = IPv4Address(int(ip) & 0xFFFFFFFF)
    high = int(ip) >> 32
    compatible = high == 0 and int(ip) > 0xFFFF
    translated = high == 0xFFFF << 16
    isatap = high & 0xFDFFFFFF == 0x5EFE
    if ip in NAT64 or ip in NAT64_LOCAL or compatible or translated or isatap:
        return (last,)
    return ()
