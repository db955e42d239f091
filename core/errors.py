"""All errors of the service. Each API dialect formats them; no other code does."""

from __future__ import annotations


class AppError(Exception):
    """An error with a neutral code, an HTTP status and data for the caller.

    Each dialect translates `code` (`core.http`). `retryable`: the same request may succeed later; the caller and the
    pipeline use it. `data` is sent to the caller as `details`: never put a secret or stored text into it.
    """

    code = "internal_error"
    status = 500
    retryable = False
    default_message = "Something went wrong on our side."

    def __init__(self, message: str = "", **data: object) -> None:
        self.message = message or self.default_message
        self.data = data
        super().__init__(self.message)


class InvalidRequest(AppError):
    """The input is wrong; `field` names the part and the message says what is expected."""

    code = "invalid_request"
    status = 400
    default_message = "The request is not valid."

    def __init__(self, message: str = "", *, field: str | None = None, **data: object) -> None:
        if field is not None:
            data = {"field": _encodable(field), **data}
        super().__init__(_encodable(message), **data)


def _encodable(text: str) -> str:
    """With escapes for lone surrogates, which the name of a field in a request may hold, but no response."""
    return text.encode(errors="backslashreplace").decode()


class Unauthenticated(AppError):
    code = "unauthenticated"
    status = 401
    default_message = "A valid API key is required: send 'Authorization: Bearer <key>' or 'X-API-Key: <key>'."


class ScopeDenied(AppError):
    code = "forbidden"
    status = 403
    default_message = "This API key may not do that."


class NotFound(AppError):
    """Unknown, foreign and malformed ids give the same error."""

    code = "not_found"
    status = 404
    default_message = "Not found."


class MemoryNotFound(NotFound):
    code = "memory_not_found"

    def __init__(self, memory_id: str) -> None:
        super().__init__(f"Memory with ID '{memory_id}' not found")


class MemoryExpired(AppError):
    """Raised only in STRICT_MODE, until the clean-up has erased the memory."""

    code = "memory_expired"
    status = 410

    def __init__(self, memory_id: str) -> None:
        super().__init__(f"Memory with ID '{memory_id}' has expired")


class MethodNotAllowed(AppError):
    code = "method_not_allowed"
    status = 405
    default_message = "This method is not allowed here."


class NotAcceptable(AppError):
    code = "not_acceptable"
    status = 406
    default_message = "The service answers in application/json."


class Conflict(AppError):
    code = "conflict"
    status = 409
    default_message = "The request conflicts with the present state."


class PayloadTooLarge(AppError):
    code = "payload_too_large"
    status = 413
    default_message = "The request body is too large."


class UriTooLong(AppError):
    code = "uri_too_long"
    status = 414
    default_message = "The request line is too long."


class HeadersTooLarge(AppError):
    code = "headers_too_large"
    status = 431
    default_message = "The request headers are too large."


class UnsupportedMediaType(AppError):
    code = "unsupported_media_type"
    status = 415
    default_message = "Send the body as application/json."


class RateLimited(AppError):
    code = "rate_limited"
    status = 429
    retryable = True
    default_message = "Too many requests."


class Unavailable(AppError):
    code = "unavailable"
    status = 503
    retryable = True
    default_message = "A part of the service is unavailable. Try again in a moment."
