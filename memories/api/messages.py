"""Messages as chat SDKs send them, for every dialect: request fields, and the transcript that a store takes.

A serializer has `messages = MessageIn(many=True)`; `transcript(data["messages"], …)` is what its StoreCommand needs.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, extend_schema_field
from rest_framework import serializers

from core.clock import UTC, iso
from core.http.base import RequestSerializer, TolerantRequestSerializer
from core.http.fields import IdentifierField, TimestampField, check_text
from memories.message_parts import Content, ContentError, read_body, read_content, read_role, role_of
from memories.types import Item

# Unix times. Smaller numbers (before 1973) are no times of messages, but seconds since the start of a recording.
SECONDS, MILLISECONDS, END = 100_000_000, 100_000_000_000, 253_402_300_800_000
UNIX = re.compile(r"[0-9]{9,15}(\.[0-9]{1,9})?")
TIME = "Time of the message: ISO 8601, or a Unix time in seconds or milliseconds."


@extend_schema_field({"oneOf": [{"type": "string", "maxLength": 64}, {"type": "number"}]})
class ClientTimestampField(serializers.Field[str, Any, str, Any]):
    """A time in ISO 8601, kept as it was sent, or a Unix time in seconds or milliseconds, kept as ISO 8601."""

    earliest: ClassVar[int] = SECONDS
    default_error_messages = {  # noqa: RUF012
        "invalid": "must be a time in ISO 8601, such as 2026-03-01T10:30:00Z, or a Unix time in seconds or milliseconds"
    }

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, int | float) and not isinstance(data, bool):
            return self._unix(data)
        if not isinstance(data, str) or len(data) > 64:
            self.fail("invalid")
        if UNIX.fullmatch(data):
            return self._unix(float(data) if "." in data else int(data))
        check_text(data)
        try:
            TimestampField().to_internal_value(data)
        except serializers.ValidationError:
            self.fail("invalid")
        return data

    def _unix(self, number: float) -> str:
        if not self.earliest <= number < END:  # not a number is neither
            self.fail("invalid")
        return iso(dt.datetime.fromtimestamp(number if number < MILLISECONDS else number / 1000, UTC))


class ContentField(serializers.Field[Content, Any, Any, Any]):
    """A text as a string or as parts, of at most `max_length` characters. `allow_empty`: it may have no text."""

    def __init__(self, *, max_length: int, allow_empty: bool = False, **kwargs: Any) -> None:
        super().__init__(allow_null=allow_empty, **kwargs)
        self.max_length, self.allow_empty = max_length, allow_empty
        self.error_messages |= {"required": "is required", "null": "must not be null", "blank": "must not be empty"}

    def to_internal_value(self, data: Any) -> Content:
        try:
            found = data if isinstance(data, Content) else read_content(data)
        except ContentError as error:
            raise _error(error) from None
        check_text(found.text)
        if len(found.text) > self.max_length:
            raise serializers.ValidationError(f"must have at most {self.max_length} characters")
        if not found.text.strip() and not self.allow_empty:
            self.fail("blank")
        return found


class MessagePartIn(RequestSerializer):
    """A part of a content. Parts of the types `text`, `input_text` and `output_text`, and those without a type, have a
    `text`; others are skipped."""

    type = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    text = serializers.JSONField(required=False)  # not described further: only a part with text needs a string


class ContentFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The schema of a content: a string, a part, or a list of parts and strings."""

    target_class = ContentField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        part = auto_schema.resolve_serializer(MessagePartIn(), direction).ref
        text = {"type": "string", "maxLength": self.target.max_length}
        if not self.target.allow_empty:
            text["minLength"] = 1
        parts = {"oneOf": [{"type": "string"}, part], "nullable": True}
        return {"oneOf": [text, part, {"type": "array", "items": parts}]}


def _error(error: ContentError) -> serializers.ValidationError:
    detail: Any = [error.expected]
    for key in reversed(error.path):
        detail = {key: detail}
    return serializers.ValidationError(detail)


class RoleField(IdentifierField):
    """`user`, `assistant`, `system`, `developer`, `tool`, `function`, an alias of one of these, or another word."""

    def to_internal_value(self, data: Any) -> str:
        return str(role_of(super().to_internal_value(data)))


class MessageIn(TolerantRequestSerializer):
    """One message. A message without text (null, tool calls, images) is valid."""

    role = RoleField()
    content = ContentField(max_length=settings.MAX_MEMORY_SIZE, allow_empty=True)
    name = IdentifierField(required=False, allow_blank=True)
    timestamp = ClientTimestampField(required=False, help_text=TIME)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        said = {name: data[name] for name in ("name", "timestamp") if data.get(name) not in (None, "")}
        if (role := read_role(data)) is not None or "role" in data:
            said["role"] = role
        try:
            content = read_body(data)
        except ContentError as error:
            raise serializers.ValidationError({"content": _error(error).detail}) from None
        if content is not None:
            said["content"] = content
        return super().to_internal_value(said)


@dataclass(frozen=True, slots=True)
class Transcript:
    """The messages that have a text, and for each its index in the request. `skipped_parts`: parts without text, of
    all messages."""

    items: tuple[Item, ...]
    indexes: tuple[int, ...]
    skipped_parts: int


def characters(messages: Sequence[Mapping[str, Any]]) -> int:
    """The characters of validated MessageIn, parts without text not counted."""
    return sum(len(message["content"].text) for message in messages)


def transcript(messages: Sequence[Mapping[str, Any]], timestamp: str | None = None) -> Transcript:
    """Validated MessageIn. `timestamp`: the one of the request, for messages without one."""
    kept = [(index, message) for index, message in enumerate(messages) if message["content"].text.strip()]
    return Transcript(
        tuple(item(message, timestamp) for _, message in kept),
        tuple(index for index, _ in kept),
        sum(message["content"].skipped_parts for message in messages),
    )


def item(said: Mapping[str, Any], timestamp: str | None = None) -> Item:
    """A validated message for the pipeline. `timestamp`: the one of the request, for a message without one."""
    client_timestamp = said.get("timestamp") or timestamp
    return Item(
        content=said["content"].text,
        role=said.get("role"),
        speaker=said.get("name"),
        said_at=TimestampField().to_internal_value(client_timestamp) if client_timestamp else None,
        client_timestamp=client_timestamp,
    )
