"""What a merge does to the rows, and how exactly that is reversed.

A merge retires the loser's rows at its own moment, `Merge.recorded_at`, and adds them to the winner with its id. So the
rows retired at that moment are what was before, and the live rows with its id are what it made of them.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable

from django.db.models import Q, QuerySet

from core.clock import now
from entities.models import Alias, EntityRevision, Evidence, Mention, Merge, Relation
from entities.names import normal
from entities.services.ledger import Ledger
from entities.services.naming import free
from entities.services.withdrawing import said_by
from entities.types import SYMMETRIC_TYPES, GraphScope

Key = tuple[object, ...]
Stating = Alias | Relation


def join(merge: Merge, loser: EntityRevision, winner: EntityRevision, actor: str) -> None:
    """Retire what the loser has, and give it to the winner. The caller holds the owner's lock."""
    ledger = Ledger(GraphScope(winner.tenant_id, winner.project, winner.user_id), merge.recorded_at, actor)
    ledger.replace(loser, merged_into_key=winner.entity_key, merge_key=merge.id, actor=actor)
    _join_mentions(ledger, merge)
    _join_aliases(ledger, merge, loser, winner)
    _join_relations(ledger, merge)
    ledger.write()


def part(merge: Merge, winner: EntityRevision, actor: str) -> None:
    """Reverse the last merge into the winner: its rows go, and those before it come back if they still hold."""
    ledger = Ledger(GraphScope(winner.tenant_id, winner.project, winner.user_id), now(), actor)
    rows = EntityRevision.objects.filter(tenant=merge.tenant_id, entity_key=merge.loser_key)
    former = rows.filter(retired_at=merge.recorded_at).latest("recorded_at")
    ledger.retire(rows.get(retired_at=None))
    ledger.copy(former, disambiguator=free(former), actor=actor)
    _part_mentions(ledger, merge)
    of_winner = {"tenant": merge.tenant_id, "entity_key": merge.winner_key}
    of_loser = {"tenant": merge.tenant_id, "entity_key": merge.loser_key}
    _part_stated(
        ledger,
        merge,
        before=Alias.objects.filter(**of_loser, retired_at=merge.recorded_at),
        live=Alias.objects.filter(**of_winner, retired_at=None),
        key=lambda row: (row.normalised,),
        link="alias_key",
    )
    both = _touching(merge, merge.loser_key) | _touching(merge, merge.winner_key)
    _part_stated(
        ledger,
        merge,
        before=both.filter(retired_at=merge.recorded_at),
        live=_touching(merge, merge.winner_key).filter(retired_at=None),
        key=lambda row: _between(row, merge),
        link="relation_key",
    )
    ledger.write()


def _touching(merge: Merge, entity: uuid.UUID) -> QuerySet[Relation]:
    return Relation.objects.filter(Q(source_key=entity) | Q(target_key=entity), tenant=merge.tenant_id)


def _between(row: Relation, merge: Merge) -> Key:
    """What the relation says once the two are one; what is mutual says the same in both directions."""
    ends = [merge.winner_key if key == merge.loser_key else key for key in (row.source_key, row.target_key)]
    return (row.type, *(sorted(ends) if row.type in SYMMETRIC_TYPES else ends))


def _witnesses(rows: Iterable[Stating], link: str) -> dict[uuid.UUID, list[Evidence]]:
    """The live evidence of live rows, by their ids."""
    by_id = {row.id: row.tenant_id for row in rows}
    found: dict[uuid.UUID, list[Evidence]] = defaultdict(list)
    live = Evidence.objects.filter(tenant__in=set(by_id.values()), retired_at=None, **{f"{link}__in": list(by_id)})
    for row in live.order_by("id"):
        found[getattr(row, link)].append(row)
    return found


