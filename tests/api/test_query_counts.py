"""How many statements each operation sends: the committed number exactly, and the same with 20 objects as with one.

After netbox's `utilities/testing/query_counts.py`. A typical request is the one that `test_matrix.py` refuses.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from apikeys import key_cache
from apikeys.scopes import Scope
from core.ids import ENTITY, MEMORY, parse
from tests import build, graph_data
from tests.api.operations import Operation, Request, operations
from tests.api.samples import MAKERS, PROJECT, TEXT, USER, World, alone

FILE = Path(__file__).with_name("query_counts.json")
UPDATE = "UPDATE_QUERY_COUNTS"
PROBES = {"/status", "/v1/status", "/metrics", "/v1/metrics"}  # they remember what they found for some seconds
COUNTED = [o for o in operations() if o.method != "HEAD" and o.template not in PROBES]
READS = [o for o in COUNTED if o.method == "GET" or o.scope is Scope.READ]
MANY = 20


@pytest.fixture(autouse=True, scope="module")
def keys_are_kept() -> Iterator[None]:
    """However slow the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_cache, "SECONDS", 3600.0)
        yield


def statements(asked: Request, secret: str | None, status: int) -> list[str]:
    """What a request sends to the database. Its key was used less than a second before."""
    Request("GET", "/api/v1/events/none").send(secret)
    with CaptureQueriesContext(connection) as sent:
        answer = asked.send(secret)
    assert answer.status_code == status, answer.content
    return [query["sql"] for query in sent.captured_queries]


def statements_of(world: World, operation: Operation) -> list[str]:
    return statements(world.good(operation), world.secret(operation.granted or "the master"), operation.success)


def committed() -> dict[str, int]:
    return dict(json.loads(FILE.read_text())) if FILE.exists() else {}


@pytest.fixture(scope="session")
def found() -> Iterator[dict[str, int]]:
    """The numbers found in this run; they become the committed ones if that is asked for."""
    numbers: dict[str, int] = {}
    yield numbers
    if os.environ.get(UPDATE):
        all_of_them = {str(o): n for o in COUNTED if (n := {**committed(), **numbers}.get(str(o))) is not None}
        FILE.write_text(json.dumps(dict(sorted(all_of_them.items())), indent=2) + "\n")


@pytest.mark.parametrize("operation", COUNTED, ids=str)
def test_the_number_of_statements_is_the_committed_one(
    eager: None, monkeypatch: pytest.MonkeyPatch, found: dict[str, int], operation: Operation
) -> None:
    alone(monkeypatch)
    world = World()
    world.sample("memory_id")
    sent = statements_of(world, operation)
    found[str(operation)] = len(sent)
    if not os.environ.get(UPDATE):
        meant = committed().get(str(operation))
        advice = f"if that is meant: {UPDATE}=1 make test ARGS=tests/api/test_query_counts.py, and commit {FILE.name}"
        assert len(sent) == meant, "\n".join([f"{len(sent)} statements, not {meant}; {advice}", *sent])


def test_no_number_is_left_of_an_operation_that_is_gone() -> None:
    left = set(committed()) - {str(o) for o in COUNTED}
    assert left == set() or os.environ.get(UPDATE)


# --- one and many ----------------------------------------------------------------------------------------------------
def _more_memories(world: World) -> None:
    for number in range(MANY):
        stored = world.owner.store(f"{TEXT}, room {number}", user_id=USER, project=PROJECT, skip_extraction=True)
        assert stored["status"] == "success"


def _more_revisions(world: World) -> None:
    path = f"/api/v1/memories/{world.sample('memory_id')}"
    for number in range(MANY):
        assert world.owner.patch(path, {"metadata": {"number": number}}).status_code == 200


def _more_keys(world: World) -> None:
    for number in range(MANY):
        assert world.owner.post("/api/v1/keys", {"name": f"key {number}"}).status_code == 201


def _more_tenants(world: World) -> None:
    for _ in range(MANY):
        build.tenant()


def _more_webhooks(world: World) -> None:
    hook = world.sample("webhook_id")
    asked = {"url": "https://hooks.example/", "events": ["memory.created"]}
    for _ in range(MANY):
        assert world.owner.post("/api/v1/webhooks", asked).status_code == 201
        assert world.owner.post(f"/api/v1/webhooks/{hook}/test", None).status_code == 202


def _more_entities(world: World) -> None:
    """Around the one that is there, each mentioned by its memory."""
    entity, memory = parse(ENTITY, world.sample("entity_id")), parse(MEMORY, world.sample("memory_id"))
    assert entity is not None
    assert memory is not None
    assert world.owner.row is not None
    known = graph_data.World(world.owner.row.tenant, PROJECT, USER)
    for key in known.entities(*(f"facet {number}" for number in range(MANY)), type="PRODUCT"):
        known.mention(memory, key)
        known.states(memory, known.relation(entity, "OWNS", key))


MORE: list[Callable[[World], None]] = [
    _more_memories,
    _more_revisions,
    _more_keys,
    _more_tenants,
    _more_webhooks,
    _more_entities,
]


@pytest.fixture(scope="module")
def one_and_many(lasting_db: None) -> dict[str, tuple[list[str], list[str]]]:
    """The statements of each read, first with one object of each kind, then with many more."""
    world = World()
    for name in MAKERS:
        world.sample(name)
    with override_settings(RECALL_SNAPSHOT_MB=0):  # a repeated question takes fewer
        one = {str(o): statements_of(world, o) for o in READS}
        for more in MORE:
            more(world)
        return {str(o): (one[str(o)], statements_of(world, o)) for o in READS}


@pytest.mark.parametrize("operation", READS, ids=str)
def test_many_objects_take_no_more_statements_than_one(
    one_and_many: dict[str, tuple[list[str], list[str]]], operation: Operation
) -> None:
    one, many = one_and_many[str(operation)]
    assert len(many) == len(one), "\n".join(map(str, many))


ERASURES: dict[str, Callable[[str, list[str]], Request]] = {
    "a user in /v1": lambda user, _: Request("DELETE", f"/v1/memories/user/{user}"),
    "a user in /api/v1": lambda user, _: Request("DELETE", "/api/v1/memories", {"user_id": user, "all": True}),
}


@pytest.mark.parametrize("erasure", ERASURES.values(), ids=ERASURES)
def test_an_erasure_of_many_takes_no_more_statements_than_one(
    eager: None, erasure: Callable[[str, list[str]], Request]
) -> None:
    world, counts = World(), []
    for user, number in (("one", 1), ("many", MANY)):
        said = [f"{TEXT}, room {n}" for n in range(number)]
        ids = [world.owner.store(text, user_id=user, skip_extraction=True)["id"] for text in said]
        assert len(set(ids)) == number
        counts.append(len(statements(erasure(user, ids), world.owner.secret, 200)))
    assert counts[0] == counts[1]


def test_a_repeated_recall_takes_two_statements_and_one_for_its_key(eager: None) -> None:
    world = World()
    for number in range(5):
        world.owner.store(f"The garden has room {number}", skip_extraction=True)
    asked = Request("POST", "/api/v1/memories/recall", {"query": "Which room has the garden?"})
    counts = [len(statements(asked, world.owner.secret, 200)) for _ in range(3)]
    assert counts == [7, 4, 2]  # the second one reads the snapshot
    key_cache.forget()
    with CaptureQueriesContext(connection) as sent:
        assert asked.send(world.owner.secret).status_code == 200
    assert len(sent.captured_queries) == 3
