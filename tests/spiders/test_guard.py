"""What may be connected to: the public internet, and what a setting names."""

from __future__ import annotations

import pytest

from spiders.guard import Guard

PRIVATE = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "private use": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
    "link-local": ["169.254.0.1", "fe80::1", "fe80::1%eth0"],
    "metadata services": ["169.254.169.254", "100.100.100.200", "fd00:ec2::254"],
    "carrier-grade NAT": ["100.64.0.1", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.1.2.3", "ff02::1", "ff0e::1"],
    "broadcast and reserved": ["255.255.255.255", "240.0.0.1"],
    "documentation and tests": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1",
                                "2001:db8::1"],
    "unique local": ["fc00::1", "fdff::1"],
    "site-local": ["fec0::1"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe"],
    "IPv4-compatible": ["::127.0.0.1", "::10.0.0.1"],
    "6to4": ["2002:7f00:1::1", "2002:a9fe:a9fe::", "2002:c0a8:101::1"],
    "NAT64": ["64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::10.0.0.1"],
    "Teredo": ["2001:0:4136:e378:8000:63bf:80ff:fffe"],
    "no address": ["", "localhost", "2130706433", "0x7f.1", "127.1", "010.0.0.1", "1.2.3.4.5",
                   "example.org", "[::1]", " 8.8.8.8", "8.8.8.8 ", "::1%", "\x00", "１２７.0.0.1"],
}  # fmt: skip
PUBLIC = ["8.8.8.8", "93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8",
          "64:ff9b::8.8.8.8", "2002:808:808::1"]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "address"), [(kind, address) for kind, all_ in PRIVATE.items() for address in all_]
)
def test_what_is_not_public_is_not_permitted(kind: str, address: str) -> None:
    assert not Guard([]).permits(address), kind


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_permitted(address: str) -> None:
    assert Guard([]).permits(address)


def test_a_named_network_is_permitted_and_its_neighbours_are_not() -> None:
    guard = Guard(["10.1.0.0/16", "fd00:1::/32"])
    assert guard.permits("10.1.2.3")
    assert guard.permits("fd00:1::5")
    assert guard.permits("::ffff:10.1.2.3")
    assert not guard.permits("10.2.0.1")
    assert not guard.permits("fd00:2::5")
    assert not guard.permits("127.0.0.1")


def test_a_connection_is_made_to_what_is_permitted_alone() -> None:
    guard = Guard(["10.1.0.0/16"])
    assert [address for address in ("169.254.169.254", "8.8.8.8", "10.1.2.3", "::ffff:10.2.0.1")
            if guard.may_connect(address)] == ["8.8.8.8", "10.1.2.3"]  # fmt: skip


@pytest.mark.parametrize(
    ("connect_to", "host"), [("127.0.0.1:8080:8443", "127.0.0.1"), ("[::1]:8080:8443", "::1")]
)
def test_connect_to_leads_every_host_and_its_two_ports_to_one_address(
    connect_to: str, host: str
) -> None:
    guard = Guard([], connect_to)
    written = connect_to.rpartition(":")[0].rpartition(":")[0]
    assert guard.led() == [f":80:{written}:8080", f":443:{written}:8443", f"::{written}:"]
    assert [at for at in ("8.8.8.8", "127.0.0.1", "::1") if guard.may_connect(at)] == [host]
