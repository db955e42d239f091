"""Admin pages of accepted writes of all tenants, with a retry of failed ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator

from core.http.admin import ProjectFilter, TenantFilter, TenantRowAdmin, UserFilter, by_tenant
from core.ids import EVENT, MEMORY, parse, public
from memories.admin.display import as_json, as_written
from memories.models import Source
from memories.services import operators
from memories.types import SourceState


class WriteStateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        return [*((s.value, s.value) for s in SourceState), ("erased", "erased")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Source]) -> QuerySet[Source]:
        if self.value() == "erased":
            return queryset.filter(redacted_at__isnull=False)
        return queryset.filter(state=self.value(), redacted_at=None) if self.value() else queryset


@admin.register(Source)
class SourceAdmin(TenantRowAdmin[Source]):
    """Accepted writes with their state, and a retry of failed ones."""

    list_display = ("public_id", "tenant", "project", "user_id", "kind", "now", "failure", "attempts", "accepted_at")
    list_filter = (WriteStateFilter, TenantFilter, ProjectFilter, UserFilter)
    search_fields = ("id",)
    search_help_text = "A write's id (evt_…), or the id of the memory that it was accepted for (mem_…)."
    actions = ("retry_failed",)
    fields = (
        ("public_id", "kind", "actor"),
        ("now", "failure", "attempts"),
        ("tenant", "project", "user_id"),
        ("agent_id", "run_id"),
        ("accepted_at", "finished_at", "redacted_at"),
        ("sequence", "next_attempt_at", "expires_at"),
        "memory",
        "raw_text",
        "details",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        return super().get_queryset(request).defer("text", "payload", "result", "tsv", "vector")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Source], search_term: str
    ) -> tuple[QuerySet[Source], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        event, memory = parse(EVENT, term), parse(MEMORY, term)
        if memory is not None:
            return queryset.filter(Q(reserved_id=memory) | Q(target_key=memory)), False
        return (queryset.filter(id=event) if event is not None else queryset.none()), False

    @admin.display(description="write")
    def public_id(self, source: Source) -> str:
        return public(EVENT, source.id)

    @admin.display(description="state")
    def now(self, source: Source) -> str:
        if source.redacted_at is not None:
            return "erased"
        return source.state

    @admin.display(description="memory")
    def memory(self, source: Source) -> str:
        key = source.target_key or source.reserved_id
        return public(MEMORY, key) if key is not None else "–"

    @admin.display(description="text")
    def raw_text(self, source: Source) -> str:
        return as_written(Truncator(source.text).chars(20_000))

    @admin.display(description="result")
    def details(self, source: Source) -> str:
        return as_json(source.result)

    @admin.action(description="Retry selected failed writes", permissions=["retry"])
    def retry_failed(self, request: HttpRequest, rows: QuerySet[Source]) -> None:
        chosen = by_tenant(rows.values_list("tenant_id", "id"))
        again = sum(operators.retry_writes(tenant_id, ids) for tenant_id, ids in chosen.items())
        rest = sum(map(len, chosen.values())) - again
        messages.success(request, f"{again} write(s) will be tried again within seconds.")
        if rest:
            messages.info(request, f"{rest} unchanged: not failed, erased, or not retryable.")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("memories.change_source")
