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
    "Messages are signed as Standard Webhooks says: `webhook-id` (the same over all tries), `webhook-timestamp` and "
    "`webhook-signature`. Any 2xx within the time limit is a success; else it is tried again after 5 s, 30 s, 2 min, "
    "10 min, 1 h, 3 h, 6 h, 12 h and 24 h. A webhook that answers 410, that has only failed for a day, or whose key "
    "has ended, is turned off, and what was on its way to it is given up. Messages may come twice, and in any order. "
    "The body is `{type, timestamp, user_id, project, data}`."
)


creating = extend_schema(
    operation_id="api_create_webhook",
    summary="Register a webhook",
    description=SENDING,
    request=api_serializers.CreateWebhookIn,
    responses={201: answer(NewWebhookOut, "Made; the secret is shown only here")},
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
    responses={200: answer(WebhookListOut, "All of them")},
)
get = extend_schema(
    operation_id="api_get_webhook",
    summary="Get a webhook",
    responses={200: answer(WebhookOut, "The webhook")},
)
changing = extend_schema(
    operation_id="api_patch_webhook",
    summary="Change a webhook, or turn it on or off",
    request=api_serializers.UpdateWebhookIn,
    responses={200: answer(WebhookOut, "The webhook")},
    examples=[OpenApiExample("Turn it on again", {"active": True}, request_only=True)],
)
deleting = extend_schema(
    operation_id="api_delete_webhook",
    summary="Delete a webhook and the log of its deliveries",
    request=None,
    responses={200: answer(DeleteWebhookResultOut, "Deleted")},
)
list_deliveries = extend_schema(
    operation_id="api_list_deliveries",
    summary="What was sent to a webhook, newest first",
    parameters=[api_serializers.DeliveriesIn],
    responses={200: answer(DeliveryPageOut, "A page")},
)
testing = extend_schema(
    operation_id="api_test_webhook",
    summary="Send a signed webhook.test",
    description="What came of it stands in the webhook's deliveries.",
    request=None,
    responses={202: answer(DeliveryOut, "On its way")},
)
