"""The OpenAPI schemas and examples of the operations on webhooks."""

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
    "Messages are signed as in Standard Webhooks: `webhook-id` (equal for all attempts), `webhook-timestamp` and "
    "`webhook-signature`. Any 2xx within the time limit is a success. Otherwise the delivery is repeated after 5 s, "
    "30 s, 2 min, 10 min, 1 h, 3 h, 6 h, 12 h and 24 h. A webhook is turned off if it answers 410, if all deliveries "
    "failed for a day, or if its key has ended; its pending deliveries fail. Messages may be delivered twice and in "
    "any order. The body is `{type, timestamp, user_id, project, data}`."
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
    failing_since = TimestampField(allow_null=True, help_text="Time of the first failure after the last success.")
    created_by = serializers.CharField(
        help_text="Id of the API key that last changed the webhook. The webhook is turned off when this key ends."
    )
    created_at = TimestampField()


class NewWebhookOut(WebhookOut):
    secret = serializers.CharField(help_text="The signing secret, shown only in this response.")


class WebhookListOut(serializers.Serializer[Any]):
    webhooks = WebhookOut(many=True)
    total = serializers.IntegerField()


class DeleteWebhookResultOut(serializers.Serializer[Any]):
    status = serializers.CharField()
    id = serializers.CharField()


class DeliveryAttemptOut(serializers.Serializer[Any]):
    at = TimestampField()
    status_code = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_null=True, help_text="status, timeout, connection, private_address, …")
    duration_ms = serializers.IntegerField()


class DeliveryOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    message_id = serializers.CharField(help_text="The value of the header `webhook-id`.")
    event = serializers.ChoiceField([*EVENTS, TEST])
    state = serializers.ChoiceField([s.value for s in DeliveryState])
    error = serializers.CharField(allow_null=True)
    attempts = DeliveryAttemptOut(many=True)
    next_attempt_at = TimestampField(allow_null=True)
    created_at = TimestampField()
    finished_at = TimestampField(allow_null=True)


class DeliveryPageOut(serializers.Serializer[Any]):
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
    operation_id="create_webhook",
    summary="Create a webhook",
    description=SENDING,
    request=api_serializers.CreateWebhookIn,
    responses={201: answer(NewWebhookOut, "Created", _WEBHOOK | {"secret": _SECRET})},
    examples=[
        OpenApiExample(
            "Two events of one project",
            {"url": URL, "events": ["memory.created", "memory.deleted"], "project_ids": ["support"]},
            request_only=True,
        )
    ],
)
list_webhooks = extend_schema(
    operation_id="list_webhooks",
    summary="List webhooks",
    description="Returns all webhooks that the key may manage, newest first, without their secrets.",
    responses={200: answer(WebhookListOut, "All webhooks", {"webhooks": [_WEBHOOK], "total": 1})},
)
get = extend_schema(
    operation_id="get_webhook",
    summary="Get a webhook",
    description="Returns the webhook without its secret.",
    responses={200: answer(WebhookOut, "The webhook", _WEBHOOK)},
)
changing = extend_schema(
    operation_id="update_webhook",
    summary="Update a webhook, or turn it on or off",
    description="Missing fields keep their values. `active: true` turns on a webhook that was disabled.",
    request=api_serializers.UpdateWebhookIn,
    responses={200: answer(WebhookOut, "The webhook", _WEBHOOK)},
    examples=[OpenApiExample("Turn on", {"active": True}, request_only=True)],
)
deleting = extend_schema(
    operation_id="delete_webhook",
    summary="Delete a webhook",
    description="Deletes the webhook and the log of its deliveries. Pending messages are not sent.",
    request=None,
    responses={200: answer(DeleteWebhookResultOut, "Deleted", {"status": "success", "id": WEBHOOK_ID})},
)
list_deliveries = extend_schema(
    operation_id="list_webhook_deliveries",
    summary="List the deliveries of a webhook",
    description="Returns deliveries with their attempts, newest first.",
    parameters=[api_serializers.DeliveriesIn],
    responses={200: answer(DeliveryPageOut, "A page of deliveries", {"deliveries": [_DELIVERED], "next_cursor": None})},
)
testing = extend_schema(
    operation_id="test_webhook",
    summary="Send a test message to a webhook",
    description="Sends a signed `webhook.test`. See the webhook's deliveries for the outcome.",
    request=None,
    responses={202: answer(DeliveryOut, "Accepted", _PENDING)},
)
