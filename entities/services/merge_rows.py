"""The rows of a merge, and their exact reversal.

Merging retires the source entity's rows at `merge.recorded_at` and re-creates them on the target with `merge_key`;
unmerging uses these two to reverse it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable

from django.db.models import Q, QuerySet

from core.clock import now
from entities.models import Alias, EntityRevision, Evidence, Mention, Merge, Relation
from entities.names import normal
from entities.relation_types import relation_type
from entities.services.disambiguation import next_disambiguator
from entities.services.unit_of_work import UnitOfWork
from entities.types import GraphScope

Key = tuple[object, ...]
StatedRow = Alias | Relation


def merge_rows(merge: Merge, source: EntityRevision, target: EntityRevision, actor: str) -> None:
    """Retire the rows of the source, and copy them to the target. The caller holds the owner's lock."""
    work = UnitOfWork(GraphScope(target.tenant_id, target.project, target.user_id), merge.recorded_at, actor)
    work.replace(source, merged_into_key=target.entity_key, merge_key=merge.id, actor=actor)
    _merge_mentions(work, merge)
    _merge_aliases(work, merge, source, target)
    _merge_relations(work, merge)
    work.write()


def unmerge_rows(merge: Merge, target: EntityRevision, actor: str) -> None:
    """Reverse the last merge into the target: its rows are retired, and the earlier ones are added again if still
    valid."""
    work = UnitOfWork(GraphScope(target.tenant_id, target.project, target.user_id), now(), actor)
    rows = EntityRevision.objects.filter(tenant=merge.tenant_id, entity_key=merge.source_key)
    former = rows.filter(retired_at=merge.recorded_at).latest("recorded_at")
    work.retire(rows.get(retired_at=None))
    work.copy(former, disambiguator=next_disambiguator(former), actor=actor)
    _unmerge_mentions(work, merge)
    of_target = {"tenant": merge.tenant_id, "entity_key": merge.target_key}
    of_source = {"tenant": merge.tenant_id, "entity_key": merge.source_key}
    _unmerge_stated(
        work,
        merge,
        before=Alias.objects.filter(**of_source, retired_at=merge.recorded_at),
        live=Alias.objects.filter(**of_target, retired_at=None),
        key=lambda row: (row.normalised,),
        link="alias_key",
    )
    both = _touching(merge, merge.source_key) | _touching(merge, merge.target_key)
    _unmerge_stated(
        work,
        merge,
        before=both.filter(retired_at=merge.recorded_at),
        live=_touching(merge, merge.target_key).filter(retired_at=None),
        key=lambda row: _between(row, merge),
        link="relation_key",
    )
    work.write()


def _touching(merge: Merge, entity: uuid.UUID) -> QuerySet[Relation]:
    return Relation.objects.filter(Q(source_key=entity) | Q(target_key=entity), tenant=merge.tenant_id)


def _between(row: Relation, merge: Merge) -> Key:
    """The relation on the merged entity; a symmetric relation is the same in both directions."""
    ends = [merge.target_key if key == merge.source_key else key for key in (row.source_key, row.target_key)]
    return (row.type, *(sorted(ends) if relation_type(row.type).symmetric else ends))


def _witnesses(rows: Iterable[StatedRow], link: str) -> dict[uuid.UUID, list[Evidence]]:
    """The live evidence of live rows, by their ids."""
    by_id = {row.id: row.tenant_id for row in rows}
    found: dict[uuid.UUID, list[Evidence]] = defaultdict(list)
    live = Evidence.objects.filter(tenant__in=set(by_id.values()), retired_at=None, **{f"{link}__in": list(by_id)})
    for row in live.order_by("id"):
        found[getattr(row, link)].append(row)
    return found


# --- merging ---------------------------------------------------------------------------------------------------------
def _merge_mentions(work: UnitOfWork, merge: Merge) -> None:
    live = Mention.objects.filter(tenant=merge.tenant_id, retired_at=None)
    there = set(live.filter(entity_key=merge.target_key).values_list("memory_key", flat=True))
    for row in live.filter(entity_key=merge.source_key).order_by("id"):
        work.retire(row)
        if row.memory_key not in there:
            work.copy(row, entity_key=merge.target_key, merge_key=merge.id)


def _merge_aliases(work: UnitOfWork, merge: Merge, source: EntityRevision, target: EntityRevision) -> None:
    live = Alias.objects.filter(tenant=merge.tenant_id, retired_at=None)
    there = {row.normalised: row for row in live.filter(entity_key=merge.target_key)}
    going = list(live.filter(entity_key=merge.source_key).order_by("id"))
    witnesses = _witnesses([*there.values(), *going], "alias_key")
    for row in going:
        into = there.get(row.normalised) or work.copy(row, entity_key=merge.target_key, merge_key=merge.id)
        there[row.normalised] = into
        work.retire(row)
        _move(work, merge, witnesses, row.id, into.id, "alias_key")
    if source.normalised not in {*there, target.normalised}:
        work.add(
            Alias(
                tenant_id=merge.tenant_id,
                entity_key=merge.target_key,
                name=source.name,
                normalised=normal(source.name),
                merge_key=merge.id,
                recorded_at=work.moment,
            )
        )


def _merge_relations(work: UnitOfWork, merge: Merge) -> None:
    of_target = _touching(merge, merge.target_key).filter(retired_at=None).order_by("id")
    going = list(_touching(merge, merge.source_key).filter(retired_at=None).order_by("id"))
    gone = {row.id for row in going}
    there = {(*_between(row, merge), row.valid_to): row for row in of_target if row.id not in gone}
    witnesses = _witnesses([*there.values(), *going], "relation_key")
    for row in going:
        work.retire(row)
        kind, source, target = _between(row, merge)
        if source == target:  # a relation between the two would refer from an entity to itself
            for witness in witnesses[row.id]:
                work.retire(witness)
            continue
        key = (kind, source, target, row.valid_to)
        if (twin := there.get(key)) is None:
            ends = {"source_key": _home(row.source_key, merge), "target_key": _home(row.target_key, merge)}
            there[key] = work.copy(row, **ends, merge_key=merge.id)
        else:
            there[key] = _widen(work, merge, witnesses, twin, row)
        _move(work, merge, witnesses, row.id, there[key].id, "relation_key")


