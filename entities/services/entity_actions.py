"""Actions of operators in the admin: inside one tenant, with the operator as the actor."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db.models import Count

from apikeys.scopes import Role
from apikeys.types import Principal
from core.ids import ENTITY, public
from entities.models import Mention
from entities.services.merge import merge, split
from entities.types import EntityDetail, Merged


def merge_all(tenant_id: uuid.UUID, ids: Sequence[uuid.UUID], *, actor: str) -> Merged:
    """Merge these into the most mentioned one, of several the oldest. Raises as `merge` does."""
    mentions = Mention.objects.filter(tenant=tenant_id, entity_key__in=list(ids), retired_at=None)
    counts = dict(mentions.values_list("entity_key").annotate(Count("id")))
    target, *others = sorted(ids, key=lambda key: (-counts.get(key, 0), key))
    return merge(_operator(tenant_id, actor), [public(ENTITY, key) for key in others], public(ENTITY, target))


def split_last(tenant_id: uuid.UUID, key: uuid.UUID, *, actor: str) -> EntityDetail:
    """Undo the last merge into this entity. Raises as `split` does."""
    return split(_operator(tenant_id, actor), public(ENTITY, key))


def _operator(tenant_id: uuid.UUID, actor: str) -> Principal:
    return Principal(tenant_id, actor, Role.ADMIN)
