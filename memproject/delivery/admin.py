"""Operators see webhooks and what became of messages: no secret, no body, and of an address only its host.

Here a webhook can be turned on and off; all else is its owner's.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from memproject.common.http import origin
from memproject.common.tenancy import TenantRow, across_tenants
from memproject.delivery.models import Delivery, Webhook
from memproject.delivery.services import webhooks


class LookedAt(admin.ModelAdmin[Any]):
    """Rows of all tenants, to be read and not to be changed."""

    list_select_related = ("tenant",)
    show_full_result_count = False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        with across_tenants("the admin's look-ups"):
            response: HttpResponse = super().changelist_view(request, extra_context)
            if isinstance(response, TemplateResponse):  # its rows are fetched when it is rendered: before the mark goes
                response.render()
            return response

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        with across_tenants("the admin's look-ups"):
            return super().get_object(request, object_id, from_field)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: TenantRow | None = None) -> Any:
        return self.fields or ()


@admin.register(Webhook)
class WebhookAdmin(LookedAt):
    list_display = ("id", "tenant", "host", "active", "disabled_reason", "failing_since", "user_id", "created_at")
    list_filter = ("active", "disabled_reason", "tenant")
    search_fields = ("id", "url", "user_id", "caller")
    actions = ("turn_on", "turn_off")
    fields = (
        "id",
        "tenant",
        "host",
        "events",
        "user_id",
        "project_ids",
        "active",
        "disabled_at",
        "disabled_reason",
        "failing_since",
        "caller",
        "created_at",
    )

    @admin.display(description="host")
    def host(self, hook: Webhook) -> str:
        """Paths and queries of such addresses are secrets as often as not."""
        found = origin(hook.url)
        return f"{found.scheme}://{found.host}:{found.port}" if found else ""

    @admin.action(description="Turn on selected webhooks", permissions=["change"])
    def turn_on(self, request: HttpRequest, rows: QuerySet[Webhook]) -> None:
        messages.success(request, f"{webhooks.switch(list(rows), on=True)} webhook(s) turned on.")

    @admin.action(description="Turn off selected webhooks", permissions=["change"])
    def turn_off(self, request: HttpRequest, rows: QuerySet[Webhook]) -> None:
        messages.success(request, f"{webhooks.switch(list(rows), on=False)} webhook(s) turned off.")


@admin.register(Delivery)
class DeliveryAdmin(LookedAt):
    list_display = ("id", "tenant", "webhook_key", "event", "state", "attempts", "status", "error", "created_at")
    list_filter = ("state", "event", "error", "tenant")
    search_fields = ("id", "webhook_key", "message")
    fields = (
        "id",
        "tenant",
        "webhook_key",
        "event",
        "message",
        "state",
        "due_at",
        "attempts",
        "status",
        "error",
        "log",
        "created_at",
        "finished_at",
    )
