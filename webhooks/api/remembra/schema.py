"""The OpenAPI document's entry for each webhook operation."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema

from core.http.responses import answer
from webhooks.api.remembra import serializers as api_serializers
from webhooks.api.remembra.responses import (
    URL,
    DeleteWebhookResultOut,
    DeliveryOut,
    DeliveryPageOut,
    NewWebhookOut,
    WebhookListOut,
    WebhookOut,
)

SENDING = (
    "Messages are signed as in Standard Webhooks: `webhook-id` (equal for all attempts), `webhook-timestamp` and "
    "`webhook-signature`. Any 2xx within the time limit is a success. Otherwise the delivery is repeated after 5 s, "
    "30 s, 2 min, 10 min, 1 h, 3 h, 6 h, 12 h and 24 h. A webhook is turned off if it answers 410, if all deliveries "
    "failed for a day, or if its key has ended; its pending deliveries fail. Messages may be delivered twice and in "
    "any order. The body is `{type, timestamp, user_id, project, data}`. The `data` of `memory.created` and "
    "`memory.updated` has `id`, `content`, `metadata`, `memory_type`, `agent_id`, `app_id`, `run_id`, `action`, "
    "`reason`, `valid_from`, `valid_to` and `expires_at`; that of `memory.deleted` and `memory.expired` has only `id`."
)


creating = extend_schema(
    operation_id="create_webhook",
    summary="Create a webhook",
    description=SENDING,
    request=api_serializers.CreateWebhookIn,
    responses={201: answer(NewWebhookOut, "Created")},
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
    responses={200: answer(WebhookListOut, "All webhooks")},
)
get = extend_schema(
    operation_id="get_webhook",
    summary="Get a webhook",
    description="Returns the webhook without its secret.",
    responses={200: answer(WebhookOut, "The webhook")},
)
changing = extend_schema(
    operation_id="update_webhook",
    summary="Update a webhook, or turn it on or off",
    description="Missing fields keep their values. `active: true` turns on a webhook that was disabled.",
    request=api_serializers.UpdateWebhookIn,
    responses={200: answer(WebhookOut, "The webhook")},
    examples=[OpenApiExample("Turn on", {"active": True}, request_only=True)],
)
deleting = extend_schema(
    operation_id="delete_webhook",
    summary="Delete a webhook",
    description="Deletes the webhook and the log of its deliveries. Pending messages are not sent.",
    request=None,
    responses={200: answer(DeleteWebhookResultOut, "Deleted")},
)
list_deliveries = extend_schema(
    operation_id="list_webhook_deliveries",
    summary="List the deliveries of a webhook",
    description="Returns deliveries with their attempts, newest first.",
    parameters=[api_serializers.DeliveriesIn],
    responses={200: answer(DeliveryPageOut, "A page of deliveries")},
)
testing = extend_schema(
    operation_id="test_webhook",
    summary="Send a test message to a webhook",
    description="Sends a signed `webhook.test`. See the webhook's deliveries for the outcome.",
    request=None,
    responses={202: answer(DeliveryOut, "Accepted")},
)
