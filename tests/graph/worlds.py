"""Any small graph: entities of one user with relations and mentions, known and true at any time."""

from __future__ import annotations

import datetime as dt
import uuid

from hypothesis import strategies as st

from entities.relation_types import RELATION_TYPES
from entities.types import PointInTime
from tests.graph_data import World, day

NODES = st.integers(0, 5)
DAYS = st.integers(0, 6)
SPANS = st.tuples(st.none() | DAYS, st.none() | DAYS)
RELATIONS = st.lists(
    st.builds(
        lambda source, target, of_type, known, valid: (source, target, of_type, *known, *valid),
        NODES,
        NODES,
        st.sampled_from([*list(RELATION_TYPES)[:2], "UNHEARD_OF"]),
        SPANS,
        SPANS,
    ),
    max_size=12,
)
MENTIONS = st.lists(st.tuples(st.sets(NODES, min_size=1, max_size=3), DAYS), max_size=3)
MOMENTS = st.builds(lambda known, valid: PointInTime(day(known), day(valid)), DAYS, DAYS)


def span(names: tuple[str, str], begin: int | None, length: int | None) -> dict[str, dt.datetime]:
    times = {names[0]: begin, names[1]: None if length is None else (begin or 0) + length}
    return {name: day(number) for name, number in times.items() if number is not None}


def written(data: st.DataObject) -> tuple[World, list[uuid.UUID]]:
    world = World()
    nodes = world.entities(*(f"Name {i}" for i in range(6)))
    rows = [
        {"source_key": nodes[source], "target_key": nodes[target], "type": of_type}
        | span(("recorded_at", "retired_at"), *known)
        | span(("valid_from", "valid_to"), *valid)
        for source, target, of_type, *times in data.draw(RELATIONS)
        for known, valid in [(times[:2], times[2:])]
    ]
    world.relations(rows)
    for mentioned, recorded in data.draw(MENTIONS):
        world.memory(*(nodes[i] for i in mentioned), at=day(recorded))
    return world, nodes
