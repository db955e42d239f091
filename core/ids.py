"""Row ids are UUIDv7 (RFC 9562). The API shows a prefix and 32 hex digits: `mem_01890a5d…`."""

from __future__ import annotations

import re
import uuid
from typing import Any, overload

import uuid_utils.compat

_PUBLIC = re.compile(r"([a-z]+)_([0-9a-f]{32})")

MEMORY, ENTITY, KEY, EVENT, RECEIPT, REVISION, TENANT = "mem", "ent", "key", "evt", "ers", "rev", "ten"
WEBHOOK, DELIVERY, MESSAGE, MERGE, RELATION, REVIEW = "whk", "dlv", "msg", "mrg", "rel", "rvw"


def new_id() -> uuid.UUID:
    """A new UUIDv7: ids sort by the millisecond of their creation."""
    return uuid_utils.compat.uuid7()


@overload
def public(prefix: str, row_id: uuid.UUID) -> str: ...
@overload
def public(prefix: str, row_id: uuid.UUID | None) -> str | None: ...
def public(prefix: str, row_id: uuid.UUID | None) -> str | None:
    """The public id; None for None."""
    return None if row_id is None else f"{prefix}_{row_id.hex}"


def parse(prefix: str, text: str) -> uuid.UUID | None:
    """The row id of a public id, or None if it does not have this prefix."""
    match = _PUBLIC.fullmatch(text)
    return uuid.UUID(match[2]) if match and match[1] == prefix else None


def subjects_of(body: Any) -> list[uuid.UUID]:
    """The row ids of all memories and entities in a JSON value, each once."""
    found: dict[uuid.UUID, None] = {}
    waiting = [body]
    while waiting:
        match waiting.pop():
            case str() as text:
                row_id = parse(MEMORY, text) or parse(ENTITY, text)
                if row_id is not None:
                    found[row_id] = None
            case dict() as inner:
                waiting += inner.values()
            case list() | tuple() as inner:
                waiting += inner
    return list(found)
