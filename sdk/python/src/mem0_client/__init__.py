"""Client of the memory service's `/v1` API: add, search, update and erase what an agent remembers."""

from mem0_client import errors, types
from mem0_client._core import VERSION as __version__
from mem0_client.client import AsyncMemoryClient, MemoryClient
from mem0_client.errors import (
    AuthenticationError,
    ConflictError,
    IdempotencyMismatchError,
    InvalidRequestError,
    Mem0ConnectionError,
    Mem0Error,
    Mem0TimeoutError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)

__all__ = [
    "AsyncMemoryClient",
    "AuthenticationError",
    "ConflictError",
    "IdempotencyMismatchError",
    "InvalidRequestError",
    "Mem0ConnectionError",
    "Mem0Error",
    "Mem0TimeoutError",
    "MemoryClient",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ServerError",
    "__version__",
    "errors",
    "types",
]