def _home(key: uuid.UUID, merge: Merge) -> uuid.UUID:
    return merge.target_key if key == merge.source_key else key


def _widen(
    work: UnitOfWork, merge: Merge, witnesses: dict[uuid.UUID, list[Evidence]], twin: Relation, row: Relation
) -> Relation:
    """The target has the same row already: extend its relation by that of the source."""
    starts = [start for start in (twin.valid_from, row.valid_from) if start is not None]
    changes = {"valid_from": min(starts, default=None), "properties": {**row.properties, **twin.properties}}
    if all(getattr(twin, name) == value for name, value in changes.items()):
        return twin
    new = work.replace(twin, **changes, merge_key=merge.id)
    _move(work, merge, witnesses, twin.id, new.id, "relation_key")
    return new


def _move(
    work: UnitOfWork,
    merge: Merge,
    witnesses: dict[uuid.UUID, list[Evidence]],
    source: uuid.UUID,
    target: uuid.UUID,
    link: str,
) -> None:
    heard = {(e.memory_key, str(e.properties)) for e in witnesses[target]}
    for witness in witnesses.pop(source, []):
        if (witness.memory_key, str(witness.properties)) not in heard:
            witnesses[target].append(work.copy(witness, **{link: target}, merge_key=merge.id))
        work.retire(witness)


# --- unmerging -------------------------------------------------------------------------------------------------------
def _unmerge_mentions(work: UnitOfWork, merge: Merge) -> None:
    rows = Mention.objects.filter(tenant=merge.tenant_id)
    live = {row.memory_key: row for row in rows.filter(entity_key=merge.target_key, retired_at=None)}
    for row in rows.filter(entity_key=merge.source_key, retired_at=merge.recorded_at).order_by("id"):
        if row.memory_key in live:
            work.copy(row)
    for row in live.values():
        if row.merge_key == merge.id:
            work.retire(row)


def _unmerge_stated(
    work: UnitOfWork,
    merge: Merge,
    *,
    before: QuerySet[Alias] | QuerySet[Relation],
    live: QuerySet[Alias] | QuerySet[Relation],
    key: Callable[..., Key],
    link: str,
) -> None:
    """Aliases or relations, with their evidence. `key`: identifies equal rows after the merge."""
    present: dict[Key, list[StatedRow]] = defaultdict(list)
    for live_row in live.order_by("id"):
        present[key(live_row)].append(live_row)
    witnesses = _witnesses([row for rows in present.values() for row in rows], link)
    heard = {(k, e.memory_key) for k, rows in present.items() for row in rows for e in witnesses[row.id]}
    earlier: dict[uuid.UUID, list[Evidence]] = defaultdict(list)
    former: list[StatedRow] = list(before.order_by("id"))
    links = {f"{link}__in": [row.id for row in former]}
    for e in Evidence.objects.filter(tenant=merge.tenant_id, retired_at=merge.recorded_at, **links).order_by("id"):
        earlier[getattr(e, link)].append(e)
    mentioning = _mentioning(merge, earlier)
    for row in former:
        what = key(row)
        within = isinstance(row, Relation) and what[1] == what[2]
        past = within and isinstance(row, Relation) and row.valid_to is not None  # which no memory supports
        still = mentioning if within else {memory for said, memory in heard if said == what}
        stated = [e for e in earlier[row.id] if past or e.memory_key in still]
        if stated or (not earlier[row.id] and (within or present[what])):
            again = work.copy(row, **_since(row, [r for r in former if key(r) == what], present[what], merge))
            for e in stated:
                work.copy(e, **{link: again.id})
    for row in [row for rows in present.values() for row in rows]:
        _take_back(work, merge, row, witnesses[row.id], link)


def _mentioning(merge: Merge, earlier: dict[uuid.UUID, list[Evidence]]) -> set[uuid.UUID]:
    """The memories among these that still have mentions: they were not retracted."""
    memories = {e.memory_key for rows in earlier.values() for e in rows}
    live = Mention.objects.filter(tenant=merge.tenant_id, memory_key__in=list(memories), retired_at=None)
    return set(live.values_list("memory_key", flat=True))


def _since(row: StatedRow, alike: list[StatedRow], present: list[StatedRow], merge: Merge) -> dict[str, object]:
    """Changes since the merge of a relation that only one of the two had."""
    made = [r for r in present if r.merge_key == merge.id]
    if isinstance(row, Relation) and len(alike) == len(made) == 1 and isinstance(made[0], Relation):
        return {"valid_from": made[0].valid_from, "valid_to": made[0].valid_to}
    return {}


def _take_back(work: UnitOfWork, merge: Merge, row: StatedRow, witnesses: list[Evidence], link: str) -> None:
    """Retire what the merge added; statements since the merge stay with the target."""
    ours = [e for e in witnesses if e.merge_key == merge.id]
    for e in ours:
        work.retire(e)
    if row.merge_key != merge.id:
        return
    others = [e for e in witnesses if e.merge_key != merge.id]
    if not others:
        work.retire(row)
        return
    said = {"properties": Evidence.merged_properties(others)} if isinstance(row, Relation) else {}
    kept = work.replace(row, merge_key=None, **said)
    for e in others:
        work.replace(e, **{link: kept.id})
