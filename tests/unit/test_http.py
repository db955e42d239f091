"""Every outbound client has limits, and leaves the environment's proxies alone unless asked."""

from __future__ import annotations

import pytest

from core import http_client

PROXY = "http://127.0.0.1:9"


def proxied(client: http_client.Client) -> bool:
    return any(transport is not None for transport in client._mounts.values())


@pytest.mark.parametrize(("wanted", "expected"), [(False, False), (True, True)])
def test_proxies_of_the_environment_count_only_where_asked(
    monkeypatch: pytest.MonkeyPatch, wanted: bool, expected: bool
) -> None:
    monkeypatch.setenv("HTTP_PROXY", PROXY)
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    with http_client.client(connect=1, read=1, environment_proxies=wanted) as client:
        assert proxied(client) is expected


def test_it_has_limits_and_follows_nothing_by_itself() -> None:
    with http_client.client(connect=1, read=2, environment_proxies=False) as client:
        assert client.timeout.as_dict() == {"connect": 1, "read": 2, "write": 2, "pool": 2}
        assert client.follow_redirects is False
        assert client.headers["user-agent"].startswith("memproject/")
