"""`/api/v1/webhooks`: the responses. One class each: record, schema and example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from rest_framework import serializers

from core.http.fields import TimestampField
from core.http.responses import EXAMPLE_TIME, NullIfBlankField, PublicIdField, ResponseSerializer, example_id
from core.ids import DELIVERY, MESSAGE, WEBHOOK
from webhooks.types import (
    EVENTS,
    TEST,
    Attempt,
    DeliveryPage,
    DeliveryRecord,
    DeliveryState,
    DisabledReason,
    NewWebhook,
    WebhookRecord,
)

WEBHOOK_ID = "whk_01890a5dac967b2e8b7c3f0a9d1e2f35"
URL = "https://hooks.example.com/memories"
_SECRET = "whsec_bWVtcHJvamVjdCBzaG93cyB0aGlzIGFzIGFuIGV4YW1wbGU="  # noqa: S105  (says so itself, in base64)


class WebhookOut(ResponseSerializer):
    id = PublicIdField(WEBHOOK)
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(EVENTS))
    user_id = serializers.CharField(allow_null=True)
    project_ids = serializers.ListField(child=serializers.CharField())
    active = serializers.BooleanField()
    disabled_at = TimestampField(allow_null=True)
    disabled_reason = NullIfBlankField(help_text=", ".join(DisabledReason))
    failing_since = TimestampField(allow_null=True, help_text="Time of the first failure after the last success.")
    created_by = serializers.CharField(
        source="caller",
        help_text="Id of the API key that last changed the webhook. The webhook is turned off when this key ends.",
    )
    created_at = TimestampField()

    example: ClassVar[Any] = WebhookRecord(
        id=example_id(WEBHOOK_ID),
        url=URL,
        events=("memory.created", "memory.deleted"),
        user_id=None,
        project_ids=("support",),
        active=True,
        disabled_at=None,
        disabled_reason="",
        failing_since=None,
        caller="key_01890a5dac967b2e8b7c3f0a9d1e2f34",
        created_at=EXAMPLE_TIME,
    )


class NewWebhookOut(WebhookOut):
    inherited_source = "view"

    secret = serializers.CharField(help_text="The signing secret, shown only in this response.")

    example = NewWebhook(WebhookOut.example, _SECRET)


@dataclass(frozen=True, slots=True)
class WebhookList:
    webhooks: Sequence[WebhookRecord]

    @property
    def total(self) -> int:
        return len(self.webhooks)


class WebhookListOut(ResponseSerializer):
    webhooks = WebhookOut(many=True)
    total = serializers.IntegerField()

    example = WebhookList((WebhookOut.example,))


@dataclass(frozen=True, slots=True)
class DeletedWebhook:
    """A deleted webhook, named by its public id."""

    id: str
    status: str = "success"


class DeleteWebhookResultOut(ResponseSerializer):
    status = serializers.CharField()
    id = serializers.CharField()

    example = DeletedWebhook(WEBHOOK_ID)


class DeliveryAttemptOut(ResponseSerializer):
    at = TimestampField()
    status_code = serializers.IntegerField(source="status", allow_null=True)
    error = NullIfBlankField(help_text="status, timeout, connection, private_address, …")
    duration_ms = serializers.IntegerField(source="milliseconds")

    example = Attempt(EXAMPLE_TIME, 200, "", 41)


class DeliveryOut(ResponseSerializer):
    id = PublicIdField(DELIVERY)
    message_id = PublicIdField(MESSAGE, help_text="The value of the header `webhook-id`.")
    event = serializers.ChoiceField([*EVENTS, TEST])
    state = serializers.ChoiceField([s.value for s in DeliveryState])
    error = NullIfBlankField()
    attempts = DeliveryAttemptOut(many=True)
    next_attempt_at = TimestampField(source="due_at", allow_null=True)
    created_at = TimestampField()
    finished_at = TimestampField(allow_null=True)

    example = DeliveryRecord(
        id=example_id("dlv_01890a5dac967b2e8b7c3f0a9d1e2f36"),
        message_id=example_id("msg_01890a5dac967b2e8b7c3f0a9d1e2f37"),
        event=TEST,
        state=DeliveryState.PENDING,
        error="",
        attempts=(),
        due_at=EXAMPLE_TIME,
        created_at=EXAMPLE_TIME,
        finished_at=None,
    )


class DeliveryPageOut(ResponseSerializer):
    deliveries = DeliveryOut(many=True)
    next_cursor = serializers.CharField(allow_null=True)

    example = DeliveryPage(
        (
            replace(
                DeliveryOut.example,
                event="memory.created",
                state=DeliveryState.DELIVERED,
                attempts=(DeliveryAttemptOut.example,),
                due_at=None,
                finished_at=EXAMPLE_TIME,
            ),
        ),
        None,
    )
