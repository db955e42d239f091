"""`/v1`: the fields of its requests."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from core.http.base import RequestSerializer, TolerantRequestSerializer
from core.http.fields import (
    IdentifierField,
    MetadataField,
    QueryBooleanField,
    QueryFloatField,
    QueryIntegerField,
    StrictBooleanField,
    StrictFloatField,
    TextField,
    TimestampField,
)
from memories.api.common import (
    FutureTimestampField,
    QueryFiltersField,
    TimedIn,
    TimedListIn,
    TTLField,
)
from memories.api.messages import ClientTimestampField, ContentField, MessageIn, Transcript, characters, transcript

INCLUDABLE = ("history", "embedding")


class Mem0AddMemoriesIn(TolerantRequestSerializer):
    """`messages` or `content`."""

    messages = MessageIn(many=True, required=False, allow_empty=False)
    content = ContentField(max_length=settings.MAX_MEMORY_SIZE, required=False)
    timestamp = ClientTimestampField(required=False, help_text="Time of the messages that have none.")
    user_id = IdentifierField(required=False)
    agent_id = IdentifierField(required=False)
    run_id = IdentifierField(required=False, help_text="Id of the conversation.")
    project = IdentifierField(required=False)
    metadata = MetadataField(required=False)
    infer = StrictBooleanField(default=True, help_text="false: store each message verbatim as one memory.")
    ttl = TTLField(required=False)
    expires_at = FutureTimestampField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("messages" in attrs) == ("content" in attrs):
            raise serializers.ValidationError({"messages": "send either messages or content"})
        if characters(attrs.get("messages", ())) > settings.MAX_MEMORY_SIZE:
            raise serializers.ValidationError(
                {"messages": f"must have at most {settings.MAX_MEMORY_SIZE} characters in all"}
            )
        return attrs


def said(data: dict[str, Any]) -> Transcript:
    """The messages, or the one text, with each message's own time or else the request's."""
    return transcript(data.get("messages") or [{"content": data["content"]}], data.get("timestamp"))


class Mem0SearchQuery(TimedListIn):
    query = TextField(max_length=10_000)
    user_id = IdentifierField(required=False)
    agent_id = IdentifierField(required=False)
    run_id = IdentifierField(required=False)
    project = IdentifierField(required=False)
    limit = QueryIntegerField(min_value=1, max_value=settings.SEARCH_LIMIT, default=min(10, settings.SEARCH_LIMIT))
    threshold = QueryFloatField(min_value=0, max_value=1, default=0)
    filters = QueryFiltersField(required=False, help_text="JSON: the filter grammar.")
    reference_time = TimestampField(
        required=False, help_text='The time from which "yesterday" in the question counts. Default: now.'
    )
    explain = QueryBooleanField(default=False, help_text="true: explain the score of each memory.")


class Mem0RetrieveQuery(TimedIn):
    include = serializers.CharField(required=False, help_text="`history`, `embedding`, or both separated by a comma.")

    def validate_include(self, value: str) -> list[str]:
        wanted = [part.strip() for part in value.split(",")]
        if unknown := [part for part in wanted if part not in INCLUDABLE]:
            raise serializers.ValidationError(f"knows {' and '.join(INCLUDABLE)}, not {unknown[0][:40]!r}")
        return wanted


class Mem0ListQuery(TimedListIn):
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100)
    cursor = IdentifierField(required=False)
    project = IdentifierField(required=False)
    filters = QueryFiltersField(required=False, help_text="JSON: the filter grammar.")


class Mem0UpdateMemoryIn(RequestSerializer):
    """At least one field."""

    content = TextField(max_length=settings.MAX_MEMORY_SIZE, required=False)
    text = TextField(max_length=settings.MAX_MEMORY_SIZE, required=False, help_text="The same as content.")
    memory = TextField(max_length=settings.MAX_MEMORY_SIZE, required=False, help_text="The same as content.")
    metadata = MetadataField(required=False, help_text="Merged into the existing metadata.")
    memory_type = TextField(max_length=64, required=False)
    ttl = TTLField(required=False)
    expires_at = FutureTimestampField(required=False, allow_null=True, help_text="null: never expires.")
    pinned = StrictBooleanField(required=False)
    importance = StrictFloatField(min_value=0, max_value=1, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        texts = {attrs.pop(name) for name in ("content", "text", "memory") if name in attrs}
        if len(texts) > 1:
            raise serializers.ValidationError({"content": "content, text and memory are one field: send one of them"})
        return {**attrs, "content": texts.pop()} if texts else attrs
