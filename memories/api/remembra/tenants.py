"""`/api/v1/tenants`: for the master key only."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from apikeys.tenants import TenantChange
from core.clock import iso
from core.errors import InvalidRequest
from core.http.base import RemembraView, RequestSerializer, StrictRequestSerializer
from core.http.fields import IdentifierField, QueryIntegerField, RateLimitsField, TextField, TimestampField
from core.ids import RECEIPT, TENANT, public
from memories.api import examples as ex
from memories.api.remembra.schema import answer
from memories.services import tenants
from memories.services.tenants import TenantRecord as Tenant

TENANT_ID = "ten_01890a5dac967b2e8b7c3f0a9d1e2f36"
NEVER_CHANGES = "never changes"


class UpdateTenantIn(StrictRequestSerializer):
    """At least one field."""

    fixed = dict.fromkeys(("slug", "id", "created_at"), NEVER_CHANGES)

    name = TextField(max_length=200, required=False, allow_blank=True)
    default_project = IdentifierField(required=False, help_text="The default project of keys without projects.")
    rate_limits = RateLimitsField(
        required=False, help_text="Rate limits of each key of the tenant that differ from the service's."
    )


class CreateTenantIn(UpdateTenantIn):
    fixed = {}  # noqa: RUF012

    slug = TextField(max_length=64, help_text="Lower-case letters, digits and hyphens.")


class TenantsIn(RequestSerializer):
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100)
    cursor = IdentifierField(required=False)


class DeleteTenantIn(StrictRequestSerializer):
    confirm = TextField(max_length=64, help_text="The tenant's slug.")


class TenantCountsOut(serializers.Serializer[Any]):
    memories = serializers.IntegerField()
    users = serializers.IntegerField()
    keys = serializers.IntegerField()


class TenantOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    slug = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    default_project = serializers.CharField()
    rate_limits = RateLimitsField()
    created_at = TimestampField()
    counts = TenantCountsOut()


class TenantPageOut(serializers.Serializer[Any]):
    tenants = TenantOut(many=True)
    total = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True)


class DeleteTenantResultOut(serializers.Serializer[Any]):
    status = serializers.CharField()
    id = serializers.CharField()
    receipt_id = serializers.CharField()


_TENANT = {
    "id": TENANT_ID,
    "slug": "acme",
    "name": "Acme Ltd",
    "default_project": "default",
    "rate_limits": {"v1": "500/m"},
    "created_at": ex.MOMENT,
    "counts": {"memories": 0, "users": 0, "keys": 0},
}


def _request(name: str, value: Any) -> list[OpenApiExample]:
    return [OpenApiExample(name, value, request_only=True)]


class TenantsView(RemembraView):
    permission_classes = (requires(GET=Scope.ADMIN, POST=Scope.ADMIN),)

    @extend_schema(
        operation_id="create_tenant",
        summary="Create a tenant",
        description="The slug never changes. Needs the master key.",
        request=CreateTenantIn,
        responses={201: answer(TenantOut, "Created", _TENANT)},
        examples=_request("Tenant", {"slug": "acme", "name": "Acme Ltd", "rate_limits": {"v1": "500/m"}}),
    )
    def post(self, request: Request) -> Response:
        data = self.body(request, CreateTenantIn)
        slug = data.pop("slug")
        return self.ok(shown(tenants.create(principal(request), slug, cast(TenantChange, data))), 201)

    @extend_schema(
        operation_id="list_tenants",
        summary="List tenants",
        description="Returns all tenants, newest first. Needs the master key.",
        parameters=[TenantsIn],
        responses={
            200: answer(TenantPageOut, "A page of tenants", {"tenants": [_TENANT], "total": 1, "next_cursor": None})
        },
    )
    def get(self, request: Request) -> Response:
        data = self.query(request, TenantsIn)
        page = tenants.page(principal(request), data["limit"], data.get("cursor"))
        body = {"tenants": [shown(t) for t in page.tenants], "total": page.total, "next_cursor": page.next_cursor}
        return self.ok(body)


class TenantView(RemembraView):
    permission_classes = (requires(GET=Scope.ADMIN, PATCH=Scope.ADMIN, DELETE=Scope.ADMIN),)

    @extend_schema(
        operation_id="get_tenant",
        summary="Get a tenant",
        description="Returns the tenant with its counts of memories, users and keys. Needs the master key.",
        responses={200: answer(TenantOut, "The tenant", _TENANT)},
    )
    def get(self, request: Request, tenant_id: str) -> Response:
        return self.ok(shown(tenants.get(principal(request), tenant_id)))

    @extend_schema(
        operation_id="update_tenant",
        summary="Update a tenant's name, default project or limits",
        description="Missing fields keep their values. Needs the master key.",
        request=UpdateTenantIn,
        responses={200: answer(TenantOut, "Updated", _TENANT | {"name": "Acme Oslo"})},
        examples=_request("New name", {"name": "Acme Oslo"}),
    )
    def patch(self, request: Request, tenant_id: str) -> Response:
        data = self.body(request, UpdateTenantIn)
        if not data:
            raise InvalidRequest("Send at least one of name, default_project, rate_limits.", field="name")
        return self.ok(shown(tenants.change(principal(request), tenant_id, cast(TenantChange, data))))

    @extend_schema(
        operation_id="delete_tenant",
        summary="Delete a tenant and all its data",
        description=(
            "The keys of the tenant end at once; the data is erased in the background. `GET "
            "/api/v1/erasures/{receipt_id}` has the time of completion. Needs the master key."
        ),
        request=DeleteTenantIn,
        responses={
            202: answer(
                DeleteTenantResultOut,
                "Erasure started",
                {"status": "pending", "id": TENANT_ID, "receipt_id": ex.RECEIPT_ID},
            )
        },
        examples=_request("Slug", {"confirm": "acme"}),
    )
    def delete(self, request: Request, tenant_id: str) -> Response:
        confirm = self.body(request, DeleteTenantIn)["confirm"]
        receipt = public(RECEIPT, tenants.erase(principal(request), tenant_id, confirm))
        body = {"status": "pending", "id": tenant_id, "receipt_id": receipt}
        return self.ok(body, 202, {"Location": f"/api/v1/erasures/{receipt}"})


def shown(view: Tenant) -> dict[str, Any]:
    return {
        "id": public(TENANT, view.id),
        "slug": view.slug,
        "name": view.name,
        "default_project": view.default_project,
        "rate_limits": dict(view.rate_limits),
        "created_at": iso(view.created_at),
        "counts": {"memories": view.memories, "users": view.users, "keys": view.keys},
    }
