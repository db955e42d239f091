"""After an erasure its words stand nowhere: not in a dump of the database, Redis, messages, logs, nor in any answer.

And a neighbour's rows are what they were, byte for byte.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from psycopg import sql

from apikeys.models import Tenant
from apikeys.scopes import Role
from core import redis
from core.clock import now
from core.idempotency.models import IdempotencyRecord
from core.ids import EVENT, MEMORY, parse
from core.tenancy import across_tenants
from entities.models import Mention
from entities.services import graph_updates
from entities.types import EntityMention, ExtractedGraph, GraphScope, GraphUpdate, RelationMention
from memories.models import Embedding, Erasure, Memory, Passage, Review, Revision, Source, TokenEmbedding
from memories.pipeline import embed, recall_counters
from memories.review_types import ReviewState
from memories.services import store as storing
from memories.types import RECIPES
from tests import build
from tests.api.samples import _all_rows
from tests.build import Caller
from tests.db.test_transfer import exported
from tests.graph_data import World
from webhooks.models import Delivery

# Made up, so that nobody else says them; and no stemmer changes them.
WORDS = ("zyxomak", "vlimtorb", "quandrok", "brusfelk", "trompwix")
TEXT, LATER, META, SPEAKER, PENDING = WORDS
USER = "ann"
NOBODYS = {"apikeys_tenant", "webhooks_webhook"}  # a webhook notes when its receiver went away


def rows(*tenants: Tenant) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    with connection.cursor() as cursor:
        for tenant in tenants:
            cursor.execute(_all_rows(), {"tenant": tenant.pk})
            found |= {row for row in cursor.fetchall() if row[0] not in NOBODYS}
    return found


def dump() -> str:
    """Every row of every table as PostgreSQL writes it, whatever Django knows of it."""
    connection.ensure_connection()
    parts = []
    with connection.connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        assert {"memories_passage", "core_idempotencyrecord", "django_admin_log"} <= set(tables)
        for table in tables:
            with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as rows_of:
                parts += [bytes(part).decode() for part in rows_of]
    return "".join(parts).lower()


def words_in(text: str) -> list[str]:
    return [word for word in WORDS if word in text.lower()]


def in_redis() -> list[str]:
    return [key for key, text in redis.contents() if words_in(f"{key} {text}")]


def verified(receipt_id: str, *things: str) -> str:
    out = StringIO()
    call_command("verify_erasure", receipt_id, words=list(things), stdout=out)
    return out.getvalue()


@pytest.fixture
def neighbours(eager: None, monkeypatch: pytest.MonkeyPatch) -> list[Tenant]:
    """People of the same tenant and of another one, and a webhook whose receiver is away."""
    monkeypatch.setattr("core.http_client.post", lambda *_, **__: 503)
    other = build.tenant("other")
    for tenant in (build.tenant("default"), other):
        for user in ("joanna", USER) if tenant is other else ("joanna",):
            caller = build.caller(tenant)
            kept = caller.store(f"{user} keeps bees in Bergen", user_id=user, metadata={"hive": 3})["id"]
            caller.patch(f"/api/v1/memories/{kept}", {"content": f"{user} keeps hens in Bergen"})
    hook = {"url": "https://hooks.example/", "events": ["memory.created", "memory.updated", "memory.deleted"]}
    assert build.caller(role=Role.ADMIN).post("/api/v1/webhooks", hook).status_code == 201
    return [build.tenant("default"), other]


def with_graph(owner: Caller, memories: list[str]) -> None:
    """What these memories state of entities: names, aliases, relations, a merge, and the webhooks of it."""
    assert owner.row is not None
    scope, moment = GraphScope(owner.row.tenant_id, "default", USER), now()
    for number, memory in enumerate(memories):
        key = parse(MEMORY, memory)
        assert key is not None
        named = (EntityMention(f"{TEXT} {LATER}", "PERSON"), EntityMention(f"{META} {number}", "ORG"))
        works = RelationMention(named[0].name, "WORKS_AT", named[1].name, {"role": SPEAKER})
        with transaction.atomic():
            graph_updates.apply_updates(
                scope, [GraphUpdate(key, ExtractedGraph(named, (works,)), moment)], moment=moment, actor="test"
            )
    found = owner.get(f"/api/v1/entities?user_id={USER}&type=ORG").json()["entities"]
    first, second = (entity["id"] for entity in found)
    assert owner.patch(f"/api/v1/entities/{first}", {"name": f"{META} of {TEXT}"}).status_code == 200
    merged = owner.post("/api/v1/entities/merge", {"source_ids": [second], "target_id": first})
    assert merged.status_code == 200


@pytest.fixture
def told(neighbours: list[Tenant], monkeypatch: pytest.MonkeyPatch) -> tuple[Caller, list[str]]:
    """A user who said much, in every way; → a caller, and the ids of all the memories."""
    owner, mine = build.caller(), {"user_id": USER}
    body = {"content": f"The {TEXT} sleeps under the oak", "metadata": {META: META}, **mine}
    first = owner.post("/api/v1/memories", body, Idempotency_Key="told-1").json()["id"]
    changed = {"content": f"The {TEXT} and the {LATER} sleep", "metadata": {"seen": META}}
    assert owner.request("PATCH", f"/api/v1/memories/{first}", changed, Idempotency_Key="told-2").status_code == 200
    third = owner.post(f"/api/v1/memories/{first}/supersede", {"content": f"The {LATER} left", "reason": TEXT}).json()
    turn = [{"role": "user", "name": SPEAKER, "content": f"I met the {TEXT}", "timestamp": "2026-01-05T10:00:00Z"}]
    said = owner.post("/v1/memories", {"messages": turn, "run_id": META, "infer": False, **mine}).json()["data"]
    twice = owner.store(f"The {LATER} left", **mine)
    assert twice["status"] == "duplicate"
    with_graph(owner, [third["id"], said["results"][0]["id"]])
    owner.recall(TEXT, **mine)
    lantern = owner.store(f"A lantern for the {LATER}", skip_extraction=True, **mine)["id"]
    review = build.review(third["id"], lantern, "duplicate", reason=f"both say {TEXT}")
    decided = {"decision": "accept"}
    answer = owner.request("POST", f"/api/v1/reviews/{review}", decided, Idempotency_Key="told-3")
    assert answer.status_code == 200
    build.review(third["id"], said["results"][0]["id"], reason=f"both say {TEXT}")
    with monkeypatch.context() as patch:
        patch.setattr("memories.pipeline.write_queue.enqueue_on_commit", lambda *_, **__: None)
        asked = {"content": f"A {PENDING} waits here", **mine}
        waiting = owner.post("/api/v1/memories", asked, Prefer="respond-async").json()
    assert waiting["status"] == "pending"
    ids = [first, third["id"], said["results"][0]["id"], lantern, waiting["id"]]
    assert sorted(words_in(dump())) == sorted(WORDS)
    pending = Delivery.objects.filter(tenant=neighbours[0], state="pending")
    assert len([d for d in pending if words_in(json.dumps(d.body))]) >= 4
    return owner, ids


def one_by_one(owner: Caller, ids: list[str]) -> str:
    answers = [owner.request("DELETE", f"/api/v1/memories/{i}", None, Idempotency_Key=f"gone-{i}") for i in ids]
    assert [answer.status_code for answer in answers] == [200] * len(ids)
    return str(answers[-1].json()["receipt_id"])


def by_list(owner: Caller, ids: list[str]) -> str:
    return str(owner.delete("/api/v1/memories", {"memory_ids": ids}).json()["receipt_id"])


def by_user(owner: Caller, _: list[str]) -> str:
    return str(owner.delete("/api/v1/memories", {"user_id": USER, "all": True}).json()["receipt_id"])


def by_project(owner: Caller, _: list[str]) -> str:
    return str(owner.delete("/api/v1/memories", {"user_id": USER, "project": "default"}).json()["receipt_id"])


def by_filters(owner: Caller, _: list[str]) -> str:
    asked = {"filters": {"created_at": {"gte": "2020-01-01"}}, "user_id": USER}
    return str(owner.delete("/api/v1/memories", asked).json()["receipt_id"])


def by_the_first_dialect(owner: Caller, _: list[str]) -> str:
    return str(owner.delete(f"/v1/memories/user/{USER}").json()["data"]["receipt_id"])


DOORS = (one_by_one, by_list, by_user, by_project, by_filters, by_the_first_dialect)


@pytest.mark.parametrize("erased", DOORS, ids=lambda door: door.__name__)
def test_no_word_of_it_is_left_anywhere(
    neighbours: list[Tenant],
    request: pytest.FixtureRequest,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    erased: Callable[[Caller, list[str]], str],
) -> None:
    settings.RANKING_PROFILES = True
    caplog.set_level(logging.INFO)
    before = rows(*neighbours)
    owner, ids = request.getfixturevalue("told")
    receipt = erased(owner, ids)
    recall_counters.flush()
    assert before <= rows(*neighbours), "a neighbour's rows changed"
    assert words_in(dump()) == []
    assert in_redis() == []
    for model in (Memory, Revision, Passage, Embedding, Review):
        assert model.objects.filter(tenant=neighbours[0], user_id=USER).count() == 0
    assert TokenEmbedding.objects.filter(tenant=neighbours[0]).exclude(passage__user_id="joanna").count() == 0
    assert [answer for answer in answers(owner, ids) if words_in(answer)] == []
    assert words_in(exported(tmp_path).decode()) == []
    assert words_in(caplog.text) == []
    assert verified(receipt, *ids, *WORDS).endswith("Nothing was found.\n")


def test_what_mentions_an_entity_is_gone_and_the_rest_is_not(
    neighbours: list[Tenant], told: tuple[Caller, list[str]]
) -> None:
    """A write that waits mentions nothing yet: it alone is left."""
    owner, ids = told
    world = World(neighbours[0], user_id=USER)
    ann = world.entity("Ann")
    keys = [parse("mem", memory_id) for memory_id in ids[:-1]]
    joannas = set(Mention.objects.filter(tenant=neighbours[0]).exclude(memory_key__in=keys).values_list("id"))
    Mention.objects.bulk_create([Mention(tenant=neighbours[0], entity_key=ann, memory_key=key) for key in keys])
    receipt = owner.delete("/api/v1/memories", {"entity": "Ann", "user_id": USER}).json()["receipt_id"]
    assert words_in(dump()) == [PENDING]
    assert len(joannas) == 2  # Bergen, in the text of before and of now
    assert set(Mention.objects.filter(tenant=neighbours[0]).values_list("id")) == joannas
    assert verified(receipt, *ids[:-1], *WORDS[:-1]).endswith("Nothing was found.\n")
    with pytest.raises(CommandError, match="Erased data was found"):
        verified(receipt, PENDING)


def answers(owner: Caller, ids: list[str]) -> Iterator[str]:
    """What recall says in every mode, and every other read."""
    mine = {"user_id": USER, "threshold": 0, "limit": 50}
    for word in WORDS:
        for recipe in RECIPES:
            asked = {"query": f"Where is the {word}?", **mine}
            yield _memories(owner.post("/api/v1/memories/recall", asked, X_Ranking_Profile=recipe))
        for mode in (
            {"enable_hybrid": False},
            {"enable_rerank": False},
            {"include_superseded": True},
            {"explain": True},
            {"reference_time": "2026-01-06T00:00:00Z"},
        ):
            yield _memories(owner.post("/api/v1/memories/recall", {"query": word, **mine, **mode}))
        by_filter = {"filters": {"OR": [{META: META}, {"seen": META}, {"agent_id": {"exists": False}}]}, **mine}
        yield _memories(owner.post("/api/v1/memories/recall", by_filter))
        yield _memories(owner.get(f"/v1/memories/search?query={quote(word)}&user_id={USER}"))
    reviews = [f"/api/v1/reviews?user_id={USER}&state={state}" for state in ReviewState]
    lists = [f"/api/v1/memories?user_id={USER}", f"/v1/memories/user/{USER}", f"/api/v1/users/{USER}/profile"]
    for path in (*lists, *reviews):
        answer = owner.get(path)
        assert answer.status_code == 200
        yield answer.content.decode()
    for memory_id in ids:
        for path in (f"/api/v1/memories/{memory_id}", f"/api/v1/memories/{memory_id}/history"):
            assert owner.get(path).status_code == 404
    events = [f"{EVENT}_{source.id.hex}" for source in Source.objects.filter(tenant=build.tenant("default"))]
    for event in events:
        yield owner.get(f"/api/v1/events/{event}").content.decode()


def _memories(answer: Any) -> str:
    """All of an answer but the question, which it may repeat."""
    assert answer.status_code == 200, answer.content
    body = answer.json().get("data", answer.json())
    return json.dumps({name: value for name, value in body.items() if name not in ("query", "explanation")})


def test_the_neighbours_of_an_erased_tenant_keep_every_byte(neighbours: list[Tenant], told: Any) -> None:
    doomed, kept = build.tenant("doomed"), rows(*neighbours)
    caller = build.caller(doomed)
    caller.store("A snarkbolt for the doomed", user_id=USER)
    master = Caller(str(configured.MASTER_KEY))
    asked = {"confirm": "doomed"}
    receipt = master.delete(f"/api/v1/tenants/ten_{doomed.pk.hex}", asked).json()["receipt_id"]
    assert "snarkbolt" not in dump()
    assert kept == rows(*neighbours)
    assert verified(receipt, "snarkbolt").endswith("Nothing was found.\n")


# --- in flight -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("act", ["update", "supersede"])
@pytest.mark.parametrize("door", ["user", "memory"])
def test_a_change_in_flight_writes_nothing_back(
    eager: None, monkeypatch: pytest.MonkeyPatch, act: str, door: str
) -> None:
    """The memory is erased while the model works on its new text."""
    owner = build.caller()
    kept = owner.store("Joanna keeps bees", user_id="joanna")["id"]
    gone = owner.store("Ann keeps hens", user_id=USER)["id"]
    encode, erased = embed.embedded, []

    def erase_first(*args: Any) -> Any:
        path = f"/v1/memories/user/{USER}" if door == "user" else f"/v1/memories/{gone}"
        erased.append(owner.delete(path).status_code)
        return encode(*args)

    monkeypatch.setattr(embed, "embedded", erase_first)
    if act == "update":
        owner.patch(f"/api/v1/memories/{gone}", {"content": f"The {TEXT} sleeps"})
    else:
        owner.post(f"/api/v1/memories/{gone}/supersede", {"content": f"The {TEXT} sleeps"})
    assert erased == [200]
    assert words_in(dump()) == []
    assert list(Memory.objects.filter(tenant=build.tenant("default")).values_list("id", flat=True)) == [
        parse("mem", kept)
    ]
    assert in_redis() == []


def test_an_answer_on_its_way_is_not_kept(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory is erased when its store is applied, and before the answer is written beside the key."""
    owner, results_of = build.caller(), storing.results_of

    def with_erasure(sources: Any) -> Any:
        results = results_of(sources)
        assert owner.delete(f"/v1/memories/user/{USER}").status_code == 200
        return results

    monkeypatch.setattr(storing, "results_of", with_erasure)
    body = {"content": f"The {TEXT} sleeps", "user_id": USER}
    first = owner.post("/api/v1/memories", body, Idempotency_Key="k")
    assert (first.status_code, TEXT in first.content.decode()) == (201, True)
    kept = IdempotencyRecord.objects.get(tenant=build.tenant("default"))
    assert (kept.body, kept.status, kept.erased_at is None) == (None, None, False)
    assert words_in(dump()) == []
    again = owner.post("/api/v1/memories", body, Idempotency_Key="k")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")


