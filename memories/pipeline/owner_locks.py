"""The lock that serialises changes to one owner's memories."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from django.db.models import F
from django.db.models.functions import Greatest

from memories.models import Owner


class StaleError(Exception):
    """The owner's memories, or the writes of the pass, have changed since the decision: decide again."""


def lock(tenant_id: uuid.UUID, project: str, user_id: str) -> Owner:
    """Lock the owner's row until the transaction ends, and make it if there is none."""
    rows = Owner.objects.select_for_update().filter(tenant=tenant_id, project=project, user_id=user_id)
    if (owner := rows.first()) is not None:
        return owner
    Owner.objects.bulk_create([Owner(tenant_id=tenant_id, project=project, user_id=user_id)], ignore_conflicts=True)
    return rows.get()


def lock_all(tenant_id: uuid.UUID, owners: Iterable[tuple[str, str]]) -> list[Owner]:
    """Lock several `(project, user_id)` in one order, to avoid deadlocks."""
    return [lock(tenant_id, project, user_id) for project, user_id in sorted(set(owners))]


def version(tenant_id: uuid.UUID, project: str, user_id: str) -> int:
    """The number of applied changes; 0 for an owner without a row. Takes no lock."""
    rows = Owner.objects.filter(tenant=tenant_id, project=project, user_id=user_id)
    return rows.values_list("version", flat=True).first() or 0


def advance(tenant_id: uuid.UUID, project: str, user_id: str, seen: int, passages: int, *, changed: bool) -> None:
    """Lock the owner's row for the transaction and count a change that was decided at version `seen`.

    Raises StaleError when the version has moved on.
    """
    rows = Owner.objects.filter(tenant=tenant_id, project=project, user_id=user_id, version=seen)
    step = {"version": F("version") + int(changed), "passages": F("passages") + passages}
    if rows.update(**step):
        return
    if seen == 0:
        row = Owner(tenant_id=tenant_id, project=project, user_id=user_id)
        Owner.objects.bulk_create([row], ignore_conflicts=True)
        if rows.update(**step):
            return
    raise StaleError


def changed(owner: Owner, passages: int = 0) -> None:
    """Count a change and its passages, so that a pass that was decided before it decides again."""
    rows = Owner.objects.filter(tenant=owner.tenant_id, id=owner.id)
    rows.update(version=F("version") + 1, passages=F("passages") + passages)


def reindexed(tenant_id: uuid.UUID, project: str, user_id: str) -> None:
    """Count that the words of the owner's passages were indexed again: snapshots read them again."""
    rows = Owner.objects.filter(tenant=tenant_id, project=project, user_id=user_id)
    rows.update(reindexed=F("reindexed") + 1)


def erased(tenant_id: uuid.UUID, gone: Mapping[tuple[str, str], int]) -> None:
    """Count an erasure, and subtract its passages, by `(project, user_id)`."""
    for (project, user_id), passages in sorted(gone.items()):
        rows = Owner.objects.filter(tenant=tenant_id, project=project, user_id=user_id)
        rows.update(version=F("version") + 1, passages=Greatest(F("passages") - passages, 0))
