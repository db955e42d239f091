"""Receipts of erasures."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.http.admin import TenantFilter, TenantRowAdmin
from core.ids import RECEIPT, parse, public
from memories.admin.display import as_json
from memories.models import Erasure


@admin.register(Erasure)
class ErasureAdmin(TenantRowAdmin[Erasure]):
    """Receipts of erasures, read-only and without text."""

    list_display = ("public_id", "tenant", "what", "rows", "actor", "requested_at", "completed_at")
    list_filter = (TenantFilter,)
    search_fields = ("id",)
    search_help_text = "A receipt's id (ers_…)."
    fields = ("public_id", "tenant", "what", "counted", "actor", "requested_at", "completed_at", "signature")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Erasure], search_term: str
    ) -> tuple[QuerySet[Erasure], bool]:
        if not search_term.strip():
            return queryset, False
        key = parse(RECEIPT, search_term.strip())
        return (queryset.filter(id=key) if key is not None else queryset.none()), False

    @admin.display(description="receipt")
    def public_id(self, erasure: Erasure) -> str:
        return public(RECEIPT, erasure.id)

    @admin.display(description="scope")
    def what(self, erasure: Erasure) -> str:
        named = erasure.scope.get("named")
        return f"{named} {erasure.scope['kind']}" if named is not None else str(erasure.scope.get("kind", "–"))

    @admin.display(description="rows erased")
    def rows(self, erasure: Erasure) -> int:
        return sum(erasure.counts.values())

    @admin.display(description="rows erased, by table")
    def counted(self, erasure: Erasure) -> str:
        return as_json(erasure.counts)