# --- the check itself ------------------------------------------------------------------------------------------------
def _plant_text(tenant: Tenant, _: str) -> None:
    Source.objects.filter(tenant=tenant, user_id="joanna").update(text=f"Told of a {TEXT.upper()}")


def _plant_lexeme(tenant: Tenant, _: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE memories_passage SET tsv = to_tsvector('english', %s) WHERE tenant_id = %s", [TEXT, tenant.pk]
        )


def _plant_id(tenant: Tenant, memory_id: str) -> None:
    Revision.objects.filter(tenant=tenant).update(metadata={"see": [memory_id]})


def _plant_answer(tenant: Tenant, memory_id: str) -> None:
    rows = [IdempotencyRecord(tenant=tenant, caller="x", key="k", fingerprint=b"", status=201, body={"id": memory_id})]
    IdempotencyRecord.objects.bulk_create(rows)


def _plant_message(tenant: Tenant, memory_id: str) -> None:
    sent = Delivery.objects.filter(tenant=tenant, state="pending", event="memory.deleted")
    assert sent.update(event="memory.created") == 1


def _plant_key(_: Tenant, __: str) -> None:
    redis.client().set(f"done:{TEXT}", b"1")


def _plant_task(_: Tenant, memory_id: str) -> None:
    redis.client().rpush("bulk", json.dumps({"body": "eyJ3b3JkIjogInp5eG9tYWsifQ=="}))  # {"word": "zyxomak"}


