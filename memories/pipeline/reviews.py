"""The review queue. Called inside the transactions of `apply`, under the owner's lock."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection

from core.clock import now
from core.ids import MEMORY, REVIEW, public
from memories.models import Review, Revision
from memories.pipeline.rows import successor
from memories.review_types import ReviewProposal, ReviewState
from memories.types import Action, UpdateCommand

BATCH_SIZE = 500

VERBS = {
    ReviewProposal.SUPERSEDE: "outdated by",
    ReviewProposal.NEGATE: "ended by",
    ReviewProposal.DUPLICATE: "repeats",
    ReviewProposal.EXTEND: "extended by",
}

CLOSE = """
UPDATE memories_review r SET state = 'obsolete', decided_at = changed.at
FROM unnest(%(memories)s::uuid[], %(texts)s::uuid[], %(moments)s::timestamptz[]) AS changed(memory, text, at)
WHERE r.tenant_id = %(tenant)s AND r.state = 'open'
  AND ((r.old_key = changed.memory AND r.old_text_key IS DISTINCT FROM changed.text)
    OR (r.new_key = changed.memory AND r.new_text_key IS DISTINCT FROM changed.text))
"""


def make_obsolete(review: Review, ended: Revision, moment: dt.datetime) -> None:
    """Note in a proposed review that a revision of its pair ends before the review is written."""
    if review.old_key == ended.memory_key and review.old_text_key is None:
        review.old_text_key = ended.text_key
    elif review.new_key == ended.memory_key and review.new_text_key is None:
        review.new_text_key = ended.text_key
    else:
        return
    if review.state == ReviewState.OPEN:
        review.state, review.decided_at = ReviewState.OBSOLETE.value, moment


def add(tenant_id: uuid.UUID, proposed: Sequence[Review]) -> None:
    """Write reviews. A pair is skipped if one of its memories is gone, or if a review of the pair is open."""
    if not proposed:
        return
    keys = {key for review in proposed for key in (review.old_key, review.new_key)}
    texts = {key: revision.text_key for key, revision in live(tenant_id, keys, now()).items()}
    found = []
    for review in proposed:
        old, new = review.old_text_key or texts.get(review.old_key), review.new_text_key or texts.get(review.new_key)
        if old is not None and new is not None:
            review.old_text_key, review.new_text_key = old, new
            found.append(review)
    Review.objects.bulk_create(found, ignore_conflicts=True, batch_size=BATCH_SIZE)


def live(tenant_id: uuid.UUID, keys: Collection[uuid.UUID], moment: dt.datetime) -> dict[uuid.UUID, Revision]:
    """The current revisions of those memories that are live."""
    rows = Revision.objects.filter(tenant=tenant_id, memory_key__in=sorted(keys), valid_to=None).visible(moment)
    return {row.memory_key: row for row in rows}


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


def end(review: Review, pair: Mapping[uuid.UUID, Revision], moment: dt.datetime, *, actor: str) -> Revision:
    """The revision that ends one memory of an accepted review: the new one if it is a duplicate, else the old one."""
    old, new, proposal = pair[review.old_key], pair[review.new_key], ReviewProposal(review.proposal)
    outdated, kept = (new, old) if proposal is ReviewProposal.DUPLICATE else (old, new)
    ended = successor(outdated, UpdateCommand(""), max(moment, outdated.recorded_at), actor=actor)
    if proposal is ReviewProposal.DUPLICATE:
        ended.action, ended.archived = Action.ARCHIVE.value, True
    else:
        ended.action = (Action.RETIRE if proposal is ReviewProposal.NEGATE else Action.SUPERSEDE).value
        ended.valid_to = max(kept.valid_from, outdated.valid_from)
    ended.confidence = review.probability
    accepted = f"accepted in review {public(REVIEW, review.id)}"
    ended.reason = f"{VERBS[proposal]} {public(MEMORY, kept.memory_key)}, {accepted}"
    return ended
