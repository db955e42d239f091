"""What the service refused, or why it could not be reached. One class a kind, all of them a `Mem0Error`."""

from __future__ import annotations

from typing import Any


class Mem0Error(Exception):
    """A call that failed.

    `code` is the service's (`INVALID_REQUEST`, `MEMORY_NOT_FOUND`, …) or one of this client's own; `status` is None
    where there was no answer; `request_id` names the call in the service's log; `retry_after` is what the service asked
    for, in seconds.
    """

    def __init__(
        self,
        message: str,
        code: str,
        details: dict[str, Any] | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code, details, status, request_id, retry_after)
        self.message = message
        self.code = code
        self.details = details or {}
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" (request {self.request_id})" if self.request_id else "")


class InvalidRequestError(Mem0Error):
    """400: `details["field"]` names what is wrong."""


class AuthenticationError(Mem0Error):
    """401"""


class PermissionDeniedError(Mem0Error):
    """403"""


class NotFoundError(Mem0Error):
    """404: unknown, or not this key's."""


class ConflictError(Mem0Error):
    """409"""


class IdempotencyMismatchError(Mem0Error):
    """422: the same Idempotency-Key was used for another body."""


class RateLimitError(Mem0Error):
    """429"""


class ServerError(Mem0Error):
    """Any 5xx; 503 says that a part of the service is temporarily unavailable."""


class Mem0ConnectionError(Mem0Error):
    """No answer: refused, reset, unknown host."""


class Mem0TimeoutError(Mem0ConnectionError):
    """No answer in time, or an event that is still pending."""


BY_STATUS: dict[int, type[Mem0Error]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: IdempotencyMismatchError,
    429: RateLimitError,
}


def of_status(status: int) -> type[Mem0Error]:
    return BY_STATUS.get(status, ServerError if status >= 500 else Mem0Error)
