"""Operators manage keys here. A key is shown once, when it is made; nothing is ever deleted, only revoked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from apikeys import services
from apikeys.models import ApiKey, Tenant
from apikeys.scopes import Role
from memproject.common.clock import now

admin.site.site_header = "memproject"
admin.site.site_title = "memproject"
admin.site.site_url = "/docs"
admin.site.index_title = "Operations"
admin.site.enable_nav_sidebar = False


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin[Tenant]):
    list_display = ("slug", "name", "default_project", "created_at", "erased_at")
    search_fields = ("slug", "name")

    def has_delete_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin[ApiKey]):
    list_display = ("name", "preview", "tenant", "role", "user_id", "state", "last_used_at", "created_at")
    list_filter = ("role", "tenant", "revoked_at")
    list_select_related = ("tenant",)
    search_fields = ("name", "preview", "user_id")
    actions = ("revoke_selected",)
    fields = ("tenant", "name", "role", "user_id", "project_ids", "rate_limit_tier", "expires_at")
    shown = ("preview", "state", "created_by", "created_at", "last_used_at", "revoked_at")

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        if key.revoked_at is not None:
            return "revoked"
        return "in force" if key.alive(now()) else "expired"

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return self.fields if obj is None else (*self.fields, *self.shown)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """A key that exists is looked at; what it may do never changes behind its holder's back."""
        return () if obj is None else (*self.fields, *self.shown)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            return
        new = services.create(
            tenant=obj.tenant,
            name=obj.name,
            role=Role(obj.role),
            user_id=obj.user_id,
            project_ids=obj.project_ids,
            tier=obj.rate_limit_tier,
            expires_at=obj.expires_at,
            created_by=f"admin:{request.user.pk}",
        )
        vars(obj).update(vars(new.row))
        messages.success(
            request,
            format_html("The new key, shown only this once: <code style='user-select: all'>{}</code>", new.secret),
        )

    @admin.action(description="Revoke selected keys", permissions=["change"])
    def revoke_selected(self, request: HttpRequest, rows: QuerySet[ApiKey]) -> None:
        count = sum(services.revoke(row.id) for row in rows)
        messages.success(request, f"{count} key(s) revoked, in force at once.")

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False
