"""The errors of `POST /mcp`: JSON-RPC, for failures that the MCP server does not answer itself."""

from __future__ import annotations

from typing import Any

from core.errors import AppError
from core.http.remembra import CODES

PATH = "/mcp"
MAX_BODY_SIZE = 1_000_000  # bytes; the largest valid call has 50,000 characters of text and 16 KB of metadata
INVALID_REQUEST, INTERNAL_ERROR = -32600, -32603


def failure(error: AppError) -> dict[str, Any]:
    """A JSON-RPC error without the id of a request. `data` has the code of `/api/v1` and the details."""
    code = INTERNAL_ERROR if error.status >= 500 else INVALID_REQUEST
    data = {"code": CODES[error.code], **error.data}
    return {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": error.message, "data": data}}
