"""The review queue: uncertain pairs of memories, for the decision of an editor."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from core.clock import now
from core.tenancy import TenantForeignKey, TenantRow
from memories.models.memory import Memory
from memories.review_types import ReviewProposal, ReviewState


class Review(TenantRow):
    """A proposal about a pair of live memories of one owner. At most one review of a pair is open.

    `old_text_key` and `new_text_key` are the revisions that introduced the compared texts. A review is open only while
    both memories are live with these texts. `decided_at` is also set when a review becomes obsolete.
    """

    project = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128)
    old_key: uuid.UUID
    old = TenantForeignKey(Memory)
    new_key: uuid.UUID
    new = TenantForeignKey(Memory)
    old_text_key = models.UUIDField()
    new_text_key = models.UUIDField()
    proposal = models.CharField(max_length=9, choices=[(p.value, p.value) for p in ReviewProposal])
    probability = models.FloatField()
    reason = models.CharField(max_length=500, blank=True)
    state = models.CharField(
        max_length=8, choices=[(s.value, s.value) for s in ReviewState], default=ReviewState.OPEN.value
    )
    decided_by = models.CharField(max_length=64, null=True)
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "old_key", "new_key"], condition=Q(state="open"), name="memories_review_open_pair"
            ),
            models.CheckConstraint(
                condition=Q(proposal__in=[p.value for p in ReviewProposal]), name="memories_review_proposal"
            ),
            models.CheckConstraint(condition=Q(state__in=[s.value for s in ReviewState]), name="memories_review_state"),
            models.CheckConstraint(condition=Q(probability__range=(0, 1)), name="memories_review_probability"),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None) | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="memories_review_decided",
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "user_id", "state", "-id"], name="memories_review_list"),
            models.Index(fields=["tenant", "old_key"], name="memories_review_old"),
            models.Index(fields=["tenant", "new_key"], name="memories_review_new"),
        )
