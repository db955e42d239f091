"""`python -m benchmarks.graph`: walks from the best connected of 20,000 entities with 100,000 relations, both readers.

Needs the servers of a running `make up NEO4J=1` (found through DATA_DIR), or DATABASE_URL and NEO4J_URI. What it writes
stands in a tenant of its own and is erased at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memproject.settings")
os.environ.setdefault("MEMPROJECT_WORKER", "true")  # one connection, no pool
os.environ.setdefault("NEO4J_TIMEOUT_SECONDS", "60")  # the whole walk is measured, however long it takes
django.setup()

from apikeys import services  # noqa: E402
from apikeys.models import Tenant  # noqa: E402
from benchmarks.retrieval_metrics import percentiles  # noqa: E402
from core.clock import now  # noqa: E402
from core.ids import new_id  # noqa: E402
from entities.graph import drain, outbox  # noqa: E402
from entities.graph.reader import CYPHER, SQL  # noqa: E402
from entities.models import Entity, EntityRevision, GraphOutbox, Relation  # noqa: E402
from entities.relation_types import RELATION_TYPES  # noqa: E402
from entities.services import graph  # noqa: E402
from entities.types import GraphKind, GraphScope, PointInTime  # noqa: E402

ENTITIES, RELATIONS = 20_000, 100_000
CALLS = 30
BATCH_SIZE = 5_000


@contextlib.contextmanager
def tenant() -> Iterator[Tenant]:
    row = Tenant(slug=f"bench-{uuid.uuid4().hex[:12]}")
    Tenant.objects.bulk_create([row])
    try:
        yield row
    finally:
        relations = list(Relation.objects.filter(tenant=row).values_list("id", flat=True))
        entities = list(Entity.objects.filter(tenant=row).values_list("id", flat=True))
        for model in (Relation, EntityRevision, Entity):
            model._default_manager.filter(tenant=row).delete()
        outbox.note(row.id, GraphKind.RELATION, relations)
        outbox.note(row.id, GraphKind.ENTITY, entities)
        drained(row)
        GraphOutbox.objects.filter(tenant=row).delete()
        Tenant.objects.filter(id=row.id).update(erased_at=now())


def write(owner: Tenant, dice: random.Random) -> list[uuid.UUID]:
    """Some entities have many relations, most have a few. → ids, the best connected first."""
    owned: dict[str, Any] = {"tenant": owner, "project": "default", "user_id": "ann"}
    keys = [new_id() for _ in range(ENTITIES)]
    Entity.objects.bulk_create([Entity(id=key, **owned) for key in keys], batch_size=BATCH_SIZE)
    names = [
        EntityRevision(entity_key=key, name=f"N{i}", type="PERSON", normalised=f"n{i}", actor="bench", **owned)
        for i, key in enumerate(keys)
    ]
    EntityRevision.objects.bulk_create(names, batch_size=BATCH_SIZE)
    relations = [
        Relation(
            source_key=keys[int(ENTITIES * dice.random() ** 3)],
            target_key=dice.choice(keys),
            type=dice.choice(list(RELATION_TYPES)),
            **owned,
        )
        for _ in range(RELATIONS)
    ]
    Relation.objects.bulk_create(relations, batch_size=BATCH_SIZE)
    outbox.note(owner.id, GraphKind.ENTITY, keys)
    outbox.note(owner.id, GraphKind.RELATION, [row.id for row in relations])
    return keys


def drained(owner: Tenant) -> None:
    """Until nothing of it waits; a running worker helps."""
    while GraphOutbox.objects.filter(tenant=owner, state="pending").exists():
        if not drain.drain(seconds=60):
            time.sleep(0.2)


def measure(calls: int, ask: Callable[[], Any]) -> tuple[Any, str]:
    """The answer, and p50 and p95 in milliseconds; the first calls, which plan, are left out."""
    answer, times = ask(), []
    for _ in range(calls):
        begun = time.perf_counter()
        answer = ask()
        times.append(time.perf_counter() - begun)
    p50, p95 = percentiles(times)
    return answer, f"p50 {p50:8.1f} ms   p95 {p95:8.1f} ms"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    calls = parser.parse_args().calls
    if not graph.is_healthy():
        print("No Neo4j answers: start the service with make up NEO4J=1, or set NEO4J_URI.", file=sys.stderr)
        return 1
    services.default_tenant()
    dice = random.Random(7)
    with tenant() as owner:
        begun = time.perf_counter()
        keys = write(owner, dice)
        print(f"written to PostgreSQL: {time.perf_counter() - begun:.0f} s")
        begun = time.perf_counter()
        drained(owner)
        seconds = time.perf_counter() - begun
        print(f"drained to Neo4j: {seconds:.0f} s, {(ENTITIES + RELATIONS) / seconds:,.0f} objects a second")
        moment = PointInTime(now(), now())
        scope = GraphScope(owner.id, "default", "ann")
        for limit in (100, ENTITIES):
            for depth in (1, 2, 3):
                answers = []
                for name, reader in (("SQL", SQL), ("Cypher", CYPHER)):
                    found, times = measure(
                        calls,
                        lambda: reader.neighbours(scope, keys[0], depth=depth, limit=limit, moment=moment),  # noqa: B023
                    )
                    answers.append(found)
                    print(f"depth {depth}, limit {limit:6,}: {len(found):6,} entities   {name:6}   {times}")
                assert answers[0] == answers[1]
        pairs = [(dice.choice(keys), dice.choice(keys)) for _ in range(calls)]
        for name, reader in (("SQL", SQL), ("Cypher", CYPHER)):
            ways = iter([*pairs[:1], *pairs])
            _, times = measure(calls, lambda: reader.path(scope, *next(ways), max_depth=6, moment=moment))  # noqa: B023
            print(f"shortest path of two at random                  {name:6}   {times}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
