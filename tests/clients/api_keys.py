"""API keys for the clients."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from tests.e2e.running import Service


def create_key(service: Service, admin_key: str, **fields: Any) -> str:
    """A key, created over HTTP as an administrator does it."""
    body = json.dumps({"name": "client", **fields}).encode()
    headers = {"X-API-Key": admin_key, "Content-Type": "application/json"}
    request = urllib.request.Request(service.url + "/api/v1/keys", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["key"])
