"""Admin pages of webhooks and deliveries: no secret and no body, and only the host of an address.

An operator can turn a webhook on and off; its owner changes the rest over the API.
"""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from core.http.admin import TenantFilter, TenantRowAdmin
from core.http_client import origin
from webhooks.models import Delivery, Webhook
from webhooks.services import webhooks


@admin.register(Webhook)
class WebhookAdmin(TenantRowAdmin[Webhook]):
    list_display = ("id", "tenant", "host", "active", "disabled_reason", "failing_since", "user_id", "created_at")
    list_filter = ("active", "disabled_reason", TenantFilter)
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
        """Paths and queries of webhook addresses often contain secrets."""
        found = origin(hook.url)
        return f"{found.scheme}://{found.host}:{found.port}" if found else ""

    @admin.action(description="Turn on selected webhooks", permissions=["switch"])
    def turn_on(self, request: HttpRequest, rows: QuerySet[Webhook]) -> None:
        messages.success(request, f"{webhooks.switch(list(rows), on=True)} webhook(s) turned on.")

    @admin.action(description="Turn off selected webhooks", permissions=["switch"])
    def turn_off(self, request: HttpRequest, rows: QuerySet[Webhook]) -> None:
        messages.success(request, f"{webhooks.switch(list(rows), on=False)} webhook(s) turned off.")

    def has_switch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webhooks.change_webhook")


@admin.register(Delivery)
class DeliveryAdmin(TenantRowAdmin[Delivery]):
    list_display = ("id", "tenant", "webhook_key", "event", "state", "attempts", "status", "error", "created_at")
    list_filter = ("state", "event", "error", TenantFilter)
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
