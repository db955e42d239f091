"""Create and rename tenants. They are deleted over HTTP with the master key."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apikeys import tenants
from apikeys.admin.forms import TenantForm
from apikeys.admin.service_errors import ServiceErrorMessagesMixin
from apikeys.models import Tenant
from apikeys.tenants import TenantChange


class ErasedFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "erased"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "in use"), ("yes", "erased")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> QuerySet[Tenant]:
        return queryset if self.value() is None else queryset.filter(erased_at__isnull=self.value() == "no")


@admin.register(Tenant)
class TenantAdmin(ServiceErrorMessagesMixin[Tenant]):
    form = TenantForm
    list_display = ("slug", "name", "default_project", "created_at", "erased_at")
    list_filter = (ErasedFilter,)
    search_fields = ("slug", "name")
    ordering = ("-created_at",)
    fields = ("slug", "name", "default_project", "rate_limits")
    shown = ("created_at", "erased_at")

    def get_fields(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        return self.fields if obj is None else (*self.fields, *self.shown)

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        if obj is None:
            return ()
        return (*self.fields, *self.shown) if obj.erased_at else ("slug", *self.shown)

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        said = {name: form.cleaned_data[name] for name in form.changed_data if name in TenantChange.__annotations__}
        new = cast(TenantChange, said)
        if change:
            tenants.change(obj, new)
        else:
            vars(obj).update(vars(tenants.create(obj.slug, new)))

    def has_delete_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        return False
