"""Protection against server-side request forgery: callers may send requests to public addresses only.

A name is resolved once and all of its addresses are checked. The caller of `check` connects to these addresses
(`core.http_client.post`), so a later change of the name has no effect.
"""

from __future__ import annotations

import ipaddress
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from core import http_client

MAX_URL_LENGTH = 2048
MAX_ADDRESSES = 4  # addresses that are tried; all of them are checked

# Private networks: allowed if the operator allows them.
PRIVATE_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        (
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::1/128",
            "fc00::/7",
        ),
    )
)
# Always blocked, whatever `is_global` of this Python version says: metadata services of clouds inside PRIVATE_NETWORKS,
# and networks that lead to IPv4 indirectly.
BLOCKED_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        (
            "100.100.100.200/32",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "fd00:ec2::254/128",
            "2001::/23",
            "2002::/16",
            "3fff::/20",
        ),
    )
)
PUBLIC_V6 = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")


class UrlRefused(Exception):
    """Refused: `bad_url`, `unresolvable` or `private_address`."""

    def __init__(self, kind: str, expected: str) -> None:
        self.kind = kind
        self.expected = expected
        super().__init__(kind)


def check(url: str, *, allow_private: bool) -> tuple[str, ...]:
    """The addresses of the host of `url`. Raises UrlRefused."""
    origin = http_client.origin(url) if len(url) <= MAX_URL_LENGTH else None
    if origin is None:
        raise UrlRefused("bad_url", f"must be a URL of http or https with at most {MAX_URL_LENGTH} characters")
    if origin.credentials:
        raise UrlRefused("bad_url", "must not hold a user or a password")
    try:
        addresses = resolve(origin.host, origin.port)
    except (OSError, UnicodeError):
        addresses = []
    if not addresses:
        raise UrlRefused("unresolvable", "must name a host that can be resolved")
    if not all(allowed(address, allow_private=allow_private) for address in addresses):
        raise UrlRefused("private_address", "must not point to a private or reserved address")
    return tuple(addresses[:MAX_ADDRESSES])


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, each once, in the resolver's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def allowed(address: str, *, allow_private: bool) -> bool:
    """Whether requests to this address are allowed. An IPv4 address inside an IPv6 one is checked as IPv4."""
    try:
        judged = _inner(ipaddress.ip_address(address))
    except ValueError:
        return False
    if _within(judged, BLOCKED_NETWORKS):
        return False
    if _within(judged, PRIVATE_NETWORKS):
        return allow_private
    if isinstance(judged, IPv6Address) and judged not in PUBLIC_V6:
        return False
    return judged.is_global and not (judged.is_multicast or judged.is_reserved)


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _within(address: IPv4Address | IPv6Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)
