"""Every route says which scope each of its methods needs, or it stands in the list of those that need none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from apikeys.api.permissions import RequiresScope
from apikeys.scopes import Scope

PUBLIC = {"health", "v1-health", "api-health", "openapi", "docs", "redoc"}  # by route name; pages and probes
OUTSIDE = {"admin"}  # by namespace; the admin has logins of its own
UNASKED = {"OPTIONS", "HEAD"}  # DRF adds these: a description, and GET without its body


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if entry.namespace not in OUTSIDE:
                yield from routes(entry, path)
        else:
            yield path, entry


def unscoped() -> list[str]:
    """What is wrong with the scopes of all routes."""
    found = []
    for path, route in routes():
        if route.name not in PUBLIC:
            view = getattr(route.callback, "cls", None)
            found += [f"/{path}: {wrong}" for wrong in (wrong_scopes(view) if view else ["it is no view of the API"])]
    return found


def wrong_scopes(view: type[Any]) -> list[str]:
    """What is wrong with the permissions of one view class."""
    asked = [p for p in view.permission_classes if isinstance(p, type) and issubclass(p, RequiresScope)]
    if len(asked) != 1:
        return [f"{view.__name__} has {len(asked)} requires(…)"]
    handled = {name.upper() for name in view.http_method_names if hasattr(view, name)} - UNASKED
    scopes = asked[0].scopes
    wrong = [f"{view.__name__}.{method.lower()} has no scope" for method in sorted(handled - scopes.keys())]
    wrong += [f"{view.__name__} has a scope for {method} and no handler" for method in sorted(scopes.keys() - handled)]
    return wrong + [f"{method}: {scope!r} is no scope" for method, scope in scopes.items() if type(scope) is not Scope]
