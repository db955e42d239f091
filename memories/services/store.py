"""Store: commit the raw text, then wait for the worker for a while. A committed text is never lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from apikeys.types import Principal
from core.clock import iso, now
from core.errors import InvalidRequest
from core.idempotency.keys import bind
from core.ids import new_id
from core.redis import await_result
from memories.languages import configuration
from memories.models import Source
from memories.pipeline import attempts, write_queue
from memories.pipeline.fulltext import SOURCE_CHARACTERS, to_tsvector
from memories.pipeline.write_queue import LONG, Priority
from memories.services import access
from memories.services.events import results_of, rows
from memories.types import Item, SourceKind, StoreCommand, WriteResult

MAX_FIRST = 10  # writes of one request that go to the queue `store`

# At most half of the threads wait for a worker, so that recall has free threads if a worker is slow or dead.
_places = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 2))
# Many texts take seconds: a request with many uses a waiting slot of its own kind, and is processed after those with
# one text.
_many_places = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 8))


def store(principal: Principal, command: StoreCommand) -> WriteResult:
    """Accept a write and return its result, or its pending state after the wait.

    Raises InvalidRequest and ScopeDenied before anything is written.
    """
    return enqueue_writes([source_of(principal, command)], wait=command.wait)[0]


def source_of(principal: Principal, command: StoreCommand, **payload: Any) -> Source:
    """The row of an accepted store; `payload` has the parameters for the pipeline."""
    user_id, project = access.writing(principal, command.user_id, command.project)
    if command.expires_at is not None and command.expires_at <= now():
        raise InvalidRequest("expires_at: must lie in the future", field="expires_at")
    text, spans = joined(command.items)
    return Source(
        tenant_id=principal.tenant_id,
        kind=SourceKind.STORE.value,
        project=project,
        user_id=user_id,
        agent_id=command.agent_id,
        run_id=command.run_id,
        actor=principal.caller,
        text=text,
        payload={
            "items": spans,
            "infer": command.infer,
            "single_text": command.single_text,
            "metadata": dict(command.metadata),
            "memory_type": command.memory_type,
            **payload,
        },
        reserved_id=new_id(),
        expires_at=command.expires_at,
        tsv=to_tsvector(text[:SOURCE_CHARACTERS], configuration(project)),
    )


def enqueue_writes(sources: Sequence[Source], *, wait: bool, response_context: Any = None) -> list[WriteResult]:
    """Commit Sources, all or none, enqueue their owners and wait for them. Requests that cannot wait (no free waiting
    slot) are enqueued on the `bulk` queue.

    `response_context` has the data of the response besides the results, for a repeat with the same idempotency key.
    """
    is_many = len(sources) > MAX_FIRST
    places = _many_places if is_many else _places
    waiting = wait and _are_quick(sources) and places.acquire(blocking=False)
    try:
        with transaction.atomic():
            last = write_queue.enqueue_all(sources, Priority.STORE if waiting and not is_many else Priority.BULK)
            Source.objects.bulk_create(sources)
            if sources:
                bind([source.id for source in sources], response_context)
        if waiting:
            connection.close()  # return the connection to the pool while we wait
            until = time.monotonic() + settings.STORE_WAIT_SECONDS
            for source in last:  # an owner's writes are applied in order: the last one is done when all are
                if not await_result(source.id, max(0.01, until - time.monotonic())):
                    break
    finally:
        if waiting:
            places.release()
    if not sources:
        return []
    now_there = rows(sources[0].tenant_id, [source.id for source in sources])
    return results_of([now_there.get(source.id, source) for source in sources])


def _are_quick(sources: Sequence[Source]) -> bool:
    """Whether these writes may use the workers that requests wait for: short texts, of a tenant without recent
    time-outs."""
    if not sources or any(len(source.text) > LONG for source in sources):
        return False
    return not attempts.is_slow(sources[0].tenant_id)


def joined(items: tuple[Item, ...]) -> tuple[str, list[dict[str, Any]]]:
    """All items as one raw text, and each item as a span of it with its speaker and time."""
    parts: list[str] = []
    spans: list[dict[str, Any]] = []
    at = 0
    for item in items:
        said: dict[str, Any] = {"start": at, "stop": at + len(item.content)}
        optional = {
            "role": item.role,
            "speaker": item.speaker,
            "said_at": iso(item.said_at) if item.said_at else None,
            "client_timestamp": item.client_timestamp,
        }
        spans.append(said | {name: value for name, value in optional.items() if value is not None})
        parts.append(item.content)
        at += len(item.content) + 1
    return "\n".join(parts), spans
