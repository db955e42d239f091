"""Whatever happens, and wherever the drain is killed, the graph ends as a rebuild from nothing would make it."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apikeys.scopes import Role
from apikeys.types import Principal
from core import clock
from core.errors import AppError
from core.ids import ENTITY, public
from entities.graph import drain, project
from entities.models import EntityRevision, GraphOutbox
from entities.services import edit, entity_erasure, graph_updates, merge
from entities.services import graph as service
from entities.types import EditEntity, EntityMention, ExtractedGraph, GraphUpdate, RelationMention
from memories.models import Memory
from tests.graph_data import World, day
from tests.neo4j import Graph

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("Ann Lee", "Bob Hall", "Cleo Marsh", "Dan Wood", "Eve Stone")
RELATIONS = ("LIKES", "WORKS_AT", "FRIEND_OF")
ACTS = ["store", "store", "withdraw", "revive", "rename", "merge", "split", "erase", "drain"]
DEATHS = ["claim and die", "write and die"]
STEPS = st.lists(
    st.tuples(st.sampled_from([*ACTS, *DEATHS]), st.integers(0, 9), st.integers(0, 9)), min_size=5, max_size=25
)


class History:
    """Acts through the services, each with two numbers that choose among what is there."""

    def __init__(self) -> None:
        self.world = World()
        self.caller = Principal(self.world.tenant.id, caller="test", role=Role.EDITOR)
        self.memories: list[uuid.UUID] = []
        self.moment = 0

    def act(self, what: str, one: int, two: int) -> None:
        self.moment += 1
        at, scope = day(self.moment), self.world.scope
        known = [public(ENTITY, key) for key in self._entities()]
        memory = self.memories[one % len(self.memories)] if self.memories else None
        with transaction.atomic():
            match what:
                case "store":
                    self.memories.append(self._memory())
                    graph_updates.apply_updates(scope, [self._lesson(one, two)], moment=at, actor="test")
                case "withdraw" if memory:
                    graph_updates.retract(scope, [memory], moment=at)
                case "revive" if memory:
                    graph_updates.reinstate(scope, [memory], moment=at)
                case "erase" if memory:
                    entity_erasure.erase(scope.tenant_id, [memory])
                    Memory.objects.filter(tenant=scope.tenant_id, id=memory).delete()
                    self.memories.remove(memory)
        try:
            match what:
                case "rename" if known:
                    edit.edit(self.caller, EditEntity(known[one % len(known)], name=f"Name {self.moment}"))
                case "merge" if known:
                    merge.merge(self.caller, [known[one % len(known)]], known[two % len(known)])
                case "split" if known:
                    merge.split(self.caller, known[one % len(known)])
        except AppError:
            pass  # itself, or merged already, or nothing to split: a refusal changes nothing
        match what:
            case "drain":
                drain.drain()
            case "claim and die":
                drain.claim()
            case "write and die":
                if claimed := drain.claim():
                    project.project(claimed)

    def _entities(self) -> list[uuid.UUID]:
        rows = EntityRevision.objects.filter(tenant=self.world.tenant, retired_at=None).order_by("entity_key")
        return list(rows.values_list("entity_key", flat=True))

    def _memory(self) -> uuid.UUID:
        row = Memory(tenant=self.world.tenant, project=self.world.project, user_id=self.world.user_id)
        Memory.objects.bulk_create([row])
        return row.id

    def _lesson(self, one: int, two: int) -> GraphUpdate:
        first, second = NAMES[one % len(NAMES)], NAMES[two % len(NAMES)]
        said = RelationMention(first, RELATIONS[(one + two) % len(RELATIONS)], second, ended=two == 7)
        return GraphUpdate(
            self.memories[-1],
            ExtractedGraph(
                (EntityMention(first, "PERSON"), EntityMention(second, "PERSON")), (said,) if first != second else ()
            ),
            day(self.moment),
        )


@given(steps=STEPS)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_history_ends_in_the_same_graph_as_a_rebuild(graph: Graph, steps: list[tuple[str, int, int]]) -> None:
    history = History()
    for step in steps:
        history.act(*step)
    ours = GraphOutbox.objects.filter(tenant=history.world.tenant, state="pending")
    ours.update(due_at=clock.now())  # the leases of those that died run out
    drain.drain()
    assert list(service.differences([history.world.tenant.id], sample=None)) == []
