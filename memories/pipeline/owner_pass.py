"""One pass over an owner's accepted writes: claim, read, embed, plan, apply, announce, release.

Writes take effect in the order of acceptance. Models and the network work first, with no transaction open; then the
decisions are made; then one transaction writes them all. A pass that fails is repeated write by write, so that one bad
write fails alone.
"""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from psycopg import sql

from memories.models import Source
from memories.pipeline import apply, embed, erase, owners, plan, state, write_queue, writes
from memories.pipeline.changes import WriteResult
from memories.pipeline.rows import Embedded
from memories.pipeline.write_queue import Claim, LeaseLost
from memories.pipeline.writes import ReadWrite
from memories.providers import registry
from memories.types import SourceState
from memproject.common import metrics
from memproject.common.claims import backoff
from memproject.common.clock import now
from memproject.common.errors import AppError, Unavailable
from memproject.common.redis import announce

log = logging.getLogger(__name__)

MAX_WRITES, MAX_CHARACTERS = 64, 64_000  # of a pass
MAX_STATEMENTS = 500  # of a transaction
PASS_SECONDS = 1.0  # after which a pass reads no further write: other owners have their turn
MAX_ATTEMPTS = 20  # of a write that fails for a reason that isn't known to pass
MAX_RETRY_AFTER = 600.0  # seconds that a provider may ask for
MAX_DECISIONS = 5  # of one pass, when edits and erasures of the same owner come in between
MAX_LOST = 3  # attempts of a write whose worker was killed, or that took too long
WORKER_LOST, TIMED_OUT = "worker_lost", "timed_out"
LOST = (WORKER_LOST, TIMED_OUT)
TRANSIENT_FAILURES = ("unavailable", "service_unavailable", "busy")  # they end by themselves: no limit of attempts

# A write that waits for its next attempt holds back those behind it while its failure is transient: they need the same
# provider. Any other failure is its own: the others go on, and it is tried again later.
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
    """Edits and erasures of the same owner came in between, again and again."""

    code = "busy"


@dataclass(slots=True)
class Turn:
    """What a claim came to. `more`: writes are left that can be applied now; `due_at`: the next attempt of one that
    failed."""

    more: bool = False
    due_at: dt.datetime | None = None
    attempts: int = 0

    def wait_until(self, moment: dt.datetime) -> None:
        self.due_at = moment if self.due_at is None else min(self.due_at, moment)


def run(tenant_id: uuid.UUID, queue_id: uuid.UUID) -> None:
    """Apply pending writes of an owner, if there are any and no other worker does. No content of a write makes this
    raise; a database that is unavailable does."""
    claim = write_queue.claim(tenant_id, queue_id)
    if claim is None:
        return
    turn = Turn(attempts=claim.attempts)
    try:
        _work(claim, turn)
    except LeaseLost:
        log.warning("the lease of write queue %s was lost", queue_id)
        return
    write_queue.release(claim, more=turn.more, due_at=turn.due_at, attempts=turn.attempts)


def _work(claim: Claim, turn: Turn) -> None:
    sources = _pending(claim, turn)
    # A claim that was never released: the worker was killed in the middle, perhaps by one of these writes.
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
        sources[0].attempts += 1
        _later(sources[0], error, turn)
        turn.more = False
    except SoftTimeLimitExceeded:
        turn.attempts, turn.more = claim.attempts, True  # the next claim takes them one by one
    except Exception as error:
        # The message of an error may quote text, so it isn't logged.
        log.warning("a pass over %d writes failed: %s", len(sources), type(error).__name__, exc_info=settings.DEBUG)
        _one_by_one(sources, claim, turn)
    else:
        turn.more |= done < len(sources)


def _pending(claim: Claim, turn: Turn) -> list[Source]:
    """The writes of this pass in order, and whether there may be more."""
    moment = now()
    values = {
        "tenant": claim.tenant_id,
        "project": claim.project,
        "user": claim.user_id,
        "now": moment,
        "transient": list(TRANSIENT_FAILURES),
        "writes": MAX_WRITES,
        "characters": MAX_CHARACTERS,
    }
    statement = sql.SQL(PENDING).format(columns=sql.SQL(", ").join(COLUMNS)).as_string()
    found = list(Source.objects.raw(statement, values))
    ready = list(itertools.takewhile(lambda s: s.next_attempt_at is None or s.next_attempt_at <= moment, found))
    for source in found[len(ready) :]:
        turn.wait_until(source.next_attempt_at or moment)
        if source.failure in TRANSIENT_FAILURES:
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
    """What each write states. Without a language model all are read first; a model reads each write when those before
    it are applied, because it is shown the stored memories."""
    started, group = time.monotonic(), list[ReadWrite]()
    at_once = registry.model_extractor() is None
    for source in sources:
        if (group or not at_once) and time.monotonic() - started > PASS_SECONDS:
            break
        embed.head(source)
        group.append(writes.read(source, claim))
        claim.keep()
        if not at_once:
            yield group
            group = []
    if group:
        yield group


