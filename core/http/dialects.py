"""Which dialect a path speaks. Everything that isn't a page for people is answered as JSON in one of the two."""

from __future__ import annotations

from types import ModuleType

from core.http import mem0, remembra

_PAGES = ("/admin", "/docs", "/redoc", "/static")


def dialect_of(path: str) -> ModuleType:
    """`core.http.remembra` under /api/v1, else `core.http.mem0`."""
    return remembra if path == "/api/v1" or path.startswith("/api/") else mem0


def is_page(path: str) -> bool:
    """Whether people read what this path answers."""
    return path.startswith(_PAGES)
