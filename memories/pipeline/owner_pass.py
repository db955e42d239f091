"""One pass over an owner's accepted writes: claim, read, embed, plan, apply, publish, release.

Writes take effect in the order of acceptance. Calls of models and of the network come first, with no transaction open;
then the decisions; then one transaction writes them all. A failed pass is repeated write by write, so that one bad
write fails alone.
"""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from psycopg import sql

from core.clock import now
from core.errors import AppError, Unavailable
from core.monitoring import metrics
from core.redis import publish_result
from memories.extraction.llm.extractor_registry import model_extractor
from memories.models import Source
from memories.pipeline import apply, attempts, embed, erase, owner_locks, owner_state, plan, write_queue, writes
from memories.pipeline.rows import AppliedWrite, Embedded
from memories.pipeline.write_queue import Claim, ClaimResult, LeaseLost
from memories.pipeline.writes import ReadWrite
from memories.types import SourceKind, SourceState

T = TypeVar("T")

log = logging.getLogger(__name__)

MAX_WRITES, MAX_CHARACTERS = 64, 64_000  # of a pass
MAX_STATEMENTS = 500  # of a transaction
PASS_SECONDS = 0.1  # after which a pass reads no further write, so that other owners are served
DATABASE_RETRY_SECONDS = 20.0  # seconds that a worker waits for PostgreSQL
AFTER_DATABASE_ERROR = dt.timedelta(seconds=2)
MAX_DECISIONS = 5  # of one pass, if edits and erasures of the same owner are concurrent
# A write that waits for its next attempt blocks those behind it while its failure is transient: they need the same
# provider. After any other failure the others continue, and it is retried later.
PENDING = """
SELECT * FROM (
    SELECT {columns}, skipped, sum(length(text)) OVER (ORDER BY skipped, sequence, id) - length(text) AS characters
    FROM (
        SELECT {columns}, (next_attempt_at > %(now)s AND NOT failure = ANY(%(transient)s)) IS TRUE AS skipped
        FROM memories_source
        WHERE tenant_id = %(tenant)s AND project = %(project)s AND user_id = %(user)s AND state = 'pending'
        ORDER BY skipped, sequence, id LIMIT %(writes)s
    ) first
) counted
WHERE characters < %(characters)s
ORDER BY skipped, sequence, id
"""
COLUMNS = [sql.Identifier(str(field.column)) for field in Source._meta.concrete_fields if field.name != "tsv"]


class Busy(Unavailable):
    """Concurrent edits and erasures of the same owner prevented each attempt."""

    code = "busy"


def run_quick(tenant_id: uuid.UUID, queue_id: uuid.UUID, limit: float) -> None:
    """A pass by a worker that requests wait for: writes that may take long are left to another worker."""
    if attempts.is_slow(tenant_id):
        write_queue.send_long(tenant_id, queue_id)
    else:
        run(tenant_id, queue_id, limit, takes_long=False)


def run_long(tenant_id: uuid.UUID, queue_id: uuid.UUID, limit: float) -> None:
    """A pass by a worker of the queue `long`."""
    if attempts.is_paused(tenant_id):
        pause = dt.timedelta(seconds=settings.WRITE_TIME_LIMIT_SECONDS)
        write_queue.postpone(tenant_id, queue_id, now() + pause)
    else:
        run(tenant_id, queue_id, limit)


def run(tenant_id: uuid.UUID, queue_id: uuid.UUID, limit: float = 0.0, *, takes_long: bool = True) -> None:
    """Apply the pending writes of an owner, unless there are none or another worker does. No content of a write makes
    this raise; a database that is unavailable for long does.

    `limit`: seconds after which Celery kills this process; 0: it doesn't. `takes_long` False: writes that may take long
    are left to another worker.
    """
    claim = _patiently(lambda: write_queue.claim(tenant_id, queue_id, limit))
    if claim is None:
        return
    turn = ClaimResult(attempts=claim.attempts)
    try:
        with attempts.time_limit():
            _work(claim, turn, takes_long=takes_long)
    except LeaseLost:
        log.warning("the lease of write queue %s was lost", queue_id)
        return
    except (OperationalError, InterfaceError) as error:  # of the database, not of a write
        log.warning("a pass was cut off: %s", type(error).__name__)
        turn = ClaimResult(due_at=now() + AFTER_DATABASE_ERROR)
    except attempts.TimedOutError:
        connection.close()  # the time limit may have interrupted a statement
        attempts.count_timeout(tenant_id)
        turn.attempts, turn.more, turn.is_slow = claim.attempts, True, True
    _patiently(lambda: write_queue.release(claim, turn))


