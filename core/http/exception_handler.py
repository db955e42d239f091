"""Convert exceptions to error responses of the dialect. No other module formats errors."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import DatabaseError, InterfaceError, OperationalError
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from psycopg.errors import QueryCanceled
from psycopg_pool import PoolTimeout
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from core import errors
from core.errors import AppError
from core.http.dialects import dialect_of, is_page

log = logging.getLogger(__name__)

CHALLENGE = 'Bearer realm="memproject"'


def as_app_error(exc: Exception) -> AppError:
    """The AppError for an exception of Django, DRF, the database or this project."""
    match exc:
        case AppError():
            return exc
        case exceptions.ValidationError():
            return _validation(exc.detail)
        case exceptions.ParseError():
            return errors.InvalidRequest(str(exc.detail))
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return errors.Unauthenticated()
        case exceptions.PermissionDenied() | PermissionDenied():
            return errors.ScopeDenied()
        case exceptions.NotFound() | Http404():
            return errors.NotFound()
        case exceptions.MethodNotAllowed():
            return errors.MethodNotAllowed()
        case exceptions.NotAcceptable():
            return errors.NotAcceptable()
        case exceptions.UnsupportedMediaType():
            return errors.UnsupportedMediaType()
        case RequestDataTooBig():
            return errors.PayloadTooLarge()
        case SuspiciousOperation():
            return errors.InvalidRequest()
        case OperationalError() if isinstance(exc.__cause__, QueryCanceled):
            return errors.Unavailable("The database took too long and was stopped. Ask for less, or try again later.")
        case OperationalError() | InterfaceError() | PoolTimeout():
            return errors.Unavailable("The database is unavailable. Try again in a moment.")
        case _:
            return AppError()


def _validation(detail: Any, path: str = "") -> errors.InvalidRequest:
    """The first error, with the path of its field (`messages.0.content`) and the expected form."""
    while isinstance(detail, dict | list) and detail:
        if isinstance(detail, list) and not isinstance(detail[0], dict | list):
            return _complaint(path, str(detail[0]))
        pairs = detail.items() if isinstance(detail, dict) else enumerate(detail)
        key, detail = next((k, d) for k, d in pairs if d)
        if key != "non_field_errors":
            path = f"{path}.{key}" if path else str(key)
    return _complaint(path, str(detail))


def _complaint(path: str, expected: str) -> errors.InvalidRequest:
    return errors.InvalidRequest(f"{path}: {expected}" if path else expected, field=path or None)


def response_headers(error: AppError) -> dict[str, str]:
    headers = {"WWW-Authenticate": CHALLENGE} if error.status == 401 else {}
    retry_after = error.data.get("retry_after", 1 if error.status == 503 else None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return headers


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: every exception of a view becomes a response of its dialect. Only unexpected ones are
    logged."""
    error = as_app_error(exc)
    request = context["request"]
    if error.status >= 500:
        _log(exc, request)
    return Response(_failure(request, error), status=error.status, headers=response_headers(error))


def _failure(request: HttpRequest | Request, error: AppError) -> Any:
    """The body of an error in the dialect of the request."""
    return dialect_of(request.path, request.headers.get("Authorization", "")).failure(error)


def _log(exc: Exception, request: HttpRequest) -> None:
    # Messages of database errors quote values. Log the type; the trace has code and no data.
    quiet = isinstance(exc, AppError | DatabaseError | PoolTimeout)
    kind = exc.__cause__ if isinstance(exc.__cause__, QueryCanceled) else exc
    log.error("%s: %s", request.method, type(kind).__name__, exc_info=None if quiet else exc)


def answer(request: HttpRequest, error: AppError) -> JsonResponse:
    """An error outside of any view."""
    return JsonResponse(_failure(request, error), status=error.status, headers=response_headers(error))


def _handler(error: Callable[[], AppError], page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return page(request, *args, **kwargs) if is_page(request.path) else answer(request, error())

    return handle


bad_request = _handler(errors.InvalidRequest, defaults.bad_request)
permission_denied = _handler(errors.ScopeDenied, defaults.permission_denied)
page_not_found = _handler(
    lambda: errors.NotFound("There is nothing at this path. See /docs for what there is."), defaults.page_not_found
)
server_error = _handler(AppError, defaults.server_error)


@receiver(got_request_exception, dispatch_uid="log_failure")
def log_failure(request: HttpRequest, **_: Any) -> None:
    """Log an exception outside of the API views: in the admin, a middleware or a renderer. Django's own line would
    contain the path with its query (`django.request` is silent)."""
    if isinstance(error := sys.exception(), Exception):
        _log(error, request)


def undebugged(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response of the dialect instead of Django's debug page (DEBUG), which shows code and settings."""
    handler = {400: bad_request, 403: permission_denied, 404: page_not_found, 500: server_error}.get(
        response.status_code
    )
    if handler is None or is_page(request.path) or not response["Content-Type"].startswith("text/html"):
        return response
    return handler(request)
