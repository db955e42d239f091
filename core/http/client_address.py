"""The client address of a request, as rate limits use it."""

from __future__ import annotations

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest

IPV6_PREFIX = 64  # bits: a provider gives a customer at least such a network
PORT = re.compile(r"^(?:\[(?P<v6>[^\]]*)\]|(?P<v4>[^:]*))(?::\d+)?$")  # some proxies append the port


def client_address(request: HttpRequest) -> str | None:
    """An IPv4 address, or the /64 network of an IPv6 address; None without an address (a Unix socket).

    Behind a trusted proxy (BEHIND_TLS_PROXY) it is the last address of X-Forwarded-For, which the proxy appended. The
    caller can forge the addresses before it.
    """
    peer = _parsed(request.META.get("REMOTE_ADDR", ""))
    if not settings.BEHIND_TLS_PROXY:
        return peer
    return _parsed(request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()) or peer


def _parsed(text: str) -> str | None:
    match = PORT.match(text)
    try:
        address = ipaddress.ip_address((match["v6"] or match["v4"]) if match else text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), IPV6_PREFIX), strict=False).network_address)
