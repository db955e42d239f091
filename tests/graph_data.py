"""A small world of entities, written straight into the tables, with the outbox rows that a writer owes the graph."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q

from apikeys.models import Tenant
from core.ids import new_id
from entities import names
from entities.graph import outbox
from entities.models import Entity, EntityRevision, Evidence, Mention, Relation
from entities.types import GraphKind, GraphScope
from memories.models import Memory
from tests import build

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def day(number: int) -> dt.datetime:
    return START + dt.timedelta(days=number)


@dataclass
class World:
    """One user's entities in one project of one tenant."""

    tenant: Tenant = field(default_factory=build.tenant)
    project: str = "default"
    user_id: str = "ann"

    @property
    def scope(self) -> GraphScope:
        return GraphScope(self.tenant.id, self.project, self.user_id)

    @property
    def _owned(self) -> dict[str, Any]:
        return {"tenant": self.tenant, "project": self.project, "user_id": self.user_id}

    def entity(self, name: str, type: str = "PERSON", *, at: dt.datetime = START) -> uuid.UUID:
        return self.entities(name, type=type, at=at)[0]

    def entities(self, *called: str, type: str = "PERSON", at: dt.datetime = START) -> list[uuid.UUID]:
        keys = [new_id() for _ in called]
        with transaction.atomic():
            Entity.objects.bulk_create([Entity(id=key, created_at=at, **self._owned) for key in keys])
            revisions = [
                self._named(key, name, type, at, disambiguator=called[:i].count(name))
                for i, (key, name) in enumerate(zip(keys, called, strict=True))
            ]
            EntityRevision.objects.bulk_create(revisions)
            self.note(GraphKind.ENTITY, *keys)
        return keys

    def rename(self, key: uuid.UUID, name: str, *, at: dt.datetime, into: uuid.UUID | None = None) -> None:
        with transaction.atomic():
            open_ = EntityRevision.objects.filter(tenant=self.tenant, entity_key=key, retired_at=None)
            of_type = open_.values_list("type", flat=True).get()
            open_.update(retired_at=at)
            EntityRevision.objects.bulk_create([self._named(key, name, of_type, at, merged_into_key=into)])
            self.note(GraphKind.ENTITY, key)

    def _named(self, key: uuid.UUID, name: str, type: str, at: dt.datetime, **fields: Any) -> EntityRevision:
        return EntityRevision(
            entity_key=key,
            name=name,
            type=type,
            normalised=names.normal(name),
            actor="test",
            recorded_at=at,
            **self._owned,
            **fields,
        )

    def relation(self, source: uuid.UUID, type: str, target: uuid.UUID, **fields: Any) -> uuid.UUID:
        return self.relations([{"source_key": source, "type": type, "target_key": target, **fields}])[0]

    def relations(self, rows: Sequence[dict[str, Any]]) -> list[uuid.UUID]:
        made = [Relation(**self._owned, **{"recorded_at": START, **row}) for row in rows]
        with transaction.atomic():
            Relation.objects.bulk_create(made)
            self.note(GraphKind.RELATION, *(row.id for row in made))
        return [row.id for row in made]

    def memory(self, *entities: uuid.UUID, at: dt.datetime = START, retired_at: dt.datetime | None = None) -> uuid.UUID:
        """A memory that mentions these."""
        memory = Memory(**self._owned)
        with transaction.atomic():
            Memory.objects.bulk_create([memory])
            self.mention(memory.id, *entities, at=at, retired_at=retired_at)
        return memory.id

    def mention(self, memory: uuid.UUID, *entities: uuid.UUID, at: dt.datetime = START, **fields: Any) -> None:
        """A memory that is there mentions these."""
        named = {"tenant": self.tenant, "memory_key": memory, "recorded_at": at, **fields}
        with transaction.atomic():
            Mention.objects.bulk_create([Mention(entity_key=entity, **named) for entity in entities])
            self.note(GraphKind.MEMORY, memory)

    def states(self, memory: uuid.UUID, *relations: uuid.UUID, at: dt.datetime = START) -> None:
        """A memory is the evidence of these."""
        stated = {"tenant": self.tenant, "memory_key": memory, "recorded_at": at}
        Evidence.objects.bulk_create([Evidence(relation_key=relation, **stated) for relation in relations])

    def merge(self, source: uuid.UUID, target: uuid.UUID, *, at: dt.datetime) -> None:
        """What a merge does to the rows: the source's relations and mentions retire, and point to the target anew."""
        live = {"tenant": self.tenant, "retired_at": None}
        with transaction.atomic():
            name = EntityRevision.objects.filter(entity_key=source, **live).values_list("name", flat=True).get()
            self.rename(source, name, at=at, into=target)
            old = [
                *Relation.objects.filter(source_key=source, **live),
                *Relation.objects.filter(target_key=source, **live).exclude(source_key=source),
            ]
            Relation.objects.filter(id__in=[r.id for r in old], **live).update(retired_at=at)
            for row in old:
                self.note(GraphKind.RELATION, row.id)
                ends = [target if key == source else key for key in (row.source_key, row.target_key)]
                self.relation(ends[0], row.type, ends[1], recorded_at=at)
            for mention in Mention.objects.filter(entity_key=source, **live):
                Mention.objects.filter(id=mention.id, **live).update(retired_at=at)
                if not Mention.objects.filter(entity_key=target, memory_key=mention.memory_key, **live).exists():
                    row_ = Mention(tenant=self.tenant, entity_key=target, memory_key=mention.memory_key, recorded_at=at)
                    Mention.objects.bulk_create([row_])
                self.note(GraphKind.MEMORY, mention.memory_key)

    def retire(self, relation: uuid.UUID, *, at: dt.datetime) -> None:
        with transaction.atomic():
            Relation.objects.filter(tenant=self.tenant, id=relation, retired_at=None).update(retired_at=at)
            self.note(GraphKind.RELATION, relation)

    def erase_memory(self, memory: uuid.UUID) -> None:
        with transaction.atomic():
            Mention.objects.filter(tenant=self.tenant, memory_key=memory).delete()
            self.note(GraphKind.MEMORY, memory)

    def erase_relation(self, relation: uuid.UUID) -> None:
        with transaction.atomic():
            Relation.objects.filter(tenant=self.tenant, id=relation).delete()
            self.note(GraphKind.RELATION, relation)

    def erase_entity(self, entity: uuid.UUID) -> None:
        """With its relations and mentions, each of which is noted."""
        ours = {"tenant": self.tenant}
        with transaction.atomic():
            relations = Relation.objects.filter(Q(source_key=entity) | Q(target_key=entity), **ours)
            mentions = Mention.objects.filter(entity_key=entity, **ours)
            self.note(GraphKind.RELATION, *relations.values_list("id", flat=True))
            self.note(GraphKind.MEMORY, *mentions.values_list("memory_key", flat=True))
            relations.delete()
            mentions.delete()
            EntityRevision.objects.filter(entity_key=entity, **ours).delete()
            Entity.objects.filter(id=entity, **ours).delete()
            self.note(GraphKind.ENTITY, entity)

    def note(self, kind: GraphKind, *ids: uuid.UUID) -> None:
        outbox.note(self.tenant.id, kind, ids)


def ids(found: Sequence[Any]) -> list[uuid.UUID]:
    return [near.id for near in found]