def _patiently(act: Callable[[], T]) -> T:
    """Repeat a statement while PostgreSQL is unavailable: the next owner would fail too."""
    until = time.monotonic() + DATABASE_RETRY_SECONDS
    while True:
        try:
            return act()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > until:
                raise
            threading.Event().wait(0.5)


def _work(claim: Claim, turn: ClaimResult, *, takes_long: bool) -> None:
    sources = _pending(claim, turn)
    if not takes_long:
        quick = list(itertools.takewhile(lambda source: len(source.text) <= write_queue.LONG, sources))
        if len(quick) < len(sources):
            turn.more, turn.is_slow, sources = True, True, quick
    # The claim was never released, or ran out of time: one of these writes may be the cause.
    if claim.attempts > 1:
        turn.attempts = 1 if _one_by_one(sources, claim, turn) or turn.more else 0
        return
    turn.attempts = 0
    if not sources:
        return
    try:
        done = _together(sources, claim)
    except (LeaseLost, OperationalError, InterfaceError):
        raise
    except Unavailable as error:
        turn.more = False
        pending = _pending_ids(sources)
        blocked = next((source for source in sources if source.id in pending), None)
        if blocked is not None:  # those before it may be applied already
            blocked.attempts += 1
            if (until := attempts.failed(blocked, error)) is not None:
                turn.wait_until(until)
    except Exception as error:
        # The message of an error may quote text, so it isn't logged.
        log.warning("a pass over %d writes failed: %s", len(sources), type(error).__name__, exc_info=settings.DEBUG)
        turn.attempts = 1 if _one_by_one(sources, claim, turn) else 0
    else:
        turn.more |= done < len(sources)


def _pending(claim: Claim, turn: ClaimResult) -> list[Source]:
    """The writes of this pass in order, and whether there may be more."""
    moment = now()
    values = {
        "tenant": claim.tenant_id,
        "project": claim.project,
        "user": claim.user_id,
        "now": moment,
        "transient": list(attempts.TRANSIENT_FAILURES),
        "writes": MAX_WRITES,
        "characters": MAX_CHARACTERS,
    }
    statement = sql.SQL(PENDING).format(columns=sql.SQL(", ").join(COLUMNS)).as_string()
    found = list(Source.objects.raw(statement, values))
    ready = list(itertools.takewhile(lambda s: s.next_attempt_at is None or s.next_attempt_at <= moment, found))
    for source in found[len(ready) :]:
        turn.wait_until(source.next_attempt_at or moment)
        if source.failure in attempts.TRANSIENT_FAILURES:
            break
    size = sum(len(source.text) for source in found)
    turn.more = len(ready) == len(found) and (len(found) == MAX_WRITES or size >= MAX_CHARACTERS)
    return ready


# --- all writes at once ----------------------------------------------------------------------------------------------
def _together(sources: Sequence[Source], claim: Claim) -> int:
    """Apply writes in one transaction, or in as few as their statements need; → how many writes were taken."""
    done = 0
    for group in _read(sources, claim):
        for chunk in _chunks(group):
            _apply(chunk, claim)
        done += len(group)
    return done


def _read(sources: Sequence[Source], claim: Claim) -> Iterator[list[ReadWrite]]:
    """Read what each write states. Without a language model all are read first. A model reads each write after those
    before it are applied, because it is shown the stored memories."""
    started, group = time.monotonic(), list[ReadWrite]()
    at_once = model_extractor() is None
    for source in sources:
        if (group or not at_once) and time.monotonic() - started > PASS_SECONDS:
            break
        embed.head(source)
        claim.extend()
        group.append(writes.read(source))
        claim.renew()
        if not at_once:
            yield group
            group = []
    if group:
        yield group


