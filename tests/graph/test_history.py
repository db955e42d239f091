"""Whatever happens, and wherever the drain is killed, the graph ends as a rebuild from nothing would make it."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entities.graph import drain, project
from entities.models import GraphOutbox
from entities.services import graph as service
from memproject.common import clock
from tests.neo4j import Graph
from tests.taught import World, day

pytestmark = pytest.mark.django_db(transaction=True)

DEATHS = ("claim and die", "write and die")
ACTS = ["store", "relate", "rename", "retire", "merge", "forget", "erase", "drain", *DEATHS]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "store",
                "relate",
                "rename",
                "retire",
                "merge",
                "forget",
                "erase",
                "drain",
                "claim and die",
                "write and die",
            ]
        ),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    min_size=5,
    max_size=25,
)


class History:
    """Acts on a world, each with two numbers that choose among what is there."""

    def __init__(self) -> None:
        self.world = World()
        self.entities = self.world.entities("Ann", "Bob", "Cleo")
        self.relations: list[uuid.UUID] = []
        self.memories: list[uuid.UUID] = []
        self.moment = 0

    def act(self, what: str, one: int, two: int) -> None:
        self.moment += 1
        first, second = self.entities[one % len(self.entities)], self.entities[two % len(self.entities)]
        match what:
            case "store":
                self.entities.append(self.world.entity(f"Name {self.moment}", at=day(self.moment)))
                self.memories.append(self.world.memory(first, self.entities[-1], at=day(self.moment)))
            case "relate":
                self.relations.append(self.world.relation(first, "LIKES", second, recorded_at=day(self.moment)))
            case "rename":
                self.world.rename(first, f"Name {self.moment}", at=day(self.moment))
            case "retire" if self.relations:
                self.world.retire(self.relations[one % len(self.relations)], at=day(self.moment))
            case "merge" if first != second:
                self.world.merge(first, second, at=day(self.moment))
                self.entities.remove(first)
            case "forget" if self.memories:
                self.world.erase_memory(self.memories.pop(one % len(self.memories)))
            case "erase" if self.relations:
                self.world.erase_relation(self.relations.pop(one % len(self.relations)))
            case "drain":
                drain.drain()
            case "claim and die":
                drain.claim()
            case "write and die":
                if claimed := drain.claim():
                    project.project(claimed)


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
