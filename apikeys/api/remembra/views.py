"""`/api/v1/keys`: keys that the caller may manage."""

from __future__ import annotations

import datetime as dt
from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response

from apikeys import creation_policy
from apikeys.api.permissions import principal, requires
from apikeys.api.remembra import schema, serializers
from apikeys.api.remembra.responses import KeyOut, KeyPageOut, NewKeyOut, RotatedKeyOut
from apikeys.creation_policy import GrantCommand, KeyQuery
from apikeys.key_management import KeyChange
from apikeys.scopes import Role, Scope
from core.errors import InvalidRequest
from core.http.base import RemembraView


class KeysView(RemembraView):
    permission_classes = (requires(GET=Scope.ADMIN, POST=Scope.ADMIN),)
    response_is_secret = True

    @schema.creating
    def post(self, request: Request) -> Response:
        data = self.body(request, serializers.CreateKeyIn)
        projects = data.get("project_ids")
        command = GrantCommand(
            name=data["name"],
            role=Role(data["role"]),
            user_id=data.get("user_id"),
            project_ids=None if projects is None else tuple(projects),
            rate_limit_tier=data.get("rate_limit_tier"),
            rate_limits=data.get("rate_limits"),
            expires_at=data.get("expires_at"),
            tenant=data.get("tenant"),
        )
        return self.ok(NewKeyOut, creation_policy.grant(principal(request), command), 201)

    @schema.listing
    def get(self, request: Request) -> Response:
        page = creation_policy.page(principal(request), KeyQuery(**self.query(request, serializers.KeysIn)))
        return self.ok(KeyPageOut, page)


class KeyView(RemembraView):
    permission_classes = (requires(GET=Scope.ADMIN, PATCH=Scope.ADMIN, DELETE=Scope.ADMIN),)

    @schema.getting
    def get(self, request: Request, key_id: str) -> Response:
        return self.ok(KeyOut, creation_policy.get(principal(request), key_id))

    @schema.changing
    def patch(self, request: Request, key_id: str) -> Response:
        data = self.body(request, serializers.UpdateKeyIn)
        if not data:
            raise InvalidRequest("Send at least one of name, rate_limit_tier, rate_limits, expires_at.", field="name")
        return self.ok(KeyOut, creation_policy.change(principal(request), key_id, cast(KeyChange, data)))

    @schema.revoking
    def delete(self, request: Request, key_id: str) -> Response:
        return self.ok(KeyOut, creation_policy.revoke(principal(request), key_id))


class RotateView(RemembraView):
    permission_classes = (requires(POST=Scope.ADMIN),)
    response_is_secret = True

    @schema.rotating
    def post(self, request: Request, key_id: str) -> Response:
        grace = dt.timedelta(seconds=self.body(request, serializers.RotateKeyIn)["grace_seconds"])
        return self.ok(RotatedKeyOut, creation_policy.rotate(principal(request), key_id, grace), 201)
