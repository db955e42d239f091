"""`Idempotency-Key`: a write that is sent twice is applied once, and gets the same response.

The key is claimed by a row of its own, committed before the request is processed. A concurrent repeat sees it at once,
and no request waits for a lock. Then there are two cases:
- an atomic view runs in the transaction of the record: its changes and the response commit together;
- a view that commits Sources binds the record to them in that transaction (`bind`). If this process dies later, the
  response is made from their results.

A refused request leaves no record: the corrected request may use the key again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from core.clock import now
from core.errors import AppError, Conflict, InvalidRequest, NotFound
from core.idempotency import records
from core.idempotency.types import IdempotencyClaim, StoredResponse
from core.ids import subjects_of

HEADER = "Idempotency-Key"
FORM = re.compile(r"[\x21-\x7e]{1,255}")
BUSY = "The same request is being worked on."
CLAIM_GRACE = dt.timedelta(seconds=20)  # after the longest wait the process that claimed it has died


class KeyReuseError(AppError):
    code = "idempotency_mismatch"
    status = 422
    default_message = f"{HEADER}: this key was used for another request"


_claimed: ContextVar[IdempotencyClaim | None] = ContextVar("idempotency_claim", default=None)


def bind(sources: Sequence[uuid.UUID], response_context: Any = None) -> None:
    """Called in the transaction that commits Sources: bind the record of the current request, if any, to them.

    Raises Conflict if another process has taken the record over, so that this transaction writes nothing.
    """
    claim = _claimed.get()
    if claim is not None and not records.bind(claim, sources, response_context):
        raise Conflict(BUSY, retry_after=1)


def idempotent(view: Any, request: Request, act: Callable[[], Response]) -> Response:
    """The response of `act`, or the stored response of an earlier identical request.

    `view.atomic` selects one of the two cases, `view.response_is_secret` forbids to store the response, and
    `view.replay(sources, response_context)` makes the response for Sources.
    """
    key = request.headers[HEADER]
    if not FORM.fullmatch(key):
        raise InvalidRequest(f"{HEADER}: must be 1 to 255 visible ASCII characters", field=HEADER)
    caller, seen = cast(Any, request.user), fingerprint(request)
    found = records.claim(caller.tenant_id, caller.caller, key, seen)
    if isinstance(found, StoredResponse):
        if found.fingerprint != seen:
            raise KeyReuseError
        taken = records.take_over(found.claim) if _abandoned(found) else None
        if taken is None:
            return _again(view, found)
        found = taken
    token = _claimed.set(found)
    try:
        return _first(view, found, act)
    except Exception:
        if not records.is_bound(found):
            records.release(found)
        raise
    finally:
        _claimed.reset(token)


def fingerprint(request: Request) -> bytes:
    """Identifies a request: method, path with its query, and the body as JSON."""
    said = json.dumps(request.data, sort_keys=True, ensure_ascii=False, default=str)
    parts = [request.method or "", request.get_full_path(), said]
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).digest()


def _first(view: Any, claim: IdempotencyClaim, act: Callable[[], Response]) -> Response:
    if not view.atomic:
        response = act()
        _keep(view, claim, response)
        return response
    with transaction.atomic():
        response = act()
        if not _keep(view, claim, response):
            raise Conflict(BUSY, retry_after=1)
    return response


def _keep(view: Any, claim: IdempotencyClaim, response: Response) -> bool:
    body = response.data
    kept = {"id": _id_of(body)} if view.response_is_secret else body
    return records.finish(claim, response.status_code, kept, subjects_of(body))


def _again(view: Any, found: StoredResponse) -> Response:
    """The response for a repeated request."""
    if found.erased:
        raise _gone(found)
    if found.status is None and not found.sources:
        raise Conflict(BUSY, retry_after=1)
    if found.status is not None and view.response_is_secret:
        raise Conflict(
            "This request was answered before, and its answer held a secret that is shown once.", **found.body
        )
    if found.status is not None and not (found.status == 202 and found.sources):
        return Response(found.body, status=found.status)
    try:
        response = cast(Response, view.replay(found.sources, found.response_context))
    except NotFound:
        raise _gone(found) from None
    if response.status_code != 202:
        _keep(view, found.claim, response)
    return response


def _gone(found: StoredResponse) -> Conflict:
    from_ids = {"ids": [str(i) for i in found.subjects]} if found.subjects else {}
    return Conflict("This request was answered before, and what it wrote was erased since.", **from_ids)


def _id_of(body: Any) -> Any:
    inner = body.get("data", body) if isinstance(body, dict) else {}
    return inner.get("id") if isinstance(inner, dict) else None


def _old(found: StoredResponse) -> bool:
    return now() > found.claim.since + dt.timedelta(seconds=settings.STORE_WAIT_SECONDS) + CLAIM_GRACE


def _abandoned(found: StoredResponse) -> bool:
    return found.status is None and not found.sources and not found.erased and _old(found)
