"""`/api/v1/webhooks`. Every operation needs an admin key."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.errors import InvalidRequest
from core.http.base import RemembraView
from core.unset import UNSET
from webhooks.api.remembra import serializers
from webhooks.api.remembra.responses import (
    DeletedWebhook,
    DeleteWebhookResultOut,
    DeliveryOut,
    DeliveryPageOut,
    NewWebhookOut,
    WebhookList,
    WebhookListOut,
    WebhookOut,
)
from webhooks.api.remembra.schema import (
    changing,
    creating,
    deleting,
    get,
    list_deliveries,
    list_webhooks,
    testing,
)
from webhooks.services import deliveries, webhooks
from webhooks.types import ChangeWebhook, CreateWebhook

CHANGEABLE = ("url", "events", "active", "user_id", "project_ids")


class WebhooksView(RemembraView):
    permission_classes = (requires(GET=Scope.ADMIN, POST=Scope.ADMIN),)
    response_is_secret = True
    atomic = False  # the host is resolved before the transaction, which must not wait for the network

    @creating
    def post(self, request: Request) -> Response:
        data = self.body(request, serializers.CreateWebhookIn)
        command = CreateWebhook(
            url=data["url"],
            events=tuple(data["events"]),
            secret=data.get("secret"),
            user_id=data.get("user_id"),
            project_ids=tuple(data.get("project_ids", ())),
        )
        return self.ok(NewWebhookOut, webhooks.create(principal(request), command), 201)

    @list_webhooks
    def get(self, request: Request) -> Response:
        return self.ok(WebhookListOut, WebhookList(webhooks.list_all(principal(request))))


class WebhookView(RemembraView):
    permission_classes = (requires(GET=Scope.ADMIN, PATCH=Scope.ADMIN, DELETE=Scope.ADMIN),)
    atomic = False  # as above

    @get
    def get(self, request: Request, webhook_id: str) -> Response:
        return self.ok(WebhookOut, webhooks.get(principal(request), webhook_id))

    @changing
    def patch(self, request: Request, webhook_id: str) -> Response:
        data = self.body(request, serializers.UpdateWebhookIn)
        if not any(name in data for name in CHANGEABLE):
            raise InvalidRequest(f"Send at least one of {', '.join(CHANGEABLE)}.", field=CHANGEABLE[0])
        command = ChangeWebhook(
            webhook_id=webhook_id,
            url=data.get("url", UNSET),
            events=tuple(data["events"]) if "events" in data else UNSET,
            active=data.get("active", UNSET),
            user_id=data.get("user_id", UNSET),
            project_ids=tuple(data["project_ids"]) if "project_ids" in data else UNSET,
        )
        return self.ok(WebhookOut, webhooks.change(principal(request), command))

    @deleting
    def delete(self, request: Request, webhook_id: str) -> Response:
        webhooks.delete(principal(request), webhook_id)
        return self.ok(DeleteWebhookResultOut, DeletedWebhook(webhook_id))


class DeliveriesView(RemembraView):
    permission_classes = (requires(GET=Scope.ADMIN),)

    @list_deliveries
    def get(self, request: Request, webhook_id: str) -> Response:
        data = self.query(request, serializers.DeliveriesIn)
        page = deliveries.list_page(principal(request), webhook_id, limit=data["limit"], cursor=data.get("cursor"))
        return self.ok(DeliveryPageOut, page)


class TestView(RemembraView):
    permission_classes = (requires(POST=Scope.ADMIN),)

    @testing
    def post(self, request: Request, webhook_id: str) -> Response:
        sent = deliveries.test(principal(request), webhook_id)
        log = f"/api/v1/webhooks/{webhook_id}/deliveries"
        return self.ok(DeliveryOut, sent, 202, {"Location": log})
