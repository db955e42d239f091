"""Read the graph with two sources that give the same results: Neo4j if it is healthy, else PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from entities.graph import client, cypher, sql
from entities.graph.client import GraphError
from entities.types import GraphScope, Path, PointInTime, ReachedNode

T = TypeVar("T")


class GraphReader(Protocol):
    """Traversals along the relations of one scope, in either direction, at a point in time.

    They return ids: names and properties are read from PostgreSQL, so that erased data is never shown.
    """

    def neighbours(
        self, scope: GraphScope, start: uuid.UUID, *, depth: int, limit: int, moment: PointInTime
    ) -> list[ReachedNode]: ...

    def edges(self, scope: GraphScope, among: Sequence[uuid.UUID], *, moment: PointInTime) -> list[uuid.UUID]: ...

    def path(
        self, scope: GraphScope, start: uuid.UUID, end: uuid.UUID, *, max_depth: int, moment: PointInTime
    ) -> Path | None: ...

    def memories(
        self, scope: GraphScope, start: uuid.UUID, *, depth: int, limit: int, moment: PointInTime
    ) -> list[ReachedNode]: ...


SQL: GraphReader = sql
CYPHER: GraphReader = cypher


def with_fallback(query: Callable[[GraphReader], T]) -> T:
    """Run `query` on Neo4j if it is healthy, else on PostgreSQL; it may run twice."""
    if client.is_healthy():
        try:
            return query(CYPHER)
        except GraphError:
            pass
    return query(SQL)
