"""What the OpenAPI document says of each webhook operation: its shapes and one example of each."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers

from core.http.fields import TimestampField
from webhooks.api.remembra import serializers as api_serializers
from webhooks.types import EVENTS, TEST, DeliveryState, DisabledReason

WEBHOOK_ID = "whk_01890a5dac967b2e8b7c3f0a9d1e2f35"
DELIVERY_ID = "dlv_01890a5dac967b2e8b7c3f0a9d1e2f36"
MESSAGE_ID = "msg_01890a5dac967b2e8b7c3f0a9d1e2f37"
KEY_ID = "key_01890a5dac967b2e8b7c3f0a9d1e2f34"
MOMENT = "2026-03-01T10:30:00Z"
URL = "https://hooks.example.com/memories"

SENDING = (
    "Messages are signed as Standard Webhooks says: `webhook-id` (the same over all tries), `webhook-timestamp` and "
    "`webhook-signature`. Any 2xx within the time limit is a success; else it is tried again after 5 s, 30 s, 2 min, "
    "10 min, 1 h, 3 h, 6 h, 12 h and 24 h. A webhook that answers 410, that has only failed for a day, or whose key "
    "has ended, is turned off, and what was on its way to it is given up. Messages may come twice, and in any order. "
    "The body is `{type, timestamp, user_id, project, data}`."
)


class WebhookOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(EVENTS))
    user_id = serializers.CharField(allow_null=True)
    project_ids = serializers.ListField(child=serializers.CharField())
    active = serializers.BooleanField()
    disabled_at = TimestampField(allow_null=True)
    disabled_reason = serializers.CharField(allow_null=True, help_text=", ".join(DisabledReason))
    failing_since = TimestampField(allow_null=True, help_text="The first failure after the last success.")
    created_by = serializers.CharField(help_text="The API key that it hangs on: the last one that changed it.")
    created_at = TimestampField()


class NewWebhookOut(WebhookOut):
    secret = serializers.CharField(help_text="Shown only here.")


class WebhooksOut(serializers.Serializer[Any]):
    webhooks = WebhookOut(many=True)
    total = serializers.IntegerField()


class WebhookDeletedOut(serializers.Serializer[Any]):
    status = serializers.CharField()
    id = serializers.CharField()


class AttemptOut(serializers.Serializer[Any]):
    at = TimestampField()
    status_code = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_null=True, help_text="status, timeout, connection, private_address, …")
    duration_ms = serializers.IntegerField()


class DeliveryOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    message_id = serializers.CharField(help_text="The header webhook-id.")
    event = serializers.ChoiceField([*EVENTS, TEST])
    state = serializers.ChoiceField([s.value for s in DeliveryState])
    error = serializers.CharField(allow_null=True)
    attempts = AttemptOut(many=True)
    next_attempt_at = TimestampField(allow_null=True)
    created_at = TimestampField()
    finished_at = TimestampField(allow_null=True)


class DeliveriesOut(serializers.Serializer[Any]):
    deliveries = DeliveryOut(many=True)
    next_cursor = serializers.CharField(allow_null=True)


def answer(shape: Any, description: str, example: Any) -> OpenApiResponse:
    return OpenApiResponse(shape, description, [OpenApiExample(description, example, response_only=True)])


_WEBHOOK = {
    "id": WEBHOOK_ID,
    "url": URL,
    "events": ["memory.created", "memory.deleted"],
    "user_id": None,
    "project_ids": ["support"],
    "active": True,
    "disabled_at": None,
    "disabled_reason": None,
    "failing_since": None,
    "created_by": KEY_ID,
    "created_at": MOMENT,
}
_PENDING: dict[str, Any] = {
    "id": DELIVERY_ID,
    "message_id": MESSAGE_ID,
    "event": TEST,
    "state": "pending",
    "error": None,
    "attempts": [],
    "next_attempt_at": MOMENT,
    "created_at": MOMENT,
    "finished_at": None,
}
_DELIVERED = _PENDING | {
    "event": "memory.created",
    "state": "delivered",
    "attempts": [{"at": MOMENT, "status_code": 200, "error": None, "duration_ms": 41}],
    "next_attempt_at": None,
    "finished_at": MOMENT,
}
_SECRET = "whsec_bWVtcHJvamVjdCBzaG93cyB0aGlzIGFzIGFuIGV4YW1wbGU="  # noqa: S105  (says so itself, in base64)

creating = extend_schema(
    operation_id="api_create_webhook",
    summary="Register a webhook",
    description=SENDING,
    request=api_serializers.WebhookIn,
    responses={201: answer(NewWebhookOut, "Made; the secret is shown only here", _WEBHOOK | {"secret": _SECRET})},
    examples=[
        OpenApiExample(
            "Two events of one project",
            {"url": URL, "events": ["memory.created", "memory.deleted"], "project_ids": ["support"]},
            request_only=True,
        )
    ],
)
list_webhooks = extend_schema(
    operation_id="api_list_webhooks",
    summary="List webhooks, newest first",
    responses={200: answer(WebhooksOut, "All of them", {"webhooks": [_WEBHOOK], "total": 1})},
)
get = extend_schema(
    operation_id="api_get_webhook",
    summary="Get a webhook",
    responses={200: answer(WebhookOut, "The webhook", _WEBHOOK)},
)
changing = extend_schema(
    operation_id="api_patch_webhook",
    summary="Change a webhook, or turn it on or off",
    request=api_serializers.WebhookChangeIn,
    responses={200: answer(WebhookOut, "The webhook", _WEBHOOK)},
    examples=[OpenApiExample("Turn it on again", {"active": True}, request_only=True)],
)
deleting = extend_schema(
    operation_id="api_delete_webhook",
    summary="Delete a webhook and the log of its deliveries",
    request=None,
    responses={200: answer(WebhookDeletedOut, "Deleted", {"status": "success", "id": WEBHOOK_ID})},
)
list_deliveries = extend_schema(
    operation_id="api_list_deliveries",
    summary="What was sent to a webhook, newest first",
    parameters=[api_serializers.DeliveriesIn],
    responses={200: answer(DeliveriesOut, "A page", {"deliveries": [_DELIVERED], "next_cursor": None})},
)
testing = extend_schema(
    operation_id="api_test_webhook",
    summary="Send a signed webhook.test",
    description="See the webhook's deliveries for the outcome.",
    request=None,
    responses={202: answer(DeliveryOut, "On its way", _PENDING)},
)
