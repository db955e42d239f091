"""Graph updates of memories, called by the writer of memories in its transaction, under the owner's lock."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from entities.models import Entity, EntityRevision, Evidence, Mention
from entities.names import normal, parts
from entities.services import entity_events
from entities.services.entity_resolver import EntityResolver, readable
from entities.services.lock import lock
from entities.services.retraction import reinstate, retract
from entities.services.timeline import RelationStatement, Timeline
from entities.services.unit_of_work import UnitOfWork
from entities.types import SELF, EntityMention, EntityRef, GraphScope, GraphUpdate, GraphUpdateResult

__all__ = ["apply_updates", "reinstate", "retract"]

MAX_TYPE_LENGTH = 32  # characters of a relation's type
MAX_QUALIFIER_LENGTH = 64  # characters


@dataclass
class _PendingUpdate:
    """An update with its resolved entities."""

    update: GraphUpdate
    named: list[EntityMention]
    meant: dict[tuple[str, str], uuid.UUID] = field(default_factory=dict)

    def ends(self) -> tuple[dict[str, uuid.UUID], dict[str, uuid.UUID]]:
        """The entities that relations of this update may refer to: by their names and normalised names."""
        exact: dict[str, uuid.UUID] = {}
        alike: dict[str, uuid.UUID] = {}
        for (called, _), key in self.meant.items():
            exact.setdefault(called, key)
            alike.setdefault(normal(called), key)
        return exact, alike


def apply_updates(
    scope: GraphScope, updates: Sequence[GraphUpdate], *, moment: dt.datetime, actor: str
) -> list[GraphUpdateResult]:
    """Resolve the names of these updates of one write, and store their relations; → a result for each update.

    The memories exist, or are created in this transaction. Repeating an update changes nothing.
    """
    read = [_PendingUpdate(update, list(_names(update))) for update in updates]
    if not any(each.named for each in read):
        return [GraphUpdateResult((), 0) for _ in updates]
    lock(scope)
    work = UnitOfWork(scope, moment, actor)
    resolver = EntityResolver(work)
    resolver.load(name for each in read for name in each.named)
    _identify(resolver, read)
    _mention(work, resolver, read)
    timeline, first = Timeline(work), []
    statements = [list(_statements(each)) for each in read]
    timeline.load({(s.source, s.type, s.target) for stated in statements for s in stated})
    for stated in statements:
        first.append(sum([timeline.state(s) for s in stated]))
    work.write()
    made = work.added[Entity]
    entity_events.emit_created([r for r in work.added[EntityRevision].values() if r.entity_key in made])
    return [GraphUpdateResult(_refs(resolver, each), new) for each, new in zip(read, first, strict=True)]


def _names(update: GraphUpdate) -> Iterator[EntityMention]:
    """All names of an update, including those of relations; each name and type once."""
    graph = update.graph
    ends = [name for stated in graph.stated for name in (stated.source, stated.target)]
    told = {normal(named.name) for named in graph.named}
    unknown = [
        EntityMention(name, "PERSON" if name == SELF else "CONCEPT") for name in ends if normal(name) not in told
    ]
    user = [EntityMention(SELF, "PERSON"), EntityMention(graph.user_name, "PERSON")] if graph.user_name else []
    found: dict[tuple[str, str], EntityMention] = {}
    for named in map(readable, (*graph.named, *unknown, *user)):
        if named is not None and (named.name, named.type) not in found:
            found[named.name, named.type] = named
    yield from found.values()


def _identify(resolver: EntityResolver, read: Sequence[_PendingUpdate]) -> None:
    """Longest names first, so that a short form may mean one of them."""
    for each in read:
        name = each.update.graph.user_name
        if name or any(named.name == SELF for named in each.named):
            key = resolver.user(name)
            mine = [n for n in each.named if n.type == "PERSON" and (n.name == SELF or _is(n, name))]
            for named in sorted(mine, key=lambda n: n.name != SELF):
                each.meant[named.name, named.type] = key
                resolver.record_name(key, named)
    waiting = [(each, named) for each in read for named in each.named if (named.name, named.type) not in each.meant]
    here = {id(each): set(each.meant.values()) for each in read}
    near = {key for keys in here.values() for key in keys}
    for each, named in sorted(waiting, key=lambda pair: -len(parts(pair[1].name, pair[1].type).words)):
        key = resolver.find(named, [here[id(each)], near])
        each.meant[named.name, named.type] = key
        here[id(each)].add(key)
        near.add(key)
        resolver.record_name(key, named)


def _is(named: EntityMention, name: str | None) -> bool:
    return name is not None and normal(named.name) == normal(name)


def _mention(work: UnitOfWork, resolver: EntityResolver, read: Sequence[_PendingUpdate]) -> None:
    """Which memory mentions which entity, and by which name."""
    memories = {"tenant": work.scope.tenant_id, "memory_key__in": [each.update.memory_id for each in read]}
    mentions = Mention.objects.filter(**memories, retired_at=None)
    mentioned = set(mentions.values_list("memory_key", "entity_key"))
    evidence = Evidence.objects.filter(**memories, retired_at=None, alias_key__isnull=False)
    stated = set(evidence.values_list("memory_key", "alias_key"))
    for each in read:
        memory = each.update.memory_id
        row = {"tenant_id": work.scope.tenant_id, "memory_key": memory, "recorded_at": work.moment}
        for named in each.named:
            key = each.meant[named.name, named.type]
            if (memory, key) not in mentioned:
                mentioned.add((memory, key))
                ours = [n for n in each.named if each.meant[n.name, n.type] == key]
                qualifier = next((n.qualifier for n in ours if n.qualifier), "")[:MAX_QUALIFIER_LENGTH]
                confidence = max(n.confidence for n in ours)
                work.add(Mention(entity_key=key, type=named.type, qualifier=qualifier, confidence=confidence, **row))
                resolver.count_type(key, named.type)
            alias = resolver.known[key].aliases[normal(named.name)]
            if (memory, alias.id) not in stated:
                stated.add((memory, alias.id))
                work.add(Evidence(alias_key=alias.id, **row))


def _statements(each: _PendingUpdate) -> Iterator[RelationStatement]:
    exact, alike = each.ends()

    def end(name: str) -> uuid.UUID | None:
        return exact.get(" ".join(name.split())) or alike.get(normal(name))

    for stated in each.update.graph.stated:
        source, target = end(stated.source), end(stated.target)
        if source is not None and target is not None:
            yield RelationStatement(
                memory_id=each.update.memory_id,
                source=source,
                type=stated.type[:MAX_TYPE_LENGTH],
                target=target,
                said_at=each.update.said_at,
                properties=dict(stated.properties),
                valid_from=stated.valid_from,
                valid_to=stated.valid_to,
                confidence=min(1.0, max(0.0, stated.confidence)),
                ended=stated.ended,
            )


def _refs(resolver: EntityResolver, each: _PendingUpdate) -> tuple[EntityRef, ...]:
    """The entities of an update in their order, each once."""
    found: dict[uuid.UUID, EntityRef] = {}
    for named in each.named:
        key = each.meant[named.name, named.type]
        revision = resolver.known[key].revision
        sure = max(named.confidence, found[key].confidence if key in found else 0.0)
        found[key] = EntityRef(key, revision.name, revision.type, sure)
    return tuple(found.values())
