"""Admin pages of entities, with merge and split, and of the graph outbox, with a retry of dead entries."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest

from core.errors import AppError
from core.http.admin import ProjectFilter, TenantFilter, TenantRowAdmin, UserFilter, by_tenant
from core.ids import ENTITY, parse, public
from entities.models import Alias, Entity, EntityRevision, GraphOutbox, Mention
from entities.services import entity_actions, graph


@admin.register(Entity)
class EntityAdmin(TenantRowAdmin[Entity]):
    """Entities. Names are changed over the API, which checks the permissions of the owner."""

    list_display = ("name", "type", "tenant", "project", "user_id", "mentions", "created_at")
    list_filter = (TenantFilter, ProjectFilter, UserFilter)
    search_fields = ("id",)
    search_help_text = "An entity's id (ent_…)."
    actions = ("merge", "split")
    fields = (
        ("public_id", "name", "type"),
        ("tenant", "project", "user_id"),
        ("aliases", "mentions"),
        ("merged_into", "created_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entity]:
        last = Prefetch("revisions", EntityRevision.objects.filter(retired_at=None), to_attr="last_words")
        live = Mention.objects.filter(tenant=OuterRef("tenant"), entity_key=OuterRef("id"), retired_at=None)
        number = live.order_by().values("entity_key").annotate(number=Count("id")).values("number")
        return super().get_queryset(request).prefetch_related(last).annotate(mentioned=Subquery(number))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entity], search_term: str
    ) -> tuple[QuerySet[Entity], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        key = parse(ENTITY, term)
        return (queryset.none() if key is None else queryset.filter(id=key)), False

    @admin.display(description="id")
    def public_id(self, entity: Entity) -> str:
        return public(ENTITY, entity.id)

    @admin.display(description="name")
    def name(self, entity: Entity) -> str:
        return str(getattr(_last(entity), "name", public(ENTITY, entity.id)))

    @admin.display(description="type")
    def type(self, entity: Entity) -> str:
        last = _last(entity)
        return "–" if last is None else f"{last.type}, merged" if last.merged_into_key else last.type

    @admin.display(description="mentions")
    def mentions(self, entity: Entity) -> int:
        return getattr(entity, "mentioned", None) or 0

    @admin.display(description="aliases")
    def aliases(self, entity: Entity) -> str:
        rows = Alias.objects.filter(tenant=entity.tenant_id, entity_key=entity.id, retired_at=None)
        return ", ".join(rows.order_by("name").values_list("name", flat=True)) or "–"

    @admin.display(description="merged into")
    def merged_into(self, entity: Entity) -> str:
        last = _last(entity)
        return public(ENTITY, last.merged_into_key) if last is not None and last.merged_into_key else "–"

    @admin.action(description="Merge selected entities into the one with most mentions", permissions=["merge"])
    def merge(self, request: HttpRequest, rows: QuerySet[Entity]) -> None:
        for tenant_id, ids in by_tenant(rows.values_list("tenant_id", "id")).items():
            if len(ids) < 2:
                messages.warning(request, "Select two or more entities of one owner.")
                continue
            _told(request, partial(entity_actions.merge_all, tenant_id, ids, actor=_actor(request)), "Merged.")

    @admin.action(description="Undo the last merge into selected entities", permissions=["merge"])
    def split(self, request: HttpRequest, rows: QuerySet[Entity]) -> None:
        for tenant_id, ids in by_tenant(rows.values_list("tenant_id", "id")).items():
            for key in ids:
                _told(request, partial(entity_actions.split_last, tenant_id, key, actor=_actor(request)), "Split.")

    def has_merge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("entities.change_entity")


def _told(request: HttpRequest, act: Callable[[], object], done: str) -> None:
    """Run the action and show a refusal of the service as an error message."""
    try:
        act()
    except AppError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)


def _actor(request: HttpRequest) -> str:
    return f"admin:{request.user.pk}"


def _last(entity: Entity) -> EntityRevision | None:
    """The current revision, which the page's queryset has prefetched."""
    found: list[EntityRevision] = entity.last_words  # type: ignore[attr-defined]  # the prefetch's
    return found[0] if found else None


@admin.register(GraphOutbox)
class GraphOutboxAdmin(TenantRowAdmin[GraphOutbox]):
    list_display = ("id", "tenant", "kind", "object_id", "state", "attempts", "failure", "due_at", "version")
    list_filter = ("state", "kind", TenantFilter)
    search_fields = ("id", "object_id")
    actions = ("retry",)
    fields = ("id", "tenant", "kind", "object_id", "version", "is_deleted", "state", "attempts", "failure", "due_at")

    @admin.action(description="Retry selected dead-lettered changes", permissions=["retry"])
    def retry(self, request: HttpRequest, rows: QuerySet[GraphOutbox]) -> None:
        chosen = by_tenant(rows.values_list("tenant_id", "id"))
        tried = sum(graph.retry(tenant_id, ids) for tenant_id, ids in chosen.items())
        messages.success(request, f"{tried} change(s) will be retried.")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("entities.change_graphoutbox")
