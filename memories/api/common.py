"""Fields and functions that both dialects share: expiry, times, and the headers of pending responses."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from core.clock import now
from core.errors import InvalidRequest
from core.http.base import RequestSerializer
from core.http.fields import QueryBooleanField, TextField, TimestampField
from core.http.point_in_time_fields import AsOfField, ValidAtField
from core.ids import EVENT, public
from core.unset import UNSET, Unset
from memories import filters, ttl
from memories.temporal_view import TemporalView
from memories.types import RECIPES, Filter, UpdateCommand, WriteResult

EDITABLE = ("content", "metadata", "memory_type", "ttl", "expires_at", "pinned", "importance")


class TTLField(TextField):
    """A duration: a number and s, min, h, d, w, mo or y."""

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        try:
            return ttl.parse(text)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


@extend_schema_field({"type": "object", "additionalProperties": True})
class FiltersField(serializers.Field[Any, Any, Any, Any]):
    """A filter as JSON: nested AND / OR / NOT over metadata keys and columns. → `memories.types.Filter`."""

    default_error_messages = {"null": "must not be null"}  # noqa: RUF012

    def to_internal_value(self, data: Any) -> Filter:
        try:
            return filters.parse(data, str(self.field_name))
        except filters.FilterError as error:
            where = error.path.partition(".")[2]
            raise serializers.ValidationError({where: [error.expected]} if where else error.expected) from None


@extend_schema_field(OpenApiTypes.STR)
class QueryFiltersField(FiltersField):
    """A filter in a query string: JSON as text."""

    def to_internal_value(self, data: Any) -> Filter:
        try:
            return super().to_internal_value(json.loads(data))
        except (ValueError, RecursionError):
            raise serializers.ValidationError("must be a JSON object") from None


class TimedIn(RequestSerializer):
    """A point-in-time read."""

    as_of = AsOfField(required=False, help_text="System time of the read: the state that the service had stored then.")
    valid_at = ValidAtField(
        required=False, help_text="Valid time of the read: the memories that were true then. It may be in the future."
    )


class TimedListIn(TimedIn):
    """A point-in-time read of a list."""

    archived = QueryBooleanField(default=False, help_text="true: also return archived memories.")


def temporal_view(data: dict[str, Any], *, superseded: bool = False) -> TemporalView:
    return TemporalView(data.get("as_of"), data.get("valid_at"), data.get("archived", False), superseded)


class FutureTimestampField(TimestampField):
    """A time in the future."""

    def to_internal_value(self, data: Any) -> dt.datetime:
        value = super().to_internal_value(data)
        if value <= now():
            raise serializers.ValidationError("must lie in the future")
        return value


def expiry(data: dict[str, Any]) -> dt.datetime | None:
    """The expiry of a new memory: `expires_at` overrides `ttl`; None means never."""
    if data.get("expires_at") is not None:
        return data["expires_at"]  # type: ignore[no-any-return]
    return now() + data["ttl"] if data.get("ttl") else None


def new_expiry(data: dict[str, Any]) -> dt.datetime | Unset | None:
    """The expiry in an update: UNSET if it was not sent; null means never."""
    if "expires_at" in data:
        return data["expires_at"]  # type: ignore[no-any-return]
    return now() + data["ttl"] if data.get("ttl") else UNSET


def require_any(data: dict[str, Any], names: tuple[str, ...]) -> None:
    if not any(name in data for name in names):
        raise InvalidRequest(f"Send at least one of {', '.join(names)}.", field=names[0])


def pending_headers(result: WriteResult, events: str) -> dict[str, str]:
    return {"Location": f"{events}/{public(EVENT, result.event_id)}"}


def update_command(memory_id: str, data: dict[str, Any], *, wait: bool) -> UpdateCommand:
    return UpdateCommand(
        memory_id=memory_id,
        content=data.get("content", UNSET),
        metadata=data.get("metadata", UNSET),
        memory_type=data.get("memory_type", UNSET),
        expires_at=new_expiry(data),
        pinned=data.get("pinned", UNSET),
        importance=data.get("importance", UNSET),
        wait=wait,
    )


def recipe_of(request: Request) -> str | None:
    """The ranking recipe of the request's header, for comparisons, if the operator allows it."""
    named = request.headers.get("X-Ranking-Profile") if settings.RANKING_PROFILES else None
    return named if named in RECIPES else None
