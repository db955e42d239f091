"""Webhooks in the requests and responses of mem0's clients. Their events have other names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework import serializers

from core.http.base import RequestSerializer
from core.http.fields import IdentifierField, TextField, TimestampField
from core.http.responses import EXAMPLE_TIME, PublicIdField, ResponseSerializer, example_id
from core.ids import WEBHOOK
from webhooks.types import NewWebhook, WebhookRecord

EVENTS = {"memory_add": "memory.created", "memory_update": "memory.updated", "memory_delete": "memory.deleted"}
NEVER_SENT = ("memory_categorize",)
NAMES = {ours: theirs for theirs, ours in EVENTS.items()}


class EventTypesField(serializers.Field[tuple[str, ...], Any, list[str], Any]):
    """Events by the names of mem0's platform. → our names"""

    _spectacular_annotation = {"field": {"type": "array", "items": {"type": "string", "enum": [*EVENTS, *NEVER_SENT]}}}

    def to_internal_value(self, data: Any) -> tuple[str, ...]:
        if not isinstance(data, list) or not data:
            raise serializers.ValidationError("must be a list of events")
        for event in data:
            if not isinstance(event, str) or event not in (*EVENTS, *NEVER_SENT):
                raise serializers.ValidationError(f"must hold {', '.join(EVENTS)}")
        if not (known := tuple(EVENTS[event] for event in dict.fromkeys(data) if event in EVENTS)):
            raise serializers.ValidationError(f"must hold one of {', '.join(EVENTS)}: the service sends no other event")
        return known

    def to_representation(self, value: Sequence[str]) -> list[str]:
        return [NAMES.get(event, event) for event in value]


class PlatformCreateWebhookIn(RequestSerializer):
    url = TextField(max_length=2048)
    name = IdentifierField()
    event_types = EventTypesField()


class PlatformUpdateWebhookIn(RequestSerializer):
    """At least one field."""

    url = TextField(max_length=2048, required=False)
    name = IdentifierField(required=False)
    event_types = EventTypesField(required=False)


class PlatformWebhookOut(ResponseSerializer):
    webhook_id = PublicIdField(WEBHOOK, source="id")
    name = serializers.CharField()
    url = serializers.CharField()
    project = serializers.CharField(allow_null=True)
    is_active = serializers.BooleanField(source="active")
    event_types = EventTypesField(source="events")
    created_at = TimestampField()
    updated_at = TimestampField(source="created_at")

    example: ClassVar[Any] = WebhookRecord(
        id=example_id("whk_01890a5dac967b2e8b7c3f0a9d1e2f35"),
        url="https://hooks.example.com/memories",
        events=("memory.created",),
        user_id=None,
        project_ids=("default",),
        active=True,
        disabled_at=None,
        disabled_reason="",
        failing_since=None,
        caller="key_01890a5dac967b2e8b7c3f0a9d1e2f34",
        created_at=EXAMPLE_TIME,
        name="My webhook",
    )

    def get_project(self, webhook: WebhookRecord) -> str | None:
        return webhook.project_ids[0] if webhook.project_ids else None


class PlatformNewWebhookOut(PlatformWebhookOut):
    inherited_source = "view"

    secret = serializers.CharField(help_text="Signs the messages; shown once.")

    example = NewWebhook(PlatformWebhookOut.example, "whsec_…")


class PlatformWebhookMessageOut(ResponseSerializer):
    message = serializers.CharField()
