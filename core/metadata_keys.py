"""Keys of metadata that only the service sets. Requests that hold them are refused; responses and webhooks leave them
out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

APP_ID = "$app_id"  # the app of a memory, an owner beside user, agent and run (docs/decisions)
FEEDBACK = "$feedback"  # the last feedback of a client of mem0
RESERVED = frozenset({APP_ID, FEEDBACK})


def without_reserved(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata as its owner sent it."""
    return {key: value for key, value in metadata.items() if key not in RESERVED}
