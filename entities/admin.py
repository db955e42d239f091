"""Operators see what waits for the graph and what it refused, and let it be tried again. Rows hold no text."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from entities.models import GraphOutbox
from entities.services import graph
from memproject.web.admin import TenantFilter, TenantRowAdmin, by_tenant


@admin.register(GraphOutbox)
class GraphOutboxAdmin(TenantRowAdmin[GraphOutbox]):
    list_display = ("id", "tenant", "kind", "object_id", "state", "attempts", "failure", "due_at", "version")
    list_filter = ("state", "kind", TenantFilter)
    search_fields = ("id", "object_id")
    actions = ("retry",)
    fields = ("id", "tenant", "kind", "object_id", "version", "gone", "state", "attempts", "failure", "due_at")

    @admin.action(description="Try selected dead changes again", permissions=["retry"])
    def retry(self, request: HttpRequest, rows: QuerySet[GraphOutbox]) -> None:
        chosen = by_tenant(rows.values_list("tenant_id", "id"))
        tried = sum(graph.retry(tenant_id, ids) for tenant_id, ids in chosen.items())
        messages.success(request, f"{tried} change(s) are tried again.")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("entities.change_graphoutbox")