def _chunks(group: Sequence[ReadWrite]) -> Iterator[list[ReadWrite]]:
    """Writes with at most MAX_STATEMENTS statements together; a longer one is cut."""
    chunk, size = list[ReadWrite](), 0
    for part in itertools.chain.from_iterable(write.parts(MAX_STATEMENTS) for write in group):
        if chunk and size + len(part.digests) > MAX_STATEMENTS:
            yield chunk
            chunk, size = [], 0
        chunk.append(part)
        size += len(part.digests)
    if chunk:
        yield chunk


def _apply(chunk: Sequence[ReadWrite], claim: Claim) -> None:
    """Decide and write; again with the new state where an edit or an erasure came in between."""
    texts: dict[bytes, Embedded] = {}
    left = list(chunk)
    for _ in range(MAX_DECISIONS):
        found = state.load(claim.tenant_id, claim.project, claim.user_id, left)
        if found.expired:
            with transaction.atomic():
                erase.locked(claim.tenant_id, sorted(found.expired), expired=True)
            left = _still_pending(left)
            continue
        new = {digest: text for write in left for digest, text in write.new_texts(found.live) if digest not in texts}
        try:
            texts |= embed.texts(new, claim)
            state.compare(found, left, texts)
            changes = plan.Planner(found, texts).plan(left)
            claim.keep()
            apply.commit(claim.tenant_id, claim.project, claim.user_id, found.version, changes)
        except plan.MissingTextsError as missing:
            texts |= embed.texts(missing.contents, claim)
        except owners.StaleError:
            left = _still_pending(left)
        else:
            _announce(changes.writes, time.monotonic() - claim.started)
            return
        if not left:
            return
    raise Busy


def _announce(results: Sequence[WriteResult], seconds: float) -> None:
    for write in results:
        write.source.result = write.result  # the next part of a long write goes on from it
    ended = [write for write in results if write.failure or write.is_last]
    for write in ended:
        metrics.pipeline_ended(write.source.kind, "failed" if write.failure else "applied", seconds)
    announce([write.source.id for write in ended])


def _still_pending(chunk: Sequence[ReadWrite]) -> list[ReadWrite]:
    """Without the writes that were erased, or applied by another worker."""
    ids = [write.source.id for write in chunk]
    rows = Source.objects.filter(tenant=chunk[0].source.tenant_id, id__in=ids, state=SourceState.PENDING)
    left = set(rows.values_list("id", flat=True))
    return [write for write in chunk if write.source.id in left]


# --- one write after the other ---------------------------------------------------------------------------------------
def _one_by_one(sources: Sequence[Source], claim: Claim, turn: Turn) -> bool:
    """Apply each write on its own, and count its attempts; → whether writes are left, though not for a failure.

    An attempt is counted before it begins: a write that kills its worker is set aside after MAX_LOST of them.
    """
    started = time.monotonic()
    for number, source in enumerate(sources):
        if number and time.monotonic() - started > PASS_SECONDS:
            turn.more = True
            return True
        if source.failure in LOST and source.attempts >= MAX_LOST:
            _close_failed(source, source.failure, {})
            continue
        if not writes.pending(source).update(attempts=F("attempts") + 1, failure=WORKER_LOST):
            continue  # erased
        source.attempts += 1
        try:
            _together([source], claim)
        except (LeaseLost, OperationalError, InterfaceError):
            raise
        except SoftTimeLimitExceeded:
            writes.pending(source).update(failure=TIMED_OUT)
            metrics.pipeline_ended(source.kind, "retried")
            turn.more = True
            return True
        except AppError as error:
            if error.retryable:
                _later(source, error, turn)
                if error.code in TRANSIENT_FAILURES:
                    turn.more = False
                    return False
            else:
                _close_failed(source, error.code, {"message": error.message, **error.data})
        except Exception as error:
            log.error("write %s failed: %s", source.id, type(error).__name__, exc_info=settings.DEBUG)
            _later(source, error, turn)
    return False


def _later(source: Source, error: Exception, turn: Turn) -> None:
    """Try a write again, later and later. One that never passes is set aside at last, with its text."""
    code = error.code if isinstance(error, AppError) else type(error).__name__
    if source.attempts >= MAX_ATTEMPTS and code not in TRANSIENT_FAILURES:
        _close_failed(source, code, {})
        return
    asked = dt.timedelta(seconds=min(getattr(error, "retry_after", None) or 0, MAX_RETRY_AFTER))
    until = now() + max(backoff(source.attempts), asked)
    writes.pending(source).update(failure=code[:64], next_attempt_at=until, attempts=max(1, source.attempts))
    metrics.pipeline_ended(source.kind, "retried")
    turn.wait_until(until)


def _close_failed(source: Source, failure: str, result: dict[str, object]) -> None:
    writes.pending(source).update(
        state=SourceState.FAILED, failure=failure[:64], result=result, finished_at=now(), next_attempt_at=None
    )
    metrics.pipeline_ended(source.kind, "failed")
    announce([source.id])