def _chunks(group: Sequence[ReadWrite]) -> Iterator[list[ReadWrite]]:
    """Groups of writes with at most MAX_STATEMENTS statements; a longer write is cut. Writes after a restore are
    decided when that is applied, because the restored text's relations are only in the tables."""
    chunk, size = list[ReadWrite](), 0
    for part in itertools.chain.from_iterable(write.parts(MAX_STATEMENTS) for write in group):
        if chunk and size + len(part.digests) > MAX_STATEMENTS:
            yield chunk
            chunk, size = [], 0
        chunk.append(part)
        size += len(part.digests)
        if part.source.kind == SourceKind.RESTORE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _apply(chunk: Sequence[ReadWrite], claim: Claim) -> None:
    """Decide and write; again with the new state after a concurrent edit or erasure."""
    texts: dict[bytes, Embedded] = {}
    left = list(chunk)
    for _ in range(MAX_DECISIONS):
        found = owner_state.load(claim.tenant_id, claim.project, claim.user_id, left)
        if found.expired:
            with transaction.atomic():
                erase.locked(claim.tenant_id, sorted(found.expired), expired=True)
            left = _still_pending(left, claim)
            continue
        new = {digest: text for write in left for digest, text in write.new_texts(found.live) if digest not in texts}
        try:
            texts |= embed.texts(new, claim)
            owner_state.compare(found, left, texts)
            changes = plan.Planner(found, texts).plan(left)
            claim.renew()
            apply.commit(claim.tenant_id, claim.project, claim.user_id, found.version, changes)
        except plan.MissingTextsError as missing:
            texts |= embed.texts(missing.contents, claim)
        except owner_locks.StaleError:
            left = _still_pending(left, claim)
        else:
            if not all(write.is_last for write in changes.writes):
                claim.advanced()
            _announce(changes.writes, time.monotonic() - claim.started)
            return
        if not left:
            return
    raise Busy


def _announce(results: Sequence[AppliedWrite], seconds: float) -> None:
    for write in results:
        write.source.result = write.result  # the next part of a long write continues with it
        write.source.reserved_id = write.reserved_id or write.source.reserved_id
    ended = [write for write in results if write.failure or write.is_last]
    for write in ended:
        metrics.pipeline_ended(write.source.kind, "failed" if write.failure else "applied", seconds)
    publish_result([write.source.id for write in ended])


def _still_pending(chunk: Sequence[ReadWrite], claim: Claim) -> list[ReadWrite]:
    """Without writes that were erased, or applied by another worker. A write without some of its messages is read
    again."""
    ids = [write.source.id for write in chunk]
    rows = Source.objects.filter(tenant=claim.tenant_id, id__in=ids, state=SourceState.PENDING).defer("tsv")
    pending = {source.id: source for source in rows}
    left = [write for write in chunk if write.source.id in pending]
    for number, write in enumerate(left):
        source = pending[write.source.id]
        if len(source.text) != len(write.source.text):
            claim.extend()
            left[number] = writes.read(source)
    return left


def _pending_ids(sources: Sequence[Source]) -> set[uuid.UUID]:
    ids = [source.id for source in sources]
    rows = Source.objects.filter(tenant=sources[0].tenant_id, id__in=ids, state=SourceState.PENDING)
    return set(rows.values_list("id", flat=True))


# --- one write after the other ---------------------------------------------------------------------------------------
def _one_by_one(sources: Sequence[Source], claim: Claim, turn: ClaimResult) -> bool:
    """Apply each write on its own, and count its attempts; → whether writes are left for a reason other than a
    failure."""
    for number, source in enumerate(sources):
        if number and time.monotonic() - claim.started > PASS_SECONDS:
            turn.more = True
            return True
        if not attempts.begin(source, claim.attempts - 1 if len(sources) == 1 else 0):
            continue
        try:
            _together([source], claim)
        except (LeaseLost, OperationalError, InterfaceError):
            raise
        except attempts.TimedOutError:
            connection.close()  # the time limit may have interrupted a statement
            attempts.timed_out(source)
            raise
        except Exception as error:
            log.warning("write %s failed: %s", source.id, type(error).__name__, exc_info=settings.DEBUG)
            until = attempts.failed(source, error)
            if until is not None:
                turn.wait_until(until)
            if isinstance(error, AppError) and error.code in attempts.TRANSIENT_FAILURES:
                turn.more = False
                return False
    return False
