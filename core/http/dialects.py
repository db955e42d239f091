"""The dialect of a path. All paths except HTML pages respond in JSON in one of the dialects."""

from __future__ import annotations

from types import ModuleType

from core.http import mcp, mem0, remembra

_PAGES = ("/admin", "/docs", "/redoc", "/static")


def dialect_of(path: str) -> ModuleType:
    """`core.http.remembra` under /api/v1, `core.http.mcp` at /mcp, else `core.http.mem0`."""
    if path == mcp.PATH:
        return mcp
    return remembra if path == "/api/v1" or path.startswith("/api/") else mem0


def is_page(path: str) -> bool:
    """Whether the path is an HTML page."""
    return path.startswith(_PAGES)
