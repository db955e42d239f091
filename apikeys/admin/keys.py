"""Create, change, rotate and revoke keys. A new key is shown in the response to the action, and is not stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from apikeys import key_management, services
from apikeys.admin.forms import KeyForm, NewKeyForm, one_time_token
from apikeys.admin.service_errors import ServiceErrorMessagesMixin
from apikeys.key_management import KeyChange
from apikeys.models import ApiKey, Tenant
from apikeys.scopes import Role
from apikeys.services import DEFAULT_TENANT, KeyExists, NewKey
from core.clock import now
from core.errors import AppError
from core.ids import KEY, public

Act = Callable[[HttpRequest, "QuerySet[ApiKey]"], HttpResponse | None]
MINUTES = "%Y-%m-%d %H:%M"
GRACES = {"0": "at once", "3600": "after an hour", "86400": "after a day"}


class KeyStateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("active", "active"), ("expired", "expired"), ("revoked", "revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        expired = {"revoked_at": None, "expires_at__lte": now()}
        match self.value():
            case "revoked":
                return queryset.exclude(revoked_at=None)
            case "expired":
                return queryset.filter(**expired)
            case "active":
                return queryset.filter(revoked_at=None).exclude(**expired)
        return queryset


@admin.register(ApiKey)
class ApiKeyAdmin(ServiceErrorMessagesMixin[ApiKey]):
    form = KeyForm
    list_display = (
        "name",
        "preview",
        "tenant",
        "role",
        "user",
        "projects",
        "tier",
        "state",
        "last_use",
        "made",
    )
    list_filter = (KeyStateFilter, "role", "tenant", "rate_limit_tier")
    list_select_related = ("tenant",)
    search_fields = ("name", "preview", "user_id", "tenant__slug")
    ordering = ("-created_at",)
    actions = ("rotate_selected", "revoke_selected")
    fields = ("tenant", "name", "role", "user_id", "project_ids", "rate_limit_tier", "rate_limits", "expires_at")
    changing = ("name", "rate_limit_tier", "rate_limits", "expires_at")
    shown = ("public_id", "preview", "state", "created_by", "created_at", "last_used_at", "revoked_at", "replaced")

    class Media:
        js = ("apikeys/keys.js",)

    # --- what is shown ---
    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        return key.status(now())

    @admin.display(description="user", ordering="user_id")
    def user(self, key: ApiKey) -> str | None:
        return key.user_id

    @admin.display(description="projects")
    def projects(self, key: ApiKey) -> str:
        return ", ".join(key.project_ids) or "all"

    @admin.display(description="id")
    def public_id(self, key: ApiKey) -> str:
        return public(KEY, key.id)

    @admin.display(description="rotated to")
    def replaced(self, key: ApiKey) -> str:
        return public(KEY, key.replaced_by) if key.replaced_by else self.get_empty_value_display()

    @admin.display(description="tier", ordering="rate_limit_tier")
    def tier(self, key: ApiKey) -> str:
        return key.rate_limit_tier + (" +" if key.rate_limits else "")

    @admin.display(description="last use", ordering="last_used_at")
    def last_use(self, key: ApiKey) -> str | None:
        return f"{key.last_used_at:{MINUTES}}" if key.last_used_at else None

    @admin.display(description="created", ordering="created_at")
    def made(self, key: ApiKey) -> str:
        return f"{key.created_at:{MINUTES}}"

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return (*self.fields, "one_time_token") if obj is None else (*self.fields, *self.shown)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """The permissions of a key are read-only after its creation. A key that has ended is read-only altogether."""
        if obj is None:
            return ()
        fixed = self.fields if not obj.is_active(now()) else [f for f in self.fields if f not in self.changing]
        return (*fixed, *self.shown)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        default = Tenant.objects.filter(slug=DEFAULT_TENANT, erased_at=None).first()
        said = super().get_changeform_initial_data(request)
        return {"tenant": default, **said, "one_time_token": one_time_token()}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "tenant":
            kwargs["queryset"] = Tenant.objects.filter(erased_at=None).order_by("slug")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: ApiKey | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = KeyForm if obj is not None else NewKeyForm
        made = super().get_form(request, obj, change=change, **{"form": form, **kwargs})
        for side_way in ("add", "change", "view"):  # tenants have their own admin page
            if "tenant" in made.base_fields:
                setattr(made.base_fields["tenant"].widget, f"can_{side_way}_related", False)
        return made

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    # --- making and changing ---
    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            said = {name: form.cleaned_data[name] for name in form.changed_data if name in self.changing}
            key_management.change(obj.id, cast(KeyChange, said))
            return
        new = services.create(
            tenant=obj.tenant,
            name=obj.name,
            role=Role(obj.role),
            user_id=obj.user_id,
            project_ids=obj.project_ids,
            tier=obj.rate_limit_tier,
            limits=obj.rate_limits,
            expires_at=obj.expires_at,
            created_by=self._operator(request),
            key_id=form.cleaned_data["one_time_token"],
        )
        vars(obj).update(vars(new.row))
        request.new_key = new  # type: ignore[attr-defined]  # for response_add, and nowhere else

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        return self._show(request, [cast(Any, request).new_key])

    def refused(self, request: HttpRequest, error: AppError) -> HttpResponse:
        """After a repeated submit, redirect to the page of the key that the first one made."""
        if not isinstance(error, KeyExists):
            return super().refused(request, error)
        messages.warning(
            request,
            "This form was sent before and made this one key. The key was shown once, in the answer to the first "
            "submit. If nobody copied it, rotate it.",
        )
        return HttpResponseRedirect(reverse("admin:apikeys_apikey_change", args=[error.key_id]))

    # --- ending ---
    def get_urls(self) -> list[URLPattern]:
        ours = [
            path("<uuid:key_id>/rotate/", self.admin_site.admin_view(self.rotate_view), name="apikeys_apikey_rotate"),
            path("<uuid:key_id>/revoke/", self.admin_site.admin_view(self.revoke_view), name="apikeys_apikey_revoke"),
        ]
        return [*ours, *super().get_urls()]

    def rotate_view(self, request: HttpRequest, key_id: UUID) -> HttpResponse:
        return self._one(request, key_id, self.rotate_selected)

    def revoke_view(self, request: HttpRequest, key_id: UUID) -> HttpResponse:
        return self._one(request, key_id, self.revoke_selected)

    @admin.action(description="Rotate selected keys", permissions=["change"])
    def rotate_selected(self, request: HttpRequest, rows: QuerySet[ApiKey]) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return self._ask(request, rows, "rotate")
        grace = request.POST.get("grace", "0")
        made = []
        with transaction.atomic():
            for row in rows:
                try:
                    left = dt.timedelta(seconds=int(grace) if grace in GRACES else 0)
                    new = key_management.rotate(row.id, grace=left, created_by=self._operator(request))
                except AppError as error:
                    messages.error(request, f"{row}: {error.message}")
                    continue
                self.log_change(request, row, f"Rotated to {public(KEY, new.row.id)}.")
                made.append(new)
        return self._show(request, made) if made else None

    @admin.action(description="Revoke selected keys", permissions=["change"])
    def revoke_selected(self, request: HttpRequest, rows: QuerySet[ApiKey]) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return self._ask(request, rows, "revoke")
        with transaction.atomic():  # all of them wait for other processes once
            ended = [row for row in rows if services.revoke(row.id)]
        for row in ended:
            self.log_change(request, row, "Revoked.")
        messages.success(request, f"{len(ended)} key(s) revoked, with immediate effect.")
        return None

    def _one(self, request: HttpRequest, key_id: UUID, act: Act) -> HttpResponse:
        """The action of the list, for the page of one key."""
        key = get_object_or_404(ApiKey, id=key_id)
        if not self.has_change_permission(request, key):
            raise PermissionDenied
        done = act(request, ApiKey.objects.filter(id=key_id))
        return done or HttpResponseRedirect(reverse("admin:apikeys_apikey_change", args=[key_id]))

    def _ask(self, request: HttpRequest, rows: QuerySet[ApiKey], act: str) -> HttpResponse:
        alive = [row for row in rows.select_related("tenant") if row.is_active(now())]
        if act == "rotate":
            alive = [row for row in alive if row.replaced_by is None]
        title = {"rotate": "Rotate these keys?", "revoke": "Revoke these keys?"}[act]
        said = {"title": title, "act": act, "rows": alive, "graces": GRACES}
        return self._page(request, "admin/apikeys/apikey/confirm.html", said)

    def _show(self, request: HttpRequest, made: Sequence[NewKey]) -> HttpResponse:
        """Show the new keys in this response only: no cookie or session stores them."""
        return self._page(request, "admin/apikeys/apikey/new_keys.html", {"title": "New keys", "made": made})

    def _page(self, request: HttpRequest, template: str, said: dict[str, Any]) -> HttpResponse:
        return TemplateResponse(request, template, {**self.admin_site.each_context(request), "opts": self.opts, **said})

    def _operator(self, request: HttpRequest) -> str:
        return f"admin:{request.user.pk}"
