"""Admin pages of memories of all tenants, with their history."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.text import Truncator

from core.clock import now
from core.http.admin import (
    COUNTED,
    ProjectFilter,
    TenantFilter,
    TenantRowAdmin,
    UserFilter,
    by_tenant,
    chosen_tenants,
)
from core.ids import MEMORY, RECEIPT, parse, public
from core.metadata_keys import APP_ID, FEEDBACK, without_reserved
from memories.admin.display import as_json, as_written
from memories.languages import DEFAULT, configuration
from memories.models import Memory, Passage, Revision
from memories.pipeline.fulltext import websearch_query
from memories.services import operators

REVISIONS = 100  # revisions of a memory's history, newest first
STATES = (("live", "live"), ("archived", "archived"), ("expired", "expired"), ("ended", "ended"))


def state_of(revision: Revision | None, moment: dt.datetime) -> str:
    """live; expired (hidden from readers); archived; ended (no longer valid)."""
    if revision is None:
        return "–"
    if revision.expires_at is not None and revision.expires_at <= moment:
        return "expired"
    if revision.archived:
        return "archived"
    return "ended" if revision.valid_to is not None and revision.valid_to <= moment else "live"


def _last_words(where: Q) -> Exists:
    """Whether the current revision of a memory matches `where`."""
    return Exists(Revision.objects.filter(where, tenant=OuterRef("tenant"), memory_key=OuterRef("id"), retired_at=None))


class MemoryStateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        return STATES

    def queryset(self, request: HttpRequest, queryset: QuerySet[Memory]) -> QuerySet[Memory]:
        moment = now()
        kept = Q(expires_at=None) | Q(expires_at__gt=moment)
        valid = Q(valid_to=None) | Q(valid_to__gt=moment)
        match self.value():
            case "live":
                return queryset.filter(_last_words(kept & valid & Q(archived=False)))
            case "archived":
                return queryset.filter(_last_words(kept & Q(archived=True)))
            case "expired":
                return queryset.filter(_last_words(Q(expires_at__lte=moment)))
            case "ended":
                return queryset.filter(_last_words(kept & Q(archived=False, valid_to__lte=moment)))
            case _:
                return queryset


class TypeFilter(UserFilter):
    title = "type"
    parameter_name = "memory_type"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Memory]) -> QuerySet[Memory]:
        value = (self.value() or "").strip()
        return queryset.filter(_last_words(Q(memory_type=value))) if value else queryset


@admin.register(Memory)
class MemoryAdmin(TenantRowAdmin[Memory]):
    """Memories with their history. Deleting one erases it with a receipt, as over the API."""

    list_display = ("text", "tenant", "project", "user_id", "kind", "state", "created_at")
    list_filter = (MemoryStateFilter, TenantFilter, ProjectFilter, UserFilter, TypeFilter)
    search_fields = ("id",)
    search_help_text = "A memory's id (mem_…); with a tenant selected, also a user's id or words of the text."
    fields = (
        ("public_id", "kind", "state"),
        ("tenant", "project", "user_id"),
        ("agent_id", "app_id", "run_id"),
        ("created_at", "expires_at"),
        ("pinned", "importance"),
        "content",
        "metadata",
        "feedback",
        "history",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Memory]:
        last = Prefetch("revisions", Revision.objects.filter(retired_at=None), to_attr="last_words")
        return super().get_queryset(request).prefetch_related(last)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Memory], search_term: str
    ) -> tuple[QuerySet[Memory], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if (key := parse(MEMORY, term)) is not None:
            return queryset.filter(id=key), False
        tenants = chosen_tenants(request, queryset)
        if not tenants:
            messages.info(request, "Select a tenant to search by user or by words.")
            return queryset.none(), False
        if Revision.objects.filter(tenant__in=tenants, user_id=term, retired_at=None).exists():
            return queryset.filter(tenant__in=tenants, user_id=term), False
        return queryset.filter(tenant__in=tenants, id__in=_worded(request, tenants, term)), False

    @admin.display(description="memory")
    def text(self, memory: Memory) -> str:
        revision = _last(memory)
        return Truncator(revision.content).chars(100) if revision is not None else public(MEMORY, memory.id)

    @admin.display(description="id")
    def public_id(self, memory: Memory) -> str:
        return public(MEMORY, memory.id)

    @admin.display(description="type")
    def kind(self, memory: Memory) -> str:
        revision = _last(memory)
        return revision.memory_type if revision is not None else "–"

    @admin.display(description="state")
    def state(self, memory: Memory) -> str:
        return state_of(_last(memory), now())

    @admin.display(description="expires at")
    def expires_at(self, memory: Memory) -> dt.datetime | None:
        revision = _last(memory)
        return revision.expires_at if revision is not None else None

    @admin.display(description="text")
    def content(self, memory: Memory) -> str:
        return as_written(getattr(_last(memory), "content", ""))

    @admin.display(description="app id")
    def app_id(self, memory: Memory) -> str:
        return str(_metadata(memory).get(APP_ID, "–"))

    @admin.display(description="metadata")
    def metadata(self, memory: Memory) -> str:
        return as_json(without_reserved(_metadata(memory)))

    @admin.display(description="feedback")
    def feedback(self, memory: Memory) -> str:
        said = _metadata(memory).get(FEEDBACK) or {}
        return as_written(": ".join(said[name] for name in ("feedback", "feedback_reason") if said.get(name)))

    @admin.display(description="history")
    def history(self, memory: Memory) -> str:
        rows = Revision.objects.filter(tenant=memory.tenant_id, memory_key=memory.id).order_by("-recorded_at", "-id")
        found = list(rows[: REVISIONS + 1])
        earlier = [row.text_key for row in found[1:]] + [None]
        told = [(row, row.text_key != before) for row, before in zip(found, earlier, strict=True)][:REVISIONS]
        return render_to_string("memories/history.html", {"revisions": told, "more": len(found) > REVISIONS})

    def has_delete_permission(self, request: HttpRequest, obj: Memory | None = None) -> bool:
        return super(TenantRowAdmin, self).has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The content of the confirmation page: ids only. Django would follow links by one column of two."""
        ids = [public(MEMORY, memory.id) for memory in objs]
        return ids, {"memories, with history, vectors and the writes they came from": len(ids)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Memory) -> None:
        self._erase(request, {obj.tenant_id: [obj.id]})

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Memory]) -> None:
        self._erase(request, by_tenant(queryset.values_list("tenant_id", "id")))

    def _erase(self, request: HttpRequest, chosen: dict[uuid.UUID, list[uuid.UUID]]) -> None:
        for tenant_id, ids in chosen.items():
            for receipt in operators.erase(tenant_id, ids, actor=f"admin:{request.user.pk}"):
                messages.success(request, f"Permanently erased; the receipt is {public(RECEIPT, receipt.id)}.")


def _worded(request: HttpRequest, tenants: Sequence[uuid.UUID], words: str) -> list[uuid.UUID]:
    """The newest memories with these words. They are searched first, since a filter row by row takes seconds for a rare
    word."""
    project = request.GET.get("project", "").strip()
    languages = {configuration(project)} if project else {DEFAULT, *settings.PROJECT_LANGUAGES.values()}
    said = reduce(or_, (Q(tsv=websearch_query(words, language)) for language in sorted(languages)))
    rows = Passage.objects.filter(said, tenant__in=tenants)
    for name in ("project", "user_id"):
        if value := request.GET.get(name, "").strip():
            rows = rows.filter(**{name: value})
    return list(rows.order_by("-memory_key").values_list("memory_key", flat=True)[: COUNTED + 1])


def _last(memory: Memory) -> Revision | None:
    """The current revision, which the page's queryset has prefetched."""
    found: list[Revision] = memory.last_words  # type: ignore[attr-defined]  # the prefetch's
    return found[0] if found else None


def _metadata(memory: Memory) -> dict[str, Any]:
    revision = _last(memory)
    return revision.metadata if revision is not None else {}
