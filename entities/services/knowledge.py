"""What memories state of entities, from the writer of memories: called in its transaction, under the owner's lock."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from entities.models import Entity, EntityRevision, Evidence, Mention
from entities.names import normal, parts
from entities.services import entity_events
from entities.services.erasing import erase
from entities.services.ledger import Ledger
from entities.services.lock import lock
from entities.services.roster import Roster, readable
from entities.services.timeline import Statement, Timeline
from entities.services.withdrawing import retire, revive
from entities.types import USER, EntityRef, GraphScope, Learned, Lesson, Named

__all__ = ["erase", "learn", "retire", "revive"]

TYPE = 32  # characters of a relation's type
QUALIFIER = 64  # characters


@dataclass
class Read:
    """A lesson, and the entities that its names mean."""

    lesson: Lesson
    named: list[Named]
    meant: dict[tuple[str, str], uuid.UUID] = field(default_factory=dict)

    def ends(self) -> tuple[dict[str, uuid.UUID], dict[str, uuid.UUID]]:
        """The entities that relations of this lesson may name: by their names, and by their normalised names."""
        exact: dict[str, uuid.UUID] = {}
        alike: dict[str, uuid.UUID] = {}
        for (called, _), key in self.meant.items():
            exact.setdefault(called, key)
            alike.setdefault(normal(called), key)
        return exact, alike


def learn(scope: GraphScope, lessons: Sequence[Lesson], *, moment: dt.datetime, actor: str) -> list[Learned]:
    """Find or make what these memories of one write name, and write down what they state; → as `lessons`, one each.

    The memories exist, or are made in this transaction. Teaching the same again changes nothing.
    """
    read = [Read(lesson, list(_names(lesson))) for lesson in lessons]
    if not any(each.named for each in read):
        return [Learned((), 0) for _ in lessons]
    lock(scope)
    ledger = Ledger(scope, moment, actor)
    roster = Roster(ledger)
    roster.load(name for each in read for name in each.named)
    _identify(roster, read)
    _mention(ledger, roster, read)
    timeline, first = Timeline(ledger), []
    statements = [list(_statements(each)) for each in read]
    timeline.load({(s.source, s.type, s.target) for stated in statements for s in stated})
    for stated in statements:
        first.append(sum([timeline.state(s) for s in stated]))
    ledger.write()
    made = ledger.added[Entity]
    entity_events.emit_created([r for r in ledger.added[EntityRevision].values() if r.entity_key in made])
    return [Learned(_refs(roster, each), new) for each, new in zip(read, first, strict=True)]


def _names(lesson: Lesson) -> Iterator[Named]:
    """All names of a lesson once, those of relations included; a name and type each."""
    knowledge = lesson.knowledge
    ends = [name for stated in knowledge.stated for name in (stated.source, stated.target)]
    told = {normal(named.name) for named in knowledge.named}
    unknown = [Named(name, "PERSON" if name == USER else "CONCEPT") for name in ends if normal(name) not in told]
    user = [Named(USER, "PERSON"), Named(knowledge.user_name, "PERSON")] if knowledge.user_name else []
    found: dict[tuple[str, str], Named] = {}
    for named in map(readable, (*knowledge.named, *unknown, *user)):
        if named is not None and (named.name, named.type) not in found:
            found[named.name, named.type] = named
    yield from found.values()


def _identify(roster: Roster, read: Sequence[Read]) -> None:
    """The fullest names first, so that a short form may mean one of them."""
    for each in read:
        name = each.lesson.knowledge.user_name
        if name or any(named.name == USER for named in each.named):
            key = roster.user(name)
            mine = [n for n in each.named if n.type == "PERSON" and (n.name == USER or _is(n, name))]
            for named in sorted(mine, key=lambda n: n.name != USER):
                each.meant[named.name, named.type] = key
                roster.call(key, named)
    waiting = [(each, named) for each in read for named in each.named if (named.name, named.type) not in each.meant]
    here = {id(each): set(each.meant.values()) for each in read}
    near = {key for keys in here.values() for key in keys}
    for each, named in sorted(waiting, key=lambda pair: -len(parts(pair[1].name, pair[1].type).words)):
        key = roster.find(named, [here[id(each)], near])
        each.meant[named.name, named.type] = key
        here[id(each)].add(key)
        near.add(key)
        roster.call(key, named)


def _is(named: Named, name: str | None) -> bool:
    return name is not None and normal(named.name) == normal(name)


def _mention(ledger: Ledger, roster: Roster, read: Sequence[Read]) -> None:
    """Which memory mentions which entity, and by which name."""
    memories = {"tenant": ledger.scope.tenant_id, "memory_key__in": [each.lesson.memory_id for each in read]}
    mentions = Mention.objects.filter(**memories, retired_at=None)
    mentioned = set(mentions.values_list("memory_key", "entity_key"))
    evidence = Evidence.objects.filter(**memories, retired_at=None, alias_key__isnull=False)
    stated = set(evidence.values_list("memory_key", "alias_key"))
    for each in read:
        memory = each.lesson.memory_id
        row = {"tenant_id": ledger.scope.tenant_id, "memory_key": memory, "recorded_at": ledger.moment}
        for named in each.named:
            key = each.meant[named.name, named.type]
            if (memory, key) not in mentioned:
                mentioned.add((memory, key))
                ours = [n for n in each.named if each.meant[n.name, n.type] == key]
                qualifier = next((n.qualifier for n in ours if n.qualifier), "")[:QUALIFIER]
                confidence = max(n.confidence for n in ours)
                ledger.add(Mention(entity_key=key, type=named.type, qualifier=qualifier, confidence=confidence, **row))
                roster.vote(key, named.type)
            alias = roster.known[key].aliases[normal(named.name)]
            if (memory, alias.id) not in stated:
                stated.add((memory, alias.id))
                ledger.add(Evidence(alias_key=alias.id, **row))


def _statements(each: Read) -> Iterator[Statement]:
    exact, alike = each.ends()

    def end(name: str) -> uuid.UUID | None:
        return exact.get(" ".join(name.split())) or alike.get(normal(name))

    for stated in each.lesson.knowledge.stated:
        source, target = end(stated.source), end(stated.target)
        if source is not None and target is not None:
            yield Statement(
                memory_id=each.lesson.memory_id,
                source=source,
                type=stated.type[:TYPE],
                target=target,
                said_at=each.lesson.said_at,
                properties=dict(stated.properties),
                valid_from=stated.valid_from,
                valid_to=stated.valid_to,
                confidence=min(1.0, max(0.0, stated.confidence)),
                ended=stated.ended,
            )


def _refs(roster: Roster, each: Read) -> tuple[EntityRef, ...]:
    """The entities of a lesson in the order in which it names them, each once."""
    found: dict[uuid.UUID, EntityRef] = {}
    for named in each.named:
        key = each.meant[named.name, named.type]
        revision = roster.known[key].revision
        sure = max(named.confidence, found[key].confidence if key in found else 0.0)
        found[key] = EntityRef(key, revision.name, revision.type, sure)
    return tuple(found.values())