# --- joining ---------------------------------------------------------------------------------------------------------
def _join_mentions(ledger: Ledger, merge: Merge) -> None:
    live = Mention.objects.filter(tenant=merge.tenant_id, retired_at=None)
    there = set(live.filter(entity_key=merge.winner_key).values_list("memory_key", flat=True))
    for row in live.filter(entity_key=merge.loser_key).order_by("id"):
        ledger.retire(row)
        if row.memory_key not in there:
            ledger.copy(row, entity_key=merge.winner_key, merge_key=merge.id)


def _join_aliases(ledger: Ledger, merge: Merge, loser: EntityRevision, winner: EntityRevision) -> None:
    live = Alias.objects.filter(tenant=merge.tenant_id, retired_at=None)
    there = {row.normalised: row for row in live.filter(entity_key=merge.winner_key)}
    going = list(live.filter(entity_key=merge.loser_key).order_by("id"))
    witnesses = _witnesses([*there.values(), *going], "alias_key")
    for row in going:
        into = there.get(row.normalised) or ledger.copy(row, entity_key=merge.winner_key, merge_key=merge.id)
        there[row.normalised] = into
        ledger.retire(row)
        _move(ledger, merge, witnesses, row.id, into.id, "alias_key")
    if loser.normalised not in {*there, winner.normalised}:
        ledger.add(
            Alias(
                tenant_id=merge.tenant_id,
                entity_key=merge.winner_key,
                name=loser.name,
                normalised=normal(loser.name),
                merge_key=merge.id,
                recorded_at=ledger.moment,
            )
        )


def _join_relations(ledger: Ledger, merge: Merge) -> None:
    of_winner = _touching(merge, merge.winner_key).filter(retired_at=None).order_by("id")
    going = list(_touching(merge, merge.loser_key).filter(retired_at=None).order_by("id"))
    gone = {row.id for row in going}
    there = {(*_between(row, merge), row.valid_to): row for row in of_winner if row.id not in gone}
    witnesses = _witnesses([*there.values(), *going], "relation_key")
    for row in going:
        ledger.retire(row)
        kind, source, target = _between(row, merge)
        if source == target:  # a relation between the two says nothing of one
            for witness in witnesses[row.id]:
                ledger.retire(witness)
            continue
        key = (kind, source, target, row.valid_to)
        if (twin := there.get(key)) is None:
            ends = {"source_key": _home(row.source_key, merge), "target_key": _home(row.target_key, merge)}
            there[key] = ledger.copy(row, **ends, merge_key=merge.id)
        else:
            there[key] = _widen(ledger, merge, witnesses, twin, row)
        _move(ledger, merge, witnesses, row.id, there[key].id, "relation_key")


def _home(key: uuid.UUID, merge: Merge) -> uuid.UUID:
    return merge.winner_key if key == merge.loser_key else key


def _widen(
    ledger: Ledger, merge: Merge, witnesses: dict[uuid.UUID, list[Evidence]], twin: Relation, row: Relation
) -> Relation:
    """The winner says the same already: its relation takes up what the other one adds."""
    starts = [start for start in (twin.valid_from, row.valid_from) if start is not None]
    changes = {"valid_from": min(starts, default=None), "properties": {**row.properties, **twin.properties}}
    if all(getattr(twin, name) == value for name, value in changes.items()):
        return twin
    new = ledger.replace(twin, **changes, merge_key=merge.id)
    _move(ledger, merge, witnesses, twin.id, new.id, "relation_key")
    return new


def _move(
    ledger: Ledger,
    merge: Merge,
    witnesses: dict[uuid.UUID, list[Evidence]],
    source: uuid.UUID,
    target: uuid.UUID,
    link: str,
) -> None:
    heard = {(e.memory_key, str(e.properties)) for e in witnesses[target]}
    for witness in witnesses.pop(source, []):
        if (witness.memory_key, str(witness.properties)) not in heard:
            witnesses[target].append(ledger.copy(witness, **{link: target}, merge_key=merge.id))
        ledger.retire(witness)