def _unblank(tenant: Tenant, _: str) -> None:
    assert Source.objects.filter(tenant=tenant, user_id=USER).update(payload={"a": 1}) == 1


def _change_receipt(tenant: Tenant, _: str) -> None:
    Erasure.objects.filter(tenant=tenant).update(counts={"memories": 0})


def _reopen_receipt(tenant: Tenant, _: str) -> None:
    Erasure.objects.filter(tenant=tenant).update(completed_at=None)


PLANTED = [
    (_plant_text, "table memories_source: 2 rows hold what was erased"),
    (_plant_lexeme, "table memories_passage: "),
    (_plant_id, "table memories_revision: "),
    (_plant_answer, "table core_idempotencyrecord: 1 rows hold what was erased"),
    (_plant_message, "table webhooks_delivery: 1 rows hold what was erased"),
    (_plant_key, "redis: 1 keys hold what was erased"),
    (_plant_task, "redis: 1 keys hold what was erased"),
    (_unblank, "table memories_source: 1 rows hold what was erased"),
    (_change_receipt, "receipt: 1 signature does not fit"),
    (_reopen_receipt, "receipt: 1 erasure is not complete"),
]


@pytest.mark.parametrize(("plant", "said"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED])
def test_what_was_left_behind_is_found(
    neighbours: list[Tenant],
    capsys: pytest.CaptureFixture[str],
    plant: Callable[[Tenant, str], None],
    said: str,
) -> None:
    owner = build.caller()
    gone = owner.store(f"The {TEXT} sleeps", user_id=USER)["id"]
    receipt = owner.delete(f"/api/v1/memories/{gone}").json()["receipt_id"]
    assert verified(receipt, gone, TEXT).endswith("Nothing was found.\n")
    with across_tenants("a test plants what an erasure would have left"):
        plant(neighbours[0], gone)
    with pytest.raises(CommandError, match="Erased data was found"):
        call_command("verify_erasure", receipt, ids=[gone], words=[TEXT])
    found = [line for line in capsys.readouterr().out.splitlines() if not line.endswith(": ok")]
    assert [line for line in found if line.startswith(said)]
    assert TEXT not in " ".join(found).lower()


def test_ids_and_words_come_from_standard_input(eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = build.caller()
    gone = owner.store(f"The {TEXT} sleeps", user_id=USER)["id"]
    receipt = owner.delete(f"/api/v1/memories/{gone}").json()["receipt_id"]
    owner.store(f"The {TEXT} is back", user_id=USER)
    monkeypatch.setattr("sys.stdin", StringIO(f"{gone}\n\n"))
    call_command("verify_erasure", receipt, stdin=True)
    monkeypatch.setattr("sys.stdin", StringIO(f"{gone}\n{TEXT}\n"))
    with pytest.raises(CommandError, match="Erased data was found"):
        call_command("verify_erasure", receipt, stdin=True)
    assert "only what is marked as erased was looked at" in verified(receipt)


@pytest.mark.parametrize("receipt", ["ers_" + "0" * 32, "mem_5", ""])
def test_a_receipt_that_is_none(eager: None, receipt: str) -> None:
    with pytest.raises(CommandError, match="not found"):
        verified(receipt)
