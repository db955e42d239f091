"""Rows of the review queue. Called inside the transactions of `apply`, under the owner's lock."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection

from memories.models import Review, Revision
from memories.types import Action
from memproject.common.clock import now

BATCH_SIZE = 500

CLOSE = """
UPDATE memories_review r SET state = 'obsolete', decided_at = changed.at
FROM unnest(%(memories)s::uuid[], %(texts)s::uuid[], %(moments)s::timestamptz[]) AS changed(memory, text, at)
WHERE r.tenant_id = %(tenant)s AND r.state = 'open'
  AND ((r.old_key = changed.memory AND r.old_text_key IS DISTINCT FROM changed.text)
    OR (r.new_key = changed.memory AND r.new_text_key IS DISTINCT FROM changed.text))
"""


def add(tenant_id: uuid.UUID, proposed: Sequence[Review]) -> None:
    """Open reviews. A pair is skipped if one of its memories is not live, or if a review of the pair is open."""
    if not proposed:
        return
    keys = {key for review in proposed for key in (review.old_key, review.new_key)}
    live = Revision.objects.filter(tenant=tenant_id, memory_key__in=sorted(keys)).alive(now())
    texts = dict(live.values_list("memory_key", "text_key"))
    found = [review for review in proposed if review.old_key in texts and review.new_key in texts]
    for review in found:
        review.old_text_key, review.new_text_key = texts[review.old_key], texts[review.new_key]
    Review.objects.bulk_create(found, ignore_conflicts=True, batch_size=BATCH_SIZE)


def close(revisions: Sequence[Revision]) -> None:
    """Open reviews become obsolete if one of these new revisions ends a compared memory or gives it another text."""
    changed = [revision for revision in revisions if revision.action != Action.ADD]
    if not changed:
        return
    ended = [revision.archived or revision.valid_to is not None for revision in changed]
    values: dict[str, Any] = {
        "tenant": changed[0].tenant_id,
        "memories": [revision.memory_key for revision in changed],
        "texts": [None if end else revision.text_key for revision, end in zip(changed, ended, strict=True)],
        "moments": [revision.recorded_at for revision in changed],
    }
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, values)
