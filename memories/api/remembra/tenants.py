"""`/api/v1/tenants`: for the master key only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from apikeys.tenants import TenantChange
from core.errors import InvalidRequest
from core.http.base import RemembraView, RequestSerializer, StrictRequestSerializer
from core.http.fields import IdentifierField, QueryIntegerField, RateLimitsField, TextField, TimestampField
from core.http.responses import PublicIdField, ResponseSerializer, answer, example_id
from core.ids import RECEIPT, TENANT, public
from memories.api import examples as ex
from memories.services import tenants
from memories.services.tenants import TenantPage
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


class TenantCountsOut(ResponseSerializer):
    memories = serializers.IntegerField()
    users = serializers.IntegerField()
    keys = serializers.IntegerField()


class TenantOut(ResponseSerializer):
    id = PublicIdField(TENANT)
    slug = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    default_project = serializers.CharField()
    rate_limits = RateLimitsField()
    created_at = TimestampField()
    counts = TenantCountsOut(source="*")

    example = Tenant(
        id=example_id(TENANT_ID),
        slug="acme",
        name="Acme Ltd",
        default_project="default",
        rate_limits={"v1": "500/m"},
        created_at=ex.TIME,
        memories=0,
        users=0,
        keys=0,
    )


class TenantPageOut(ResponseSerializer):
    tenants = TenantOut(many=True)
    total = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True)

    example = TenantPage([TenantOut.example], 1, None)


@dataclass(frozen=True, slots=True)
class TenantErasure:
    """A tenant that is being erased, by its public id and that of the receipt."""

    id: str
    receipt_id: str
    status: str = "pending"


class DeleteTenantResultOut(ResponseSerializer):
    status = serializers.CharField()
    id = serializers.CharField()
    receipt_id = serializers.CharField()

    example = TenantErasure(TENANT_ID, ex.RECEIPT_ID)


def _request(name: str, value: Any) -> list[OpenApiExample]:
    return [OpenApiExample(name, value, request_only=True)]


class TenantsView(RemembraView):
    permission_classes = (requires(GET=Scope.ADMIN, POST=Scope.ADMIN),)

    @extend_schema(
        operation_id="create_tenant",
        summary="Create a tenant",
        description="The slug never changes. Needs the master key.",
        request=CreateTenantIn,
        responses={201: answer(TenantOut, "Created")},
        examples=_request("Tenant", {"slug": "acme", "name": "Acme Ltd", "rate_limits": {"v1": "500/m"}}),
    )
    def post(self, request: Request) -> Response:
        data = self.body(request, CreateTenantIn)
        slug = data.pop("slug")
        return self.ok(TenantOut, tenants.create(principal(request), slug, cast(TenantChange, data)), 201)

    @extend_schema(
        operation_id="list_tenants",
        summary="List tenants",
        description="Returns all tenants, newest first. Needs the master key.",
        parameters=[TenantsIn],
        responses={200: answer(TenantPageOut, "A page of tenants")},
    )
    def get(self, request: Request) -> Response:
        data = self.query(request, TenantsIn)
        return self.ok(TenantPageOut, tenants.page(principal(request), data["limit"], data.get("cursor")))


class TenantView(RemembraView):
    permission_classes = (requires(GET=Scope.ADMIN, PATCH=Scope.ADMIN, DELETE=Scope.ADMIN),)

    @extend_schema(
        operation_id="get_tenant",
        summary="Get a tenant",
        description="Returns the tenant with its counts of memories, users and keys. Needs the master key.",
        responses={200: answer(TenantOut, "The tenant")},
    )
    def get(self, request: Request, tenant_id: str) -> Response:
        return self.ok(TenantOut, tenants.get(principal(request), tenant_id))

    @extend_schema(
        operation_id="update_tenant",
        summary="Update a tenant's name, default project or limits",
        description="Missing fields keep their values. Needs the master key.",
        request=UpdateTenantIn,
        responses={200: answer(TenantOut, "Updated", replace(TenantOut.example, name="Acme Oslo"))},
        examples=_request("New name", {"name": "Acme Oslo"}),
    )
    def patch(self, request: Request, tenant_id: str) -> Response:
        data = self.body(request, UpdateTenantIn)
        if not data:
            raise InvalidRequest("Send at least one of name, default_project, rate_limits.", field="name")
        return self.ok(TenantOut, tenants.change(principal(request), tenant_id, cast(TenantChange, data)))

    @extend_schema(
        operation_id="delete_tenant",
        summary="Delete a tenant and all its data",
        description=(
            "The keys of the tenant end at once; the data is erased in the background. `GET "
            "/api/v1/erasures/{receipt_id}` has the time of completion. Needs the master key."
        ),
        request=DeleteTenantIn,
        responses={202: answer(DeleteTenantResultOut, "Erasure started")},
        examples=_request("Slug", {"confirm": "acme"}),
    )
    def delete(self, request: Request, tenant_id: str) -> Response:
        confirm = self.body(request, DeleteTenantIn)["confirm"]
        erasure = TenantErasure(tenant_id, public(RECEIPT, tenants.erase(principal(request), tenant_id, confirm)))
        return self.ok(DeleteTenantResultOut, erasure, 202, {"Location": f"/api/v1/erasures/{erasure.receipt_id}"})
