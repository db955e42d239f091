"""The relations of some entities over time, and their changes by new statements."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db.models import Q

from entities.models import Evidence, Relation
from entities.relation_types import relation_type
from entities.services.unit_of_work import UnitOfWork

GUESSED = 0.5  # confidence below which an end only ends known relations
MIN_DATETIME = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class RelationStatement:
    """A relation between entities that a memory states. `said_at` is the default for `valid_from`."""

    memory_id: uuid.UUID
    source: uuid.UUID
    type: str
    target: uuid.UUID
    said_at: dt.datetime
    properties: dict[str, str] = field(default_factory=dict)
    valid_from: dt.datetime | None = None
    valid_to: dt.datetime | None = None
    confidence: float = 1.0
    ended: bool = False


class Timeline:
    """Live relations with their live evidence and the changes of the unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self.work = work
        self.live: dict[uuid.UUID, Relation] = {}
        self.evidence: dict[uuid.UUID, list[Evidence]] = {}

    def load(self, ends: Collection[tuple[uuid.UUID, str, uuid.UUID]]) -> None:
        """Load the relations between these ends that statements may repeat or contradict."""
        if not ends:
            return
        both = {key for source, _, target in ends for key in (source, target)}
        pairs = Q(source_key__in=both, target_key__in=both)
        types = {of_type: relation_type(of_type) for _, of_type, _ in ends}
        functional = [name for name, each in types.items() if each.functional]
        others = Q(source_key__in=both, type__in=functional)
        mutual = Q(target_key__in=both, type__in=[name for name in functional if types[name].symmetric])
        found = Relation.objects.filter(
            pairs | others | mutual, **self.work.owned, retired_at=None, type__in=list(types)
        )
        self.put(found.order_by("id"))

    def put(self, relations: Iterable[Relation]) -> None:
        """Add these live relations, with their live evidence."""
        rows = {row.id: row for row in relations}
        self.live |= rows
        self.evidence |= {key: [] for key in rows}
        live = Evidence.objects.filter(tenant=self.work.scope.tenant_id, relation_key__in=list(rows), retired_at=None)
        for row in live.order_by("id"):
            assert row.relation_key is not None
            self.evidence[row.relation_key].append(row)

    def state(self, said: RelationStatement) -> bool:
        """Store the statement of a memory; → whether it is the first evidence of this relation."""
        if said.source == said.target:
            return False
        same = self._same(said)
        if said.ended:
            return self._end(said, same)
        start = said.valid_from or (said.said_at if said.valid_to is None else None)
        end = said.valid_to
        if start is not None and end is not None and end < start:
            start = None
        known = self._stint(same, start, end)
        if known is not None:
            earlier = [when for when in (known.valid_from, start) if when is not None]
            changes = {"valid_from": min(earlier, default=None), "confidence": max(known.confidence, said.confidence)}
            if end is not None and known.valid_to is None:
                changes["valid_to"] = end
            self.witness(self.change(known, **changes), said)
            return False
        if end is None and relation_type(said.type).functional:
            end = self._take_turn(said, start or said.said_at)
        self.witness(self._add(said, start, end), said)
        return True

    def change(self, row: Relation, **changes: object) -> Relation:
        """The relation with these changes, and its evidence; the same row if nothing differs."""
        if all(getattr(row, name) == value for name, value in changes.items()):
            return row
        new = self.work.replace(row, **changes)
        del self.live[row.id]
        self.live[new.id] = new
        self.evidence[new.id] = [self.work.replace(e, relation_key=new.id) for e in self.evidence.pop(row.id)]
        return new

    def drop(self, row: Relation) -> None:
        self.work.retire(row)
        del self.live[row.id]
        for witness in self.evidence.pop(row.id):
            self.work.retire(witness)

    def witness(self, row: Relation, said: RelationStatement) -> None:
        """Add this memory as evidence of the relation, with its properties."""
        ours = [e for e in self.evidence[row.id] if e.memory_key == said.memory_id]
        if any(said.properties.items() <= e.properties.items() for e in ours):
            return
        row = self.change(row, properties={**row.properties, **said.properties})
        evidence = Evidence(
            tenant_id=row.tenant_id,
            relation_key=row.id,
            memory_key=said.memory_id,
            properties=said.properties,
            recorded_at=self.work.moment,
        )
        self.work.add(evidence)
        self.evidence[row.id].append(evidence)

    def is_free(self, said: RelationStatement) -> bool:
        """Whether a functional relation has no other value from `said_at` on."""
        rivals = [row for row in self.live.values() if row.type == said.type and self._rivals(row, said)]
        return not any(row.valid_from is not None and row.valid_from >= said.said_at for row in rivals)

    def _same(self, said: RelationStatement) -> list[Relation]:
        """Relations of this type between the two, the last one first."""
        ways = {(said.source, said.target)}
        if relation_type(said.type).symmetric:
            ways.add((said.target, said.source))
        found = [r for r in self.live.values() if r.type == said.type and (r.source_key, r.target_key) in ways]
        return sorted(found, key=lambda r: (r.valid_to is None, r.valid_to or MIN_DATETIME), reverse=True)

    def _stint(self, same: list[Relation], start: dt.datetime | None, end: dt.datetime | None) -> Relation | None:
        """The relation that overlaps with the stated time: somebody may return to an earlier place."""
        for row in same:
            begins_before = end is None or row.valid_from is None or row.valid_from <= end
            ends_after = row.valid_to is None or start is None or start <= row.valid_to
            if begins_before and ends_after:
                return row
        return None

    def _end(self, said: RelationStatement, same: list[Relation]) -> bool:
        """End the relation. If it is not known, store it as a past one."""
        end = said.valid_to or said.said_at
        if not same and said.confidence < GUESSED:
            return False  # "I left Umicore" may mean a job or a town: it ends known relations only
        if not same:
            start = said.valid_from if said.valid_from is not None and said.valid_from <= end else None
            self.witness(self._add(said, start, end), said)
            return True
        row = same[0]
        if row.valid_to is None and (row.valid_from is None or row.valid_from <= end):
            row = self.change(row, valid_to=end)
        self.witness(row, said)
        return False

    def _take_turn(self, said: RelationStatement, start: dt.datetime) -> dt.datetime | None:
        """End the predecessors of a functional relation; → the start of its successor, if there is one already."""
        others = [row for row in self.live.values() if row.type == said.type and self._rivals(row, said)]
        after = [row.valid_from for row in others if row.valid_from is not None and row.valid_from > start]
        end = min(after, default=None)
        for row in others:
            began = row.valid_from or MIN_DATETIME
            open_until_then = row.valid_to is None or (row.valid_to == end and row.valid_to > start)
            if began <= start and open_until_then and not self._said_together(row, said):
                self.change(row, valid_to=start)
        return end

    def _rivals(self, row: Relation, said: RelationStatement) -> bool:
        if row.source_key == said.source:
            return True
        ends = {row.source_key, row.target_key}
        return relation_type(said.type).symmetric and bool(ends & {said.source, said.target})

    def _said_together(self, row: Relation, said: RelationStatement) -> bool:
        """Whether both were stated together: two jobs in one sentence are two jobs."""
        return any(e.memory_key == said.memory_id for e in self.evidence[row.id])

    def _add(self, said: RelationStatement, start: dt.datetime | None, end: dt.datetime | None) -> Relation:
        row = Relation(
            source_key=said.source,
            target_key=said.target,
            type=said.type,
            properties={},
            confidence=said.confidence,
            valid_from=start,
            valid_to=end,
            recorded_at=self.work.moment,
            **self.work.owned,
        )
        self.work.add(row)
        self.live[row.id], self.evidence[row.id] = row, []
        return row
