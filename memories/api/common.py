"""What both dialects ask in the same words: expiry, and the headers of an answer that isn't ready yet."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rest_framework import serializers

from memories import ttl
from memories.types import KEEP, Keep, RevisionView, UpdateCommand, WriteResult
from memproject.common.clock import iso, now
from memproject.common.errors import InvalidRequest
from memproject.common.ids import EVENT, REVISION, public
from memproject.web.fields import Moment, Text

# Documented fields that come with later versions; until then they are refused by name.
EDITABLE = ("content", "metadata", "memory_type", "ttl", "expires_at", "pinned", "importance")
LATER_READS = frozenset({"filters", "as_of", "valid_at", "archived", "include_superseded", "exclude", "explain"})


class TTL(Text):
    """A span of time: a number and s, min, h, d, w, mo or y."""

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        try:
            return ttl.parse(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class FutureMoment(Moment):
    """A time that lies ahead."""

    def to_internal_value(self, data: Any) -> dt.datetime:
        value = super().to_internal_value(data)
        if value <= now():
            raise serializers.ValidationError("must lie in the future")
        return value


def expiry(data: dict[str, Any]) -> dt.datetime | None:
    """When a new memory expires: `expires_at` wins over `ttl`; None is never."""
    if data.get("expires_at") is not None:
        return data["expires_at"]  # type: ignore[no-any-return]
    return now() + data["ttl"] if data.get("ttl") else None


def new_expiry(data: dict[str, Any]) -> dt.datetime | Keep | None:
    """The same for an update, where what was not sent stays and null means never."""
    if "expires_at" in data:
        return data["expires_at"]  # type: ignore[no-any-return]
    return now() + data["ttl"] if data.get("ttl") else KEEP


def require_any(data: dict[str, Any], names: tuple[str, ...]) -> None:
    if not any(name in data for name in names):
        raise InvalidRequest(f"Send at least one of {', '.join(names)}.", field=names[0])


def pending_headers(result: WriteResult, events: str) -> dict[str, str]:
    return {"Location": f"{events}/{public(EVENT, result.event_id)}"}


def update_command(memory_id: str, data: dict[str, Any], *, wait: bool) -> UpdateCommand:
    return UpdateCommand(
        memory_id=memory_id,
        content=data.get("content", KEEP),
        metadata=data.get("metadata", KEEP),
        memory_type=data.get("memory_type", KEEP),
        expires_at=new_expiry(data),
        pinned=data.get("pinned", KEEP),
        importance=data.get("importance", KEEP),
        wait=wait,
    )


def revision(view: RevisionView) -> dict[str, Any]:
    return {
        "revision_id": public(REVISION, view.id),
        "content": view.content,
        "metadata": view.metadata,
        "action": view.action,
        "actor": view.actor,
        "reason": view.reason,
        "confidence": view.confidence,
        "evidence": view.evidence,
        "valid_from": iso(view.valid_from),
        "valid_to": iso(view.valid_to) if view.valid_to else None,
        "recorded_at": iso(view.recorded_at),
        "retired_at": iso(view.retired_at) if view.retired_at else None,
    }
