"""Which addresses we may talk to: the public web on its own ports, and what the operator opened by name.

A URL is not judged by its text. `http://2130706433/`, `http://0177.1/`, a name of a stranger's zone that points at
127.0.0.1 and a name that changes its answer between check and use (rebinding) all look harmless as text. So the verdict
falls on the resolved address, for each new connection, in the moment before `connect()`, and the connection goes to
the very address that was judged (`etl.fetch.dial`). Every redirect opens its connection in the same way.

Sources: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890), RFC 6598 (carrier-grade NAT), RFC 4291
(v4-mapped), RFC 3056 (6to4), RFC 4380 (Teredo), RFC 6052 (NAT64).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from etl.errors import Misconfigured

WEB_PORTS = (80, 443)

# `is_global` of the standard library follows the registries but differs between patch releases (3.11.9 and 3.12.4
# changed it), and knows no cloud. These ranges are refused whatever the version says.
NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # Carrier-grade NAT; Alibaba Cloud's metadata service lives at 100.100.100.200.
        "127.0.0.0/8",
        "169.254.0.0/16",  # Link-local: the metadata service of most clouds.
        "172.16.0.0/12",
        "192.0.0.0/24",  # Oracle Cloud's metadata service is 192.0.0.192.
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's platform service: a public number that answers only from inside a machine there.
        "2001::/23",  # Protocol assignments; Teredo is unwrapped before this list is asked.
        "2001:db8::/32",
        "3fff::/20",
    )
)
# All unicast addresses handed out so far start with 001 (RFC 4291, section 2.4): loopback, v4-compatible, NAT64's local
# prefix 64:ff9b:1::/48, site-local, unique-local, link-local and multicast are all outside.
UNICAST_V6 = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Opening:
    """An exception to the guard: addresses (None: any public one) and the ports that are open there."""

    network: IPv4Network | IPv6Network | None
    first_port: int
    last_port: int

    def covers(self, address: IPv4Address | IPv6Address, port: int) -> bool:
        """Tell whether this exception lets us through to *address*, even if it is a private one."""
        return self.network is not None and self.opens(port) and address in self.network

    def opens(self, port: int) -> bool:
        return self.first_port <= port <= self.last_port


def opening(text: str) -> Opening:
    """Read one exception: `ADDRESS[/BITS]:PORT[-PORT]`, `[v6 address]:PORT`, or `*:PORT` for public addresses."""
    where, _, ports = text.strip().rpartition(":")
    first, _, last = ports.partition("-")
    try:
        network = None if where == "*" else ipaddress.ip_network(where.strip("[]"))
        opened = Opening(network, int(first), int(last or first))
    except ValueError as error:
        raise Misconfigured(f"not an address and its ports, such as 127.0.0.1:8000-9000: {text!r}") from error
    if not 0 <= opened.first_port <= opened.last_port <= 65535:
        raise Misconfigured(f"ports go from 0 to 65535, the lower one first: {text!r}")
    return opened


def objection(address: str, port: int, *, openings: Iterable[Opening] = ()) -> str | None:
    """Return why we must not connect to *address* and *port*, in words, or None when nothing speaks against it."""
    asked = ipaddress.ip_address(address)
    inner = embedded(asked)
    exceptions = tuple(openings)
    if any(exception.covers(asked, port) or exception.covers(inner, port) for exception in exceptions):
        return None
    if port not in WEB_PORTS and not any(e.network is None and e.opens(port) for e in exceptions):
        return f"port {port} is not one of the web's (80, 443)"
    if not is_public(inner):
        carried = "" if inner == asked else f", inside {asked}"
        return f"{inner}{carried} is not an address of the public internet"
    return None


def embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for (v4-mapped, 6to4, Teredo, NAT64), else *address*."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether *address* belongs to the public internet and to one machine there."""
    if isinstance(address, IPv6Address) and address not in UNICAST_V6:
        return False
    if any(address in network for network in NEVER if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast
