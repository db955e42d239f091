"""Keeps entities and relations in step with the texts of memories. Inside the transactions of `apply`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db.models import Max

from entities.services import graph_updates
from entities.types import ExtractedGraph, GraphScope, GraphUpdate, GraphUpdateResult
from memories.models import Revision


def scope_of(revision: Revision) -> GraphScope:
    return GraphScope(revision.tenant_id, revision.project, revision.user_id)


def apply_updates(
    additions: Sequence[tuple[Revision, ExtractedGraph]], moment: dt.datetime, actor: str
) -> list[GraphUpdateResult]:
    """Apply the entities and relations of these live texts of one owner; the memories exist already."""
    if not additions:
        return []
    updates = [GraphUpdate(r.memory_key, known, r.valid_from) for r, known in additions]
    return graph_updates.apply_updates(scope_of(additions[0][0]), updates, moment=moment, actor=actor)


def retract(ended: Sequence[Revision], moment: dt.datetime) -> None:
    """Retract memories of one owner that are no longer valid. Their successors are applied first."""
    if ended:
        graph_updates.retract(scope_of(ended[0]), [revision.memory_key for revision in ended], moment=moment)


def reinstate(revision: Revision, moment: dt.datetime) -> None:
    """A memory has an earlier text again: reinstate what that text stated at its last retraction."""
    period = _last_period(revision)
    graph_updates.reinstate(scope_of(revision), [revision.memory_key], moment=moment, period=period)


def _last_period(new: Revision) -> tuple[dt.datetime | None, dt.datetime]:
    """The period in which a memory last had the text of `new`, before `new`; None: from its beginning."""
    earlier = Revision.objects.filter(tenant=new.tenant_id, memory_key=new.memory_key).exclude(id=new.id)
    stop = earlier.filter(text_key=new.text_key).aggregate(at=Max("retired_at"))["at"]
    other = earlier.exclude(text_key=new.text_key).filter(retired_at__lt=stop)
    return other.aggregate(at=Max("retired_at"))["at"], stop


def merge_graphs(parts: Iterable[ExtractedGraph]) -> ExtractedGraph:
    """Merge the graphs of several facts of one text."""
    parts = list(parts)
    return ExtractedGraph(
        tuple(dict.fromkeys(named for part in parts for named in part.named)),
        tuple(stated for part in parts for stated in part.stated),
        next((part.user_name for part in parts if part.user_name), None),
    )
