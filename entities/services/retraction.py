"""Retract a memory's mentions and relations when it is retired, and reinstate them when it is restored."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence

from entities.models import EntityRevision, Evidence, Mention, Relation
from entities.relation_types import relation_type
from entities.services.lock import lock
from entities.services.timeline import RelationStatement, Timeline
from entities.services.unit_of_work import UnitOfWork
from entities.types import GraphScope

Period = tuple[dt.datetime | None, dt.datetime | None]


def retract(scope: GraphScope, memory_ids: Sequence[uuid.UUID], *, moment: dt.datetime) -> None:
    """These memories are no longer valid: retire their mentions, and the relations and aliases that only they state.

    Relations that have ended stay, also those ended by the successors of the memories: apply these first. Names stay
    too, since a name is independent of time.
    """
    lock(scope)
    work = UnitOfWork(scope, moment, "")
    for mention in _live(scope, Mention, memory_ids):
        work.retire(mention)
    timeline = Timeline(work)
    timeline.put(_stated(scope, memory_ids, retired_at=None))
    withdrawn = set(memory_ids)
    for row in list(timeline.live.values()):
        if row.valid_to is not None:
            continue
        left = [e for e in timeline.evidence[row.id] if e.memory_key not in withdrawn]
        if not left:
            timeline.drop(row)
            continue
        for witness in timeline.evidence[row.id]:
            if witness.memory_key in withdrawn:
                work.retire(witness)
        timeline.evidence[row.id] = left
        timeline.change(row, properties=Evidence.merged_properties(left))
    work.write()


def reinstate(
    scope: GraphScope, memory_ids: Sequence[uuid.UUID], *, moment: dt.datetime, period: Period = (None, None)
) -> None:
    """Reinstate these memories from now on: add the rows that their last `retract` retired, on the entities into which
    later merges put them. `period`: only a `retract` between its two times counts; a restore of an earlier text needs
    this.

    A relation with a newer successor becomes a past one. Reopen relations that were closed only by a successor that is
    now retired.
    """
    lock(scope)
    work = UnitOfWork(scope, moment, "")
    timeline = Timeline(work)
    since = _withdrawn(scope, memory_ids, period)
    went = Mention.objects.filter(tenant=scope.tenant_id, memory_key__in=list(since))
    mentions = [row for row in went.order_by("id") if row.retired_at == since[row.memory_key]]
    evidence = _evidence(scope, list(since))
    gone = [(e, r) for e, r in evidence if e.retired_at == since[e.memory_key]]
    home = _homes(
        scope, [*(m.entity_key for m in mentions), *(k for _, r in gone for k in (r.source_key, r.target_key))]
    )
    surest = {(m.memory_key, home[m.entity_key]): m for m in sorted(mentions, key=lambda m: m.confidence)}
    for (_, entity), mention in sorted(surest.items(), key=lambda pair: pair[0]):
        work.copy(mention, entity_key=entity, merge_key=None)
    said = [_again(e, r, home, moment) for e, r in gone]
    stay = [r for e, r in evidence if e.retired_at is None and r.retired_at is None]
    timeline.load({(s.source, s.type, s.target) for s in said} | {(r.source_key, r.type, r.target_key) for r in stay})
    for statement in said:
        timeline.state(statement)
    _reopen(timeline, evidence)
    work.write()


def _live(scope: GraphScope, model: type[Mention], memory_ids: Sequence[uuid.UUID]) -> Iterable[Mention]:
    return model.objects.filter(tenant=scope.tenant_id, memory_key__in=list(memory_ids), retired_at=None)


def _stated(scope: GraphScope, memory_ids: Sequence[uuid.UUID], **where: None) -> Iterable[Relation]:
    live = Evidence.objects.filter(
        tenant=scope.tenant_id, memory_key__in=list(memory_ids), relation_key__isnull=False, **where
    )
    keys = [key for key in live.values_list("relation_key", flat=True) if key is not None]
    return Relation.objects.filter(tenant=scope.tenant_id, id__in=keys, retired_at=None).order_by("id")


def _withdrawn(scope: GraphScope, memory_ids: Sequence[uuid.UUID], period: Period) -> dict[uuid.UUID, dt.datetime]:
    """The time of the last retraction of each of these memories in `period`: its last mentions were retired together.
    Memories with live mentions are left out."""
    rows = Mention.objects.filter(tenant=scope.tenant_id, memory_key__in=list(memory_ids))
    moments: dict[uuid.UUID, list[dt.datetime | None]] = defaultdict(list)
    for memory, retired_at in rows.values_list("memory_key", "retired_at"):
        moments[memory].append(retired_at)
    start, stop = period
    went = {
        memory: [m for m in at if m and (start is None or m > start) and (stop is None or m <= stop)]
        for memory, at in moments.items()
        if None not in at
    }
    return {memory: max(at) for memory, at in went.items() if at}


def _evidence(scope: GraphScope, memory_ids: Sequence[uuid.UUID]) -> list[tuple[Evidence, Relation]]:
    """All evidence of relations of these memories, in all versions."""
    rows = Evidence.objects.filter(
        tenant=scope.tenant_id, memory_key__in=list(memory_ids), relation_key__isnull=False
    ).order_by("id")
    found = list(rows)
    relations = Relation.objects.filter(
        tenant=scope.tenant_id, id__in=[e.relation_key for e in found if e.relation_key]
    )
    by_id = {row.id: row for row in relations}
    return [(e, by_id[e.relation_key]) for e in found if e.relation_key in by_id]


def _homes(scope: GraphScope, keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """The current entity of each of these: itself, or the target of its merge."""
    homes = {key: key for key in keys}
    while True:
        ends = set(homes.values())
        merged = EntityRevision.objects.filter(
            tenant=scope.tenant_id, entity_key__in=ends, retired_at=None, merged_into_key__isnull=False
        )
        into = dict(merged.values_list("entity_key", "merged_into_key"))
        if not into:
            return homes
        homes = {key: into.get(end) or end for key, end in homes.items()}


def _again(
    evidence: Evidence, row: Relation, home: dict[uuid.UUID, uuid.UUID], moment: dt.datetime
) -> RelationStatement:
    return RelationStatement(
        memory_id=evidence.memory_key,
        source=home[row.source_key],
        type=row.type,
        target=home[row.target_key],
        said_at=row.valid_from or moment,
        properties=evidence.properties,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        confidence=row.confidence,
    )


def _reopen(timeline: Timeline, evidence: Sequence[tuple[Evidence, Relation]]) -> None:
    """Functional relations that these memories stated as open, and that only a retired successor closed."""
    for e, row in evidence:
        if e.retired_at is not None or row.id not in timeline.live or not relation_type(row.type).functional:
            continue
        opened = {
            o.memory_key
            for o, r in evidence
            if r.valid_to is None and (r.source_key, r.type, r.target_key) == (row.source_key, row.type, row.target_key)
        }
        if row.valid_to is not None and {w.memory_key for w in timeline.evidence[row.id]} <= opened:
            statement = RelationStatement(e.memory_key, row.source_key, row.type, row.target_key, row.valid_to)
            if timeline.is_free(statement):
                timeline.change(row, valid_to=None)