# --- parting ---------------------------------------------------------------------------------------------------------
def _part_mentions(ledger: Ledger, merge: Merge) -> None:
    rows = Mention.objects.filter(tenant=merge.tenant_id)
    live = {row.memory_key: row for row in rows.filter(entity_key=merge.winner_key, retired_at=None)}
    for row in rows.filter(entity_key=merge.loser_key, retired_at=merge.recorded_at).order_by("id"):
        if row.memory_key in live:
            ledger.copy(row)
    for row in live.values():
        if row.merge_key == merge.id:
            ledger.retire(row)


def _part_stated(
    ledger: Ledger,
    merge: Merge,
    *,
    before: QuerySet[Alias] | QuerySet[Relation],
    live: QuerySet[Alias] | QuerySet[Relation],
    key: Callable[..., Key],
    link: str,
) -> None:
    """Aliases or relations, with their evidence. `key`: what makes two of them the same after the merge."""
    present: dict[Key, list[Stating]] = defaultdict(list)
    for live_row in live.order_by("id"):
        present[key(live_row)].append(live_row)
    witnesses = _witnesses([row for rows in present.values() for row in rows], link)
    heard = {(k, e.memory_key) for k, rows in present.items() for row in rows for e in witnesses[row.id]}
    earlier: dict[uuid.UUID, list[Evidence]] = defaultdict(list)
    former: list[Stating] = list(before.order_by("id"))
    links = {f"{link}__in": [row.id for row in former]}
    for e in Evidence.objects.filter(tenant=merge.tenant_id, retired_at=merge.recorded_at, **links).order_by("id"):
        earlier[getattr(e, link)].append(e)
    mentioning = _mentioning(merge, earlier)
    for row in former:
        what = key(row)
        within = isinstance(row, Relation) and what[1] == what[2]
        past = within and isinstance(row, Relation) and row.valid_to is not None  # which no memory takes with it
        still = mentioning if within else {memory for said, memory in heard if said == what}
        stated = [e for e in earlier[row.id] if past or e.memory_key in still]
        if stated or (not earlier[row.id] and (within or present[what])):
            again = ledger.copy(row, **_since(row, [r for r in former if key(r) == what], present[what], merge))
            for e in stated:
                ledger.copy(e, **{link: again.id})
    for row in [row for rows in present.values() for row in rows]:
        _take_back(ledger, merge, row, witnesses[row.id], link)


def _mentioning(merge: Merge, earlier: dict[uuid.UUID, list[Evidence]]) -> set[uuid.UUID]:
    """Those of these memories that mention anything still: they were not withdrawn."""
    memories = {e.memory_key for rows in earlier.values() for e in rows}
    live = Mention.objects.filter(tenant=merge.tenant_id, memory_key__in=list(memories), retired_at=None)
    return set(live.values_list("memory_key", flat=True))


def _since(row: Stating, alike: list[Stating], present: list[Stating], merge: Merge) -> dict[str, object]:
    """What became of a relation while the two were one, where only one of them had it."""
    made = [r for r in present if r.merge_key == merge.id]
    if isinstance(row, Relation) and len(alike) == len(made) == 1 and isinstance(made[0], Relation):
        return {"valid_from": made[0].valid_from, "valid_to": made[0].valid_to}
    return {}


def _take_back(ledger: Ledger, merge: Merge, row: Stating, witnesses: list[Evidence], link: str) -> None:
    """What the merge added goes; what was stated of the two as one since stays with the winner."""
    ours = [e for e in witnesses if e.merge_key == merge.id]
    for e in ours:
        ledger.retire(e)
    if row.merge_key != merge.id:
        return
    others = [e for e in witnesses if e.merge_key != merge.id]
    if not others:
        ledger.retire(row)
        return
    said = {"properties": said_by(others)} if isinstance(row, Relation) else {}
    kept = ledger.replace(row, merge_key=None, **said)
    for e in others:
        ledger.replace(e, **{link: kept.id})
