"""Which addresses may be connected to. It guards against requests into our own network."""

from ipaddress import ip_network

import pytest

from rollbook.sources.addresses import refusal, within

PUBLIC = [
    "8.8.8.8",
    "151.101.1.1",
    "100.63.255.255",
    "100.128.0.1",
    "172.32.0.1",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "64:ff9b::808:808",
]
NOT_PUBLIC = [
    "10.0.0.1",
    "10.255.255.255",
    "127.0.0.1",
    "127.8.9.10",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "240.0.0.1",
    "254.1.2.3",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "2001:db8::1",
    "3fff::1",
    "2001:10::1",
    "2001:20::1",
    "2002:808:808::1",
    "3ffe::1",
    "5f00::1",
    "100::1",
    "4000::1",
    "::8.8.8.8",
    "::10.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:192.168.0.1",
    "::ffff:0:8.8.8.8",
    "64:ff9b::10.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::192.168.1.1",
    "64:ff9b:1::8.8.8.8",
    "2001:0:a00:1::1",
]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "224.0.0.1",
    "239.255.255.255",
    "255.255.255.255",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "ff02::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "::ffff:0:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::169.254.169.254",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:5601:5601",
    "::ffff:0.0.0.0",
    "64:ff9b::0.0.0.0",
    "2a00::5efe:169.254.169.254",
]
EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_connected_to(address: str) -> None:
    assert refusal(address) == ""


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_other_addresses_are_refused_unless_the_operator_allows_their_network(address: str) -> None:
    assert refusal(address) == "not a public address"
    assert refusal(address, EVERYTHING) == ""


@pytest.mark.parametrize("address", NEVER)
def test_link_local_and_metadata_addresses_are_refused_whatever_is_allowed(address: str) -> None:
    assert refusal(address, EVERYTHING) == "an address that Rollbook never connects to"


def test_a_mapped_address_lies_in_the_network_of_the_address_that_it_maps() -> None:
    assert within("::ffff:127.0.0.1", [ip_network("127.0.0.0/8")])
    assert not within("8.8.8.8", [ip_network("::/0")])
