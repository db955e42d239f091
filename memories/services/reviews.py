"""The review queue: pairs of memories with a proposal, and the decisions of editors."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import replace

from django.db.models import Exists, OuterRef, Q, QuerySet

from apikeys.types import Principal
from core.clock import now
from core.errors import InvalidRequest, NotFound
from core.ids import REVIEW, parse, public
from memories.models import Review, Revision
from memories.pipeline import apply
from memories.review_types import ReviewPage, ReviewProposal, ReviewQuery, ReviewRecord, ReviewState
from memories.services import access
from memories.types import MemoryScope


def list_page(principal: Principal, query: ReviewQuery) -> ReviewPage:
    """The reviews of one user in one state, newest first. Raises InvalidRequest if the cursor is not one."""
    before = parse(REVIEW, query.cursor) if query.cursor else None
    if query.cursor and before is None:
        raise InvalidRequest("cursor: must be the next_cursor of an earlier page", field="cursor")
    scope = access.reading(principal, query.user_id, query.project)
    rows = _visible(scope).filter(_in_state(query.state, query.as_of))
    total = rows.count()
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: query.limit + 1])
    shown = _views(principal.tenant_id, found[: query.limit], query.as_of)
    more = len(found) > query.limit
    return ReviewPage(tuple(shown), total, public(REVIEW, found[query.limit - 1].id) if more else None)


def decide(principal: Principal, review_id: str, *, accept: bool) -> ReviewRecord:
    """Accept or reject an open review; → the decided review.

    Raises NotFound, and Conflict if it was decided already, or if one of the memories has changed meanwhile.
    """
    scope = MemoryScope(principal.tenant_id, principal.user_id, principal.all_projects(None))
    key = parse(REVIEW, review_id)
    review = _visible(scope).filter(id=key).first() if key is not None else None
    shown = _views(principal.tenant_id, [review]) if review is not None else []
    if review is None or not shown:
        raise NotFound(f"Review with ID '{review_id}' not found")
    decided_at = apply.decide(review, accept=accept, actor=principal.caller)
    state = ReviewState.ACCEPTED if accept else ReviewState.REJECTED
    return replace(shown[0], state=state, decided_by=principal.caller, decided_at=decided_at)


def of_memory(principal: Principal, memory_id: str) -> list[ReviewRecord]:
    """The decided reviews of a memory, newest first. Raises MemoryNotFound."""
    key = access.memory_key(principal, memory_id)
    rows = _visible(MemoryScope(principal.tenant_id, None, None)).filter(Q(old_key=key) | Q(new_key=key))
    decided = rows.filter(state__in=[ReviewState.ACCEPTED, ReviewState.REJECTED])
    return _views(principal.tenant_id, list(decided.order_by("-decided_at", "-id")))


def _visible(scope: MemoryScope) -> QuerySet[Review]:
    """Reviews in a scope of which neither memory has expired."""
    rows = Review.objects.filter(tenant=scope.tenant_id)
    if scope.user_id is not None:
        rows = rows.filter(user_id=scope.user_id)
    if scope.projects is not None:
        rows = rows.filter(project__in=scope.projects)
    expired = Revision.objects.filter(tenant=scope.tenant_id, retired_at=None, expires_at__lte=now())
    old, new = (Exists(expired.filter(memory_key=OuterRef(key))) for key in ("old_key", "new_key"))
    return rows.filter(~old, ~new)


def _in_state(state: ReviewState, as_of: dt.datetime | None) -> Q:
    """Reviews in a state now or at `as_of`."""
    if as_of is None:
        return Q(state=state)
    created = Q(created_at__lte=as_of)
    if state is ReviewState.OPEN:
        return created & (Q(decided_at=None) | Q(decided_at__gt=as_of))
    return created & Q(state=state, decided_at__lte=as_of)


def _views(tenant_id: uuid.UUID, rows: Sequence[Review], as_of: dt.datetime | None = None) -> list[ReviewRecord]:
    """Reviews with their texts, without those that were erased meanwhile."""
    keys = {key for row in rows for key in (row.old_text_key, row.new_text_key)}
    texts = Revision.objects.filter(tenant=tenant_id, id__in=sorted(keys)) if keys else Revision.objects.none()
    contents = dict(texts.values_list("id", "content"))
    kept = (row for row in rows if row.old_text_key in contents and row.new_text_key in contents)
    return [_view(row, contents[row.old_text_key], contents[row.new_text_key], as_of) for row in kept]


def _view(row: Review, old: str, new: str, as_of: dt.datetime | None) -> ReviewRecord:
    was_open = as_of is not None and row.decided_at is not None and row.decided_at > as_of
    return ReviewRecord(
        id=row.id,
        proposal=ReviewProposal(row.proposal),
        probability=row.probability,
        reason=row.reason,
        old_id=row.old_key,
        old_content=old,
        new_id=row.new_key,
        new_content=new,
        state=ReviewState.OPEN if was_open else ReviewState(row.state),
        decided_by=None if was_open else row.decided_by,
        decided_at=None if was_open else row.decided_at,
        created_at=row.created_at,
    )
