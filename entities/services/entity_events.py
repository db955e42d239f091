"""Webhook events of entities: built here, emitted in the transaction of the change."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from core.ids import ENTITY, MERGE, public
from entities.models import EntityRevision, Merge
from webhooks import emit
from webhooks.types import Event


def emit_created(revisions: Sequence[EntityRevision]) -> None:
    """entity.created for the first revision of each of these."""
    emit.emit([_event("entity.created", row, row.recorded_at) for row in revisions])


def emit_merged(merges: Sequence[tuple[Merge, EntityRevision]], target: EntityRevision) -> None:
    """entity.merged for each merge, with the last revision of the source entity."""
    emit.emit(
        [
            _event(
                "entity.merged",
                target,
                merge.recorded_at,
                also=(source.entity_key,),
                merge_id=public(MERGE, merge.id),
                source_id=public(ENTITY, source.entity_key),
                source_name=source.name,
            )
            for merge, source in merges
        ]
    )


def _event(
    kind: str, row: EntityRevision, at: dt.datetime, *, also: tuple[uuid.UUID, ...] = (), **data: object
) -> Event:
    return Event(
        type=kind,
        tenant_id=row.tenant_id,
        project=row.project,
        user_id=row.user_id,
        subject=row.entity_key,
        at=at,
        data={"id": public(ENTITY, row.entity_key), "name": row.name, "type": row.type, **data},
        also=also,
    )
