"""Admin page of the review queue of all tenants."""

from __future__ import annotations

import uuid

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from core.http.admin import ProjectFilter, TenantFilter, TenantRowAdmin, UserFilter, by_tenant
from core.ids import REVIEW, parse, public
from memories.admin.display import as_written
from memories.models import Review, Revision
from memories.services import operators


@admin.register(Review)
class ReviewAdmin(TenantRowAdmin[Review]):
    """Pairs of memories with a proposal. An operator accepts or rejects open ones."""

    list_display = ("public_id", "tenant", "project", "user_id", "proposal", "probability", "state", "created_at")
    list_filter = ("state", "proposal", TenantFilter, ProjectFilter, UserFilter)
    search_fields = ("id",)
    search_help_text = "A review's id (rvw_…)."
    actions = ("accept", "reject")
    fields = (
        ("public_id", "proposal", "probability"),
        "reason",
        ("tenant", "project", "user_id"),
        "old_text",
        "new_text",
        ("state", "decided_by", "decided_at"),
        "created_at",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Review], search_term: str
    ) -> tuple[QuerySet[Review], bool]:
        if not search_term.strip():
            return queryset, False
        key = parse(REVIEW, search_term.strip())
        return (queryset.filter(id=key) if key is not None else queryset.none()), False

    @admin.display(description="review")
    def public_id(self, review: Review) -> str:
        return public(REVIEW, review.id)

    @admin.display(description="old text")
    def old_text(self, review: Review) -> str:
        return _text(review, review.old_text_key)

    @admin.display(description="new text")
    def new_text(self, review: Review) -> str:
        return _text(review, review.new_text_key)

    @admin.action(description="Accept selected open reviews", permissions=["decide"])
    def accept(self, request: HttpRequest, rows: QuerySet[Review]) -> None:
        self._decide(request, rows, accept=True)

    @admin.action(description="Reject selected open reviews", permissions=["decide"])
    def reject(self, request: HttpRequest, rows: QuerySet[Review]) -> None:
        self._decide(request, rows, accept=False)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("memories.change_review")

    def _decide(self, request: HttpRequest, rows: QuerySet[Review], *, accept: bool) -> None:
        chosen, actor = by_tenant(rows.values_list("tenant_id", "id")), f"admin:{request.user.pk}"
        done = sum(operators.decide_reviews(t, ids, accept=accept, actor=actor) for t, ids in chosen.items())
        messages.success(request, f"{done} review(s) were {'accepted' if accept else 'rejected'}.")
        if rest := sum(map(len, chosen.values())) - done:
            messages.info(request, f"{rest} review(s) were no longer open.")


def _text(review: Review, key: uuid.UUID) -> str:
    found = Revision.objects.filter(tenant=review.tenant_id, id=key).values_list("content", flat=True)
    return as_written(found.first() or "")
