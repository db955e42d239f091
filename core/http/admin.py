"""Base classes of admin pages about tenant rows: they read across tenants, change nothing, and count up to a limit."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, ClassVar, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.utils import flatten
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from core.tenancy import TenantRow, across_tenants

R = TypeVar("R", bound=TenantRow)

COUNTED = 1000  # rows: more than a page has; filters find rows beyond it, paging does not


class _Many(int):
    """More than COUNTED: a number for Django, a word for the reader."""

    def __str__(self) -> str:
        return f"more than {COUNTED:,}"


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # generic in the stubs alone
    """Counts at most COUNTED rows: an exact count of a huge table takes too long."""

    @cached_property
    def count(self) -> int:
        found: int = cast("QuerySet[Any]", self.object_list)[: COUNTED + 1].count()
        return found if found <= COUNTED else _Many(COUNTED)


class TenantRowAdmin(admin.ModelAdmin[R]):
    """Read-only admin pages of tenant rows: operators can see every tenant.

    Changes go through a service of the app. List columns from other tables need `list_select_related` or a prefetch.
    `sortable_by` stays empty, since no index supports a sort over all tenants.
    """

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    list_per_page = 50
    list_max_show_all = 0
    list_select_related = ("tenant",)
    ordering = ("-id",)
    sortable_by = ()
    change_form_template = "core/row.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return _across(super().changelist_view, request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        return _across(super().changeform_view, request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return _across(super().delete_view, request, object_id, extra_context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return _across(super().history_view, request, object_id, extra_context)

    def get_readonly_fields(self, request: HttpRequest, obj: R | None = None) -> Any:
        return flatten(self.fields or ())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: R | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: R | None = None) -> bool:
        return False

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        """Redirect to the list: Django redirects to the index page if nothing can be changed. `delete_model` has shown
        the message."""
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")


def _across(view: Callable[..., HttpResponse], *arguments: Any) -> HttpResponse:
    """Run the view inside `across_tenants`, and render its page there too, since the queries of a page are lazy."""
    with across_tenants("the admin"):
        response = view(*arguments)
        render = getattr(response, "render", None)
        return render() if render is not None else response


def by_tenant(rows: Iterable[tuple[uuid.UUID, uuid.UUID]]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """`(tenant_id, id)` of the selected rows, by tenant, because services work inside one tenant."""
    found: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for tenant_id, row in rows:
        found[tenant_id].append(row)
    return found


class ExactFilter(admin.SimpleListFilter):
    """A text field for the exact value of a column. Choices would need a scan of all values."""

    template = "core/exact_filter.html"

    def has_output(self) -> bool:
        return True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:  # type: ignore[override]  # our own template's
        others = [(name, value) for name, value in changelist.params.items() if name != self.parameter_name]
        yield {"others": others, "name": self.parameter_name, "value": self.value() or ""}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = (self.value() or "").strip()
        return queryset.filter(**{str(self.parameter_name): value}) if value else queryset


class ProjectFilter(ExactFilter):
    title = "project"
    parameter_name = "project"


class UserFilter(ExactFilter):
    title = "user"
    parameter_name = "user_id"


class TenantFilter(ExactFilter):
    """Filter by the slug of a tenant. Queries inside a tenant are fast, since every index begins with the tenant."""

    title = "tenant"
    parameter_name = "tenant"
    unknown: ClassVar[uuid.UUID] = uuid.UUID(int=0)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        slug = (self.value() or "").strip()
        if not slug:
            return queryset
        found = _tenants(queryset).filter(slug=slug).values_list("id", flat=True)
        return queryset.filter(tenant__in=list(found) or [self.unknown])


def chosen_tenants(request: HttpRequest, queryset: QuerySet[Any]) -> list[uuid.UUID]:
    """The tenant that the operator has selected, or the only existing one; empty if there are several.

    Indexes support a search inside a tenant, but not over all tenants.
    """
    slug = request.GET.get("tenant", "").strip()
    rows = _tenants(queryset)
    found = list((rows.filter(slug=slug) if slug else rows).values_list("id", flat=True)[:2])
    return found if slug or len(found) == 1 else []


def _tenants(queryset: QuerySet[Any]) -> QuerySet[Any]:
    model: type[Model] = queryset.model._meta.get_field("tenant").related_model
    return model._default_manager.all()
