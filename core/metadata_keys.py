"""Keys of metadata that only the service sets. Requests that hold them are refused, and responses leave them out."""

from __future__ import annotations

APP_ID = "$app_id"  # the app of a memory, an owner beside user, agent and run (docs/decisions)
FEEDBACK = "$feedback"  # the last feedback of a client of mem0
RESERVED = frozenset({APP_ID, FEEDBACK})
