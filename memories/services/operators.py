"""Actions of operators in the admin: each inside one tenant, with the operator as the actor."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from core.errors import Conflict
from memories.models import Review, Source
from memories.pipeline import apply
from memories.pipeline import erase as eraser
from memories.services import forget, retry
from memories.types import ErasureReceipt

BATCH_SIZE = 500  # memories of one receipt: one transaction holds their owners' locks


def erase(tenant_id: uuid.UUID, memory_ids: Sequence[uuid.UUID], *, actor: str) -> list[ErasureReceipt]:
    """Permanently erase memories of one tenant; → the receipts."""
    return [
        forget.view(eraser.by_ids(tenant_id, memory_ids[start : start + BATCH_SIZE], actor=actor))
        for start in range(0, len(memory_ids), BATCH_SIZE)
    ]


def retry_writes(tenant_id: uuid.UUID, source_ids: Sequence[uuid.UUID]) -> int:
    """Make the failed and retryable ones of these writes pending again; → number."""
    return retry.again(Source.objects.filter(tenant=tenant_id, id__in=list(source_ids)))


def decide_reviews(tenant_id: uuid.UUID, review_ids: Sequence[uuid.UUID], *, accept: bool, actor: str) -> int:
    """Accept or reject the open ones of these reviews, each in a transaction of its own; → number."""
    done = 0
    for review in Review.objects.filter(tenant=tenant_id, id__in=list(review_ids)).order_by("id"):
        try:
            apply.decide(review, accept=accept, actor=actor)
        except Conflict:
            continue
        done += 1
    return done
