"""Webhooks of mem0's clients, over the webhooks of this service. Every operation needs an admin key."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.errors import InvalidRequest
from core.http.base import PlatformView
from core.http.responses import answer, example_id
from core.unset import UNSET
from webhooks.api.platform.serializers import (
    PlatformCreateWebhookIn,
    PlatformNewWebhookOut,
    PlatformUpdateWebhookIn,
    PlatformWebhookMessageOut,
    PlatformWebhookOut,
)
from webhooks.services import webhooks
from webhooks.types import ChangeWebhook, CreateWebhook

# Another webhook than the one that is created.
LISTED = PlatformWebhookOut.render(
    replace(PlatformWebhookOut.example, id=example_id("whk_01890a5dac967b2e8b7c3f0a9d1e2f44"))
)
PROJECT = OpenApiParameter("webhook_project", OpenApiTypes.STR, "path", examples=[OpenApiExample("Project", "default")])
CREATED = {"url": "https://hooks.example.com/memories", "name": "My webhook", "event_types": ["memory_add"]}


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    message: str


class PlatformProjectWebhooksView(PlatformView):
    permission_classes = (requires(GET=Scope.ADMIN, POST=Scope.ADMIN),)
    response_is_secret = True
    atomic = False  # the host is resolved before the transaction

    @extend_schema(
        operation_id="list_webhooks",
        summary="List the webhooks of a project",
        description="The webhooks of exactly this project that the key may manage, newest first.",
        parameters=[PROJECT],
        responses={
            200: OpenApiResponse(
                PlatformWebhookOut(many=True),
                "The webhooks",
                [OpenApiExample("The webhooks", LISTED, response_only=True)],
            )
        },
    )
    def get(self, request: Request, webhook_project: str) -> Response:
        caller = principal(request)
        projects = caller.all_projects(self.name("webhook_project", webhook_project))
        found = [hook for hook in webhooks.list_all(caller) if hook.project_ids == projects]
        return Response([PlatformWebhookOut.render(hook) for hook in found])

    @extend_schema(
        operation_id="create_webhook",
        summary="Create a webhook of a project",
        description="Messages are signed and repeated as those of `/api/v1/webhooks`. The secret is shown once.",
        parameters=[PROJECT],
        request=PlatformCreateWebhookIn,
        responses={201: answer(PlatformNewWebhookOut, "Created")},
        examples=[OpenApiExample("Added memories", CREATED, request_only=True)],
    )
    def post(self, request: Request, webhook_project: str) -> Response:
        caller, data = principal(request), self.body(request, PlatformCreateWebhookIn)
        projects = caller.all_projects(self.name("webhook_project", webhook_project)) or ()
        new = CreateWebhook(data["url"], data["event_types"], project_ids=projects, name=data["name"])
        return self.ok(PlatformNewWebhookOut, webhooks.create(caller, new), 201)


class PlatformProjectWebhookView(PlatformView):
    permission_classes = (requires(PUT=Scope.ADMIN, DELETE=Scope.ADMIN),)
    atomic = False  # as above

    @extend_schema(
        operation_id="update_webhook",
        summary="Update a webhook",
        description="Missing fields keep their values.",
        request=PlatformUpdateWebhookIn,
        responses={
            200: answer(
                PlatformWebhookMessageOut,
                "Webhook updated successfully",
                WebhookMessage("Webhook updated successfully"),
            )
        },
        examples=[OpenApiExample("New name", {"name": "Another name"}, request_only=True)],
    )
    def put(self, request: Request, webhook_id: str) -> Response:
        data = self.body(request, PlatformUpdateWebhookIn)
        if not data:
            raise InvalidRequest("Send at least one of name, url, event_types.", field="name")
        change = ChangeWebhook(
            webhook_id,
            url=data.get("url", UNSET),
            events=data.get("event_types", UNSET),
            name=data.get("name", UNSET),
        )
        webhooks.change(principal(request), change)
        return self.ok(PlatformWebhookMessageOut, WebhookMessage("Webhook updated successfully"))

    @extend_schema(
        operation_id="delete_webhook",
        summary="Delete a webhook",
        description="Deletes the webhook with its deliveries, sent or pending.",
        request=None,
        responses={
            200: answer(
                PlatformWebhookMessageOut,
                "Webhook deleted successfully",
                WebhookMessage("Webhook deleted successfully"),
            )
        },
    )
    def delete(self, request: Request, webhook_id: str) -> Response:
        webhooks.delete(principal(request), webhook_id)
        return self.ok(PlatformWebhookMessageOut, WebhookMessage("Webhook deleted successfully"))
