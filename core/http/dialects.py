"""The dialect of a request. All paths except HTML pages respond in JSON in one of the dialects."""

from __future__ import annotations

from types import ModuleType

from core.http import mcp, mem0, platform, remembra

TOKEN_SCHEME = "token"  # noqa: S105  the scheme of mem0's clients
_PAGES = ("/admin", "/docs", "/redoc", "/static")


def dialect_of(path: str, authorization: str = "") -> ModuleType:
    """`core.http.mcp` at /mcp, `core.http.platform` for `Authorization: Token …` and for paths that end in a slash,
    `core.http.remembra` under /api/v1, else `core.http.mem0`."""
    if path == mcp.PATH:
        return mcp
    if authorization.partition(" ")[0].lower() == TOKEN_SCHEME or (path.endswith("/") and path != "/"):
        return platform
    return remembra if path == "/api/v1" or path.startswith("/api/") else mem0


def is_page(path: str) -> bool:
    """Whether the path is an HTML page."""
    return path.startswith(_PAGES)
