"""What may be connected to: the public internet, and what a setting names.

The check is on the address that is really connected to, at the one place where every connection of
a spider is made, so that no name, redirect or second look-up gets around it.
"""

from __future__ import annotations

import ipaddress

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
# They end in an IPv4 address: NAT64, its local use (RFC 8215), the old compatible form.
_ENDS_IN_IPV4 = [
    ipaddress.IPv6Network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")
]


class Forbidden(Exception):
    """An address that is not to be connected to."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(f"{address} is not a public address")


class Guard:
    """`allowed`: networks beyond the public internet. `connect_to`: one address for everything."""

    def __init__(self, allowed: list[str], connect_to: str = "") -> None:
        self.allowed = [ipaddress.ip_network(network) for network in allowed]
        self.fixed: str | None = None
        self.ports: dict[int, int] = {}
        if connect_to:
            address, http, https = connect_to.rsplit(":", 2)
            self.fixed, self.ports = address.strip("[]"), {80: int(http), 443: int(https)}

    def permits(self, address: str) -> bool:
        """Is it public, or named by a setting?"""
        try:
            found: IP = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address):
            found = _within(found) or found
        if any(found in network for network in self.allowed if network.version == found.version):
            return True
        site_local = isinstance(found, ipaddress.IPv6Address) and found.is_site_local
        return found.is_global and not (found.is_multicast or site_local)

    def may_connect(self, address: str) -> bool:
        """To this very address: it is asked wherever a connection is made."""
        return address == self.fixed if self.fixed is not None else self.permits(address)

    def led(self) -> list[str]:
        """Every host, and its two ports, to one address, as CURLOPT_CONNECT_TO has it."""
        address = f"[{self.fixed}]" if ":" in (self.fixed or "") else self.fixed
        ports = [f":{port}:{address}:{other}" for port, other in self.ports.items()]
        return [*ports, f"::{address}:"]


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a gateway on the way would make of it."""
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
    if inner is None and int(address) > 1 and any(address in known for known in _ENDS_IN_IPV4):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return inner
