"""Permissions: each view declares the scope that each of its methods needs. A view without a declaration is closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apikeys.scopes import Scope
from apikeys.types import Monitor, Principal
from core.errors import Unauthenticated


class NothingWithoutScope(BasePermission):
    """The default permission class: refuses every request to a view without an explicit scope."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class Public(BasePermission):
    """For the few views without authentication."""


class RequiresScope(BasePermission):
    scopes: ClassVar[Mapping[str, Scope]]

    def has_permission(self, request: Request, view: Any) -> bool:
        scope = self.scopes.get("GET" if request.method == "HEAD" else request.method or "")
        if scope is None:
            return request.method not in view.allowed_methods
        if not isinstance(request.user, Principal | Monitor):
            raise Unauthenticated
        return request.user.has(scope)


def requires(**scopes: Scope) -> type[RequiresScope]:
    """A permission class: `requires(GET=Scope.READ, DELETE=Scope.DELETE)`."""
    return type("Requires", (RequiresScope,), {"scopes": scopes})


def monitor(request: Request) -> Principal | Monitor:
    """The caller of a request for metrics that passed `requires`."""
    assert isinstance(request.user, Principal | Monitor)
    return request.user


def principal(request: Request) -> Principal:
    """The caller of a request that passed `requires`."""
    assert isinstance(request.user, Principal)
    return request.user
