"""The rows of `Idempotency-Key` (`core.idempotency.decorator`): claim, finish, redact and delete them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import QuerySet

from core.clock import now
from core.idempotency.models import IdempotencyRecord
from core.idempotency.types import IdempotencyClaim, StoredResponse
from core.ids import new_id
from core.tenancy import across_tenants

RETENTION = dt.timedelta(hours=24)


def claim(tenant_id: uuid.UUID, caller: str, key: str, fingerprint: bytes) -> IdempotencyClaim | StoredResponse:
    """Claim a key, or return the existing record. Committed at once, so that a concurrent repeat sees it without
    waiting."""
    row = IdempotencyRecord(id=new_id(), tenant_id=tenant_id, caller=caller, key=key, fingerprint=fingerprint)
    IdempotencyRecord.objects.bulk_create([row], ignore_conflicts=True)
    found = IdempotencyRecord.objects.filter(tenant=tenant_id, caller=caller, key=key).first()
    if found is None:  # released between the two statements: treat it as claimed by another request
        return StoredResponse(_claim(row), fingerprint, None, None, None, (), (), False)
    if found.id == row.id:
        return _claim(row)
    return StoredResponse(
        claim=_claim(found),
        fingerprint=bytes(found.fingerprint),
        status=found.status,
        body=found.body,
        response_context=found.response_context,
        sources=tuple(found.sources),
        subjects=tuple(found.subjects),
        erased=found.erased_at is not None,
    )


def take_over(kept: IdempotencyClaim) -> IdempotencyClaim | None:
    """Claim a record whose process died; None if another request was faster."""
    moment = now()
    taken = _rows(kept).filter(status=None, sources=[]).update(created_at=moment)
    return IdempotencyClaim(kept.tenant_id, kept.record_id, moment) if taken else None


def bind(claim: IdempotencyClaim, sources: Sequence[uuid.UUID], response_context: Any) -> bool:
    """Bind the record to these accepted writes; False if it was taken over.

    They are its subjects until it has a response, so that an erasure finds it.
    """
    bound = {"sources": list(sources), "subjects": list(sources), "response_context": response_context}
    return bool(_rows(claim).filter(status=None, sources=[]).update(**bound))


def is_bound(claim: IdempotencyClaim) -> bool:
    """Whether the record is bound to accepted writes."""
    return _rows(claim).exclude(sources=[]).exists()


def finish(claim: IdempotencyClaim, status: int, body: Any, subjects: Sequence[uuid.UUID]) -> bool:
    """Store the response; False if the record was taken over, or its content was erased."""
    answer = {"status": status, "body": body, "subjects": list(subjects), "finished_at": now()}
    return bool(_rows(claim).filter(erased_at=None).update(**answer))


def release(claim: IdempotencyClaim) -> None:
    """Delete the claim of a refused request: the key may be used again."""
    _rows(claim).filter(status=None, sources=[]).delete()


def redact(tenant_id: uuid.UUID, ids: Collection[uuid.UUID]) -> int:
    """Erasure: remove the body of responses about one of these memories or accepted writes; → number.

    A repeat of such a request gets a 409.
    """
    speaking = IdempotencyRecord.objects.filter(tenant=tenant_id, subjects__overlap=list(ids), erased_at=None)
    return speaking.update(body=None, response_context=None, erased_at=now())


def prune() -> int:
    """Delete records that are older than a day; → number."""
    with across_tenants("the clean-up of old records"):
        return IdempotencyRecord.objects.filter(created_at__lt=now() - RETENTION).delete()[0]


def _claim(row: IdempotencyRecord) -> IdempotencyClaim:
    return IdempotencyClaim(row.tenant_id, row.id, row.created_at)


def _rows(claim: IdempotencyClaim) -> QuerySet[IdempotencyRecord]:
    """The record, if it is still the one that was claimed."""
    return IdempotencyRecord.objects.filter(tenant=claim.tenant_id, id=claim.record_id, created_at=claim.since)
