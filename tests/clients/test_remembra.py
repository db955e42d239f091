"""Remembra's published Python client, unmodified, against a service with the default extractor and embedder.

Each method that reads an answer is called. A method without an endpoint here raises the client's MemoryError (404).
"""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.conftest import Raised, Remembra
from tests.e2e.running import Service

OSLO = "Ann lives in Oslo"
TEA = "Ann drinks green tea"
UNKNOWN = "mem_" + "0" * 32
TRIP = [
    {"role": "user", "content": "My wife Suzan and I are planning a trip to Japan"},
    {"role": "assistant", "content": "That sounds exciting! When are you going?"},
    {"role": "user", "content": "We're thinking April next year", "name": "Ann", "timestamp": "2026-01-02T03:04:05Z"},
]
# (content, importance, speaker, message)
FACTS = [
    ("User's wife Suzan and User are planning a trip to Japan", 0.8, "user", 0),
    ("We're thinking April next year", 0.6, "Ann", 2),
]
TRIP_ENTITIES = [
    ("user", "PERSON", None),
    ("Suzan", "PERSON", None),
    ("Japan", "LOCATION", None),
    ("2026-04", "DATE", None),
    ("2027", "DATE", None),
]
CALLED = {"store", "update", "list_entities", "recall", "get", "forget", "forget_project", "health", "list"}
CALLED |= {"ingest_conversation"}
LOCAL = {"provenance", "close", "is_memory_valid", "shadow_cache_stats", "clear_shadow_cache", "detect_temporal"}
WITHOUT_ENDPOINT: dict[str, dict[str, Any]] = {
    "ingest_changelog": {"content": "## 1.0.0"},
    "session_brief": {},
    "resolve_project": {"repo_name": "boats"},
    "close_session": {"summary": "done"},
    "trail": {},
    "link_projects": {"from_project": "a", "to_project": "b"},
    "project_links": {},
    "store_status": {"key": "k", "value": "v"},
    "list_status": {},
    "timeline": {},
    "list_spaces": {},
    "create_space": {"name": "crew"},
    "send_to_inbox": {"to_agent": "a", "subject": "s", "body": "b"},
    "get_inbox": {"agent_id": "a"},
    "ack_inbox": {"inbox_id": "i"},
}
# Some 420 words, so about 500 tokens of English: two of them are more than the 800 tokens of `slim`.
LONG = "Ann wrote about the {} of the harbour in her diary" + ", and about the boats that came in with the tide" * 40


@pytest.fixture
def bare(started: Callable[..., Remembra], bound_key: str, user: str) -> Remembra:
    """A client that stamps nothing into the metadata."""
    return started(bound_key, user_id=user, provenance=False)


@pytest.fixture
def unbound(started: Callable[..., Remembra], service: Service) -> Remembra:
    """With an editor's key that is not bound to a user; the client's own default user is `default`."""
    return started(service.key)


def entities(client: Remembra, *names: str) -> list[dict[str, Any]]:
    """These entities in the shape of the client's EntityItem, with the ids of the list of entities."""
    listed = {entity["name"]: entity for entity in client.list_entities()["entities"]}
    fields = ("id", "canonical_name", "type", "confidence")
    return [{field: listed[name][field] for field in fields} for name in names]


def contents(memories: list[dict[str, Any]]) -> list[str]:
    return [memory["content"] for memory in memories]


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def refused(call: Callable[[], Any]) -> tuple[int | None, str]:
    """What the exception of the client carries: the status and the `detail` string of the answer."""
    with pytest.raises(Raised) as caught:
        call()
    return caught.value.status_code, str(caught.value).removeprefix("Request failed: ")


def test_a_stored_memory_is_the_callers_with_what_was_sent(client: Remembra, user: str) -> None:
    stored = client.store(content=OSLO, metadata={"topic": "home", "source": "mine"}, memory_type="profile")
    ann, oslo = entities(client, "Ann", "Oslo")
    assert stored == {
        "id": stored["id"],
        "extracted_facts": [OSLO],
        "entities": [
            {"id": ann["id"], "canonical_name": "Ann", "type": "PERSON", "confidence": 0.9},
            {"id": oslo["id"], "canonical_name": "Oslo", "type": "LOCATION", "confidence": 0.9},
        ],
        "duplicate_of": None,
        "expires_at": None,
        "source_id": None,
        "enrichment": None,
    }
    found = client.get(memory_id=stored["id"])
    said = {name: found[name] for name in ("id", "content", "user_id", "project", "memory_type", "expires_at")}
    assert said == {
        "id": stored["id"],
        "content": OSLO,
        "user_id": user,
        "project": "default",
        "memory_type": "profile",
        "expires_at": None,
    }
    session = found["metadata"]["session_id"]
    assert len(session) == 32
    assert found["metadata"] == {
        "topic": "home",
        "source": "mine",  # what the caller says wins over the stamp
        "session_id": session,
        "host": socket.gethostname(),
        "client_version": "0.17.5",
    }


def test_its_agent_is_known_by_the_header_and_stamped_into_the_metadata(
    started: Callable[..., Remembra], bound_key: str, user: str
) -> None:
    agent = started(bound_key, user_id=user, agent_id="claude-code", session_id="s-1")
    found = agent.get(memory_id=agent.store(content=OSLO)["id"])
    assert (found["agent_id"], found["metadata"]["agent_id"], found["metadata"]["session_id"]) == (
        "claude-code",
        "claude-code",
        "s-1",
    )


def test_a_duplicate_names_the_memory_that_holds_it(client: Remembra) -> None:
    first = client.store(content=OSLO)
    again = client.store(content=OSLO)
    assert (again["id"], again["duplicate_of"], again["extracted_facts"]) == (first["id"], first["id"], [])
    assert contents(client.list()) == [OSLO]


def test_facts_are_split_unless_extraction_is_skipped(client: Remembra) -> None:
    text = "Ann lives in Rome. Ann likes cats."
    split = client.store(content=text)
    assert split["extracted_facts"] == ["Ann lives in Rome", "Ann likes cats"]
    whole = client.store(content=text, skip_extraction=True, project_id="verbatim")
    assert whole["extracted_facts"] == [text]
    assert contents(client.list(project_id="verbatim")) == [text]
    assert sorted(contents(client.list(project_id="default"))) == ["Ann likes cats", "Ann lives in Rome"]


@pytest.mark.parametrize(
    ("options", "fields", "life"),
    [
        ({}, {"content": OSLO, "ttl": "30d"}, dt.timedelta(days=30)),
        ({}, {"content": OSLO, "ttl": "90min"}, dt.timedelta(minutes=90)),
        ({"auto_expire_temporal": True}, {"content": "Meeting tomorrow at 3pm with Ann"}, dt.timedelta(hours=36)),
    ],
)
def test_a_time_to_live_is_kept(
    started: Callable[..., Remembra],
    bound_key: str,
    user: str,
    options: dict[str, Any],
    fields: dict[str, Any],
    life: dt.timedelta,
) -> None:
    client = started(bound_key, user_id=user, **options)
    before = dt.datetime.now(dt.UTC)
    stored = client.store(**fields)
    assert before + life <= moment(stored["expires_at"]) <= dt.datetime.now(dt.UTC) + life
    assert client.get(memory_id=stored["id"])["expires_at"] == stored["expires_at"]


def test_a_bare_m_is_refused_and_nothing_is_written(client: Remembra) -> None:
    status, detail = refused(lambda: client.store(content=OSLO, ttl="30m"))
    assert (status, detail.split(":")[0]) == (400, "ttl")
    assert client.list() == []


def test_a_recall_gives_the_best_first_with_its_context(bare: Remembra) -> None:
    oslo, tea = bare.store(content=OSLO, metadata={"topic": "home"}), bare.store(content=TEA)
    found = bare.recall(query="Where does Ann live?", threshold=0.0)
    assert [memory["id"] for memory in found["memories"]] == [oslo["id"], tea["id"]]
    best, other = found["memories"]
    assert best == {
        "id": oslo["id"],
        "content": OSLO,
        "relevance": best["relevance"],
        "created_at": moment(bare.get(memory_id=oslo["id"])["created_at"]).isoformat(),
        "metadata": {"topic": "home"},
        "memory_type": "fact",
        "scope": None,
        "source_id": None,
        "staleness_warning": False,
        "age_days": 0,
    }
    assert 1.0 >= best["relevance"] > other["relevance"] >= 0.0
    assert found["context"] == f"{OSLO}.\n{TEA}."
    assert (found["entities"], found["degraded"]) == (entities(bare, "Ann", "Oslo"), None)
    only = bare.recall(query="Where does Ann live?", threshold=best["relevance"])
    assert [memory["id"] for memory in only["memories"]] == [oslo["id"]]
    assert only["entities"] == entities(bare, "Ann", "Oslo")
    assert contents(bare.recall(query="Where does Ann live?", threshold=0.0, limit=1)["memories"]) == [OSLO]


def test_filters_alone_give_the_newest_first(bare: Remembra) -> None:
    bare.store(content=OSLO, metadata={"kind": "note", "topic": "home"})
    bare.store(content=TEA, metadata={"kind": "note"})
    bare.store(content="Bob plays the cello", metadata={"kind": "task"})
    notes = bare.recall(filters={"kind": "note"})
    assert (contents(notes["memories"]), notes["entities"]) == ([TEA, OSLO], entities(bare, "Ann", "Oslo"))
    found = bare.recall(filters={"kind": "note", "topic": "home"})
    assert (contents(found["memories"]), found["context"]) == ([OSLO], f"{OSLO}.")
    assert contents(bare.recall(query="Ann", filters={"kind": "task"}, threshold=0.0)["memories"]) == [
        "Bob plays the cello"
    ]
    assert bare.recall(filters={"kind": "none"}) == {
        "context": "",
        "memories": [],
        "entities": [],
        "degraded": None,
        "retrieval_mode": None,
    }


def test_a_recall_gives_the_entities_of_its_memories_alone(bare: Remembra) -> None:
    bare.store(content=f"{OSLO}. Bob works at Acme.")
    found = bare.recall(query="Where does Bob work?", limit=1)
    assert contents(found["memories"]) == ["Bob works at Acme"]
    assert found["entities"] == entities(bare, "Bob", "Acme")
    assert {(e["canonical_name"], e["type"]) for e in found["entities"]} == {("Bob", "PERSON"), ("Acme", "ORG")}


def test_a_recall_of_the_past_names_entities_as_they_were(bare: Remembra, service: Service) -> None:
    bare.store(content=OSLO)
    (ann, oslo), moment_before = entities(bare, "Ann", "Oslo"), dt.datetime.now(dt.UTC).isoformat()
    status, _, _ = service.call("PATCH", f"/api/v1/entities/{ann['id']}", {"name": "Ann Berg"})
    assert status == 200
    now = bare.recall(query="Where does Ann live?")["entities"]
    assert now == [ann | {"canonical_name": "Ann Berg"}, oslo]
    then = bare.recall(query="Where does Ann live?", as_of=moment_before)["entities"]
    assert then == [ann, oslo]


def test_slim_and_max_tokens_cap_the_context_and_not_the_memories(bare: Remembra) -> None:
    texts = [LONG.format(part) for part in ("north", "south")]
    for text in texts:
        bare.store(content=text, skip_extraction=True, metadata={"kind": "long"})
    whole = bare.recall(filters={"kind": "long"})
    slim = bare.recall(filters={"kind": "long"}, slim=True)
    least = bare.recall(filters={"kind": "long"}, max_tokens=100)
    for found in (whole, slim, least):
        assert contents(found["memories"]) == texts[::-1]
    assert whole["context"] == f"{texts[1]}.\n{texts[0]}."
    first, second = slim["context"].split("\n")
    assert first == f"{texts[1]}."
    assert second.endswith(" […]")
    assert texts[0].startswith(second.removesuffix(" […]"))
    assert len(least["context"]) < len(slim["context"])


def test_what_was_superseded_is_recalled_only_when_asked_for(bare: Remembra, service: Service) -> None:
    old = bare.store(content=OSLO)
    status, new, _ = service.call("POST", f"/api/v1/memories/{old['id']}/supersede", {"content": "Ann lives in Bergen"})
    assert status == 201
    assert [m["id"] for m in bare.recall(query="Where does Ann live?")["memories"]] == [new["id"]]
    both = bare.recall(query="Where does Ann live?", include_superseded=True)["memories"]
    assert {m["id"] for m in both} == {old["id"], new["id"]}


def test_a_recall_stays_in_its_project(bare: Remembra) -> None:
    bare.store(content=OSLO)
    bare.store(content=TEA, project_id="work")
    assert contents(bare.recall(query="What about Ann?", threshold=0.0)["memories"]) == [OSLO]
    assert contents(bare.recall(query="What about Ann?", threshold=0.0, project_id="work")["memories"]) == [TEA]


def test_an_update_changes_the_text_and_merges_the_metadata(bare: Remembra) -> None:
    memory_id = bare.store(content=OSLO, metadata={"topic": "home", "n": 1})["id"]
    assert bare.update(memory_id=memory_id, content=TEA, metadata={"n": 2}) == {
        "status": "success",
        "id": memory_id,
        "memory": {"id": memory_id, "content": TEA},
        "updated_entities": [ann | {"name": "Ann"} for ann in entities(bare, "Ann")],
    }
    found = bare.get(memory_id=memory_id)
    assert (found["content"], found["metadata"]) == (TEA, {"topic": "home", "n": 2})
    assert found["entities"] == ["Ann"]
    assert contents(bare.recall(query="tea", threshold=0.0)["memories"]) == [TEA]


def test_a_list_is_a_bare_array_newest_first_over_all_projects(client: Remembra) -> None:
    texts = ["Ann lives in Oslo", "Bob plays the cello", "Whales sleep upright"]
    ids = [client.store(content=text, project_id=f"p{n % 2}")["id"] for n, text in enumerate(texts)]
    assert [(m["id"], m["content"]) for m in client.list()] == list(zip(ids, texts, strict=True))[::-1]
    assert contents(client.list(limit=1)) == [texts[2]]
    assert contents(client.list(limit=2, offset=1)) == [texts[1], texts[0]]
    assert client.list(offset=3) == []
    assert contents(client.list(project_id="p0")) == [texts[2], texts[0]]


def test_one_memory_is_forgotten(client: Remembra) -> None:
    gone, kept = client.store(content=OSLO)["id"], client.store(content=TEA)["id"]
    assert client.forget(memory_id=gone) == {"deleted_memories": 1, "deleted_entities": 1, "deleted_relationships": 1}
    assert [entity["name"] for entity in client.list_entities()["entities"]] == ["Ann"]
    assert refused(lambda: client.get(memory_id=gone))[0] == 404
    assert [m["id"] for m in client.list()] == [kept]


def test_one_project_is_forgotten(client: Remembra) -> None:
    client.store(content=OSLO, project_id="work")
    client.store(content=TEA, project_id="work")
    client.store(content=TEA)
    assert client.forget_project(project_id="work")["deleted_memories"] == 2
    assert [(m["project"], m["content"]) for m in client.list()] == [("default", TEA)]


def test_all_is_forgotten_of_the_keys_user_alone(client: Remembra, unbound: Remembra) -> None:
    client.store(content=OSLO)
    client.store(content=TEA, project_id="work")
    others = unbound.store(content=OSLO)["id"]
    assert client.forget(all_memories=True)["deleted_memories"] == 2
    assert client.list() == []
    assert unbound.get(memory_id=others)["content"] == OSLO


def test_the_memories_of_an_entity_are_forgotten(client: Remembra) -> None:
    for content in (OSLO, TEA, "Bob works at Acme"):
        client.store(content=content)
    client.store(content="Ann plays the cello", project_id="music")
    in_one = client.forget(entity="ann", project_id="default")
    assert in_one == {"deleted_memories": 2, "deleted_entities": 2, "deleted_relationships": 1}
    assert sorted(contents(client.list())) == ["Ann plays the cello", "Bob works at Acme"]
    everywhere = client.forget(entity="Ann")
    assert everywhere == {"deleted_memories": 1, "deleted_entities": 1, "deleted_relationships": 0}
    assert contents(client.list()) == ["Bob works at Acme"]
    assert {entity["name"] for entity in client.list_entities()["entities"]} == {"Bob", "Acme"}


def test_an_entity_that_no_memory_mentions_is_refused(client: Remembra) -> None:
    """The client looks at the version in /health first: it would send nothing to a service before 0.16.1."""
    client.store(content=OSLO)
    assert refused(lambda: client.forget(entity="Nobody")) == (
        400,
        "entity: there is none of that name; nothing was deleted",
    )
    assert refused(lambda: client.forget(entity="Nobody", project_id="default"))[0] == 400
    assert contents(client.list()) == [OSLO]


@pytest.mark.parametrize(
    ("method", "target"),
    [("forget", {"all_memories": True}), ("forget", {"entity": "Ann"}), ("forget_project", {"project_id": "default"})],
)
def test_an_unbound_key_deletes_many_of_nobody(unbound: Remembra, method: str, target: dict[str, Any]) -> None:
    kept = unbound.store(content=OSLO)["id"]
    status, detail = refused(lambda: getattr(unbound, method)(**target))
    assert (status, detail.split(":")[0]) == (400, "user_id")
    assert unbound.get(memory_id=kept)["user_id"] == "default"


def test_entities_are_listed(client: Remembra) -> None:
    client.store(content=OSLO)
    found = client.list_entities(entity_type="person", limit=5)
    (ann,) = found["entities"]
    assert found == {"entities": [ann], "total": 1, "next_cursor": None}
    assert ann == {
        "id": ann["id"],
        "name": "Ann",
        "canonical_name": "Ann",
        "type": "PERSON",
        "aliases": [],
        "memory_count": 1,
        "confidence": 0.9,
    }
    assert contents(client.recall(query="Ann")["memories"]) == [OSLO]
    assert client.list_entities(entity_type="product") == {"entities": [], "total": 0, "next_cursor": None}


def test_a_conversation_is_looked_at_taken_in_and_known_again(client: Remembra) -> None:
    looked = client.ingest_conversation(messages=TRIP, session_id="trip", store=False)
    assert client.list() == []
    taken = client.ingest_conversation(messages=TRIP, session_id="trip")
    again = client.ingest_conversation(messages=TRIP, session_id="trip")
    ids = {m["content"]: m["id"] for m in client.list()}
    assert set(ids) == {content for content, *_ in FACTS}
    for result, action, stored in ((looked, "add", False), (taken, "add", True), (again, "noop", False)):
        assert (result["status"], result["session_id"]) == ("ok", "trip")
        named = [] if result is looked else TRIP_ENTITIES
        assert [(e["name"], e["type"], e["relationship"]) for e in result["entities"]] == named
        assert result["facts"] == [
            {
                "content": content,
                "confidence": 0.9,
                "importance": importance,
                "source_message_index": index,
                "speaker": speaker,
                "stored": stored,
                "memory_id": None if result is looked else ids[content],
                "action": action,
                "action_reason": None,
            }
            for content, importance, speaker, index in FACTS
        ]
        assert result["stats"] == {
            "messages_processed": 3,
            "facts_extracted": 2,
            "facts_stored": 2 if stored else 0,
            "facts_updated": 0,
            "facts_deduped": 2 if action == "noop" else 0,
            "facts_skipped": 0,
            "entities_found": len(named),
            "processing_time_ms": result["stats"]["processing_time_ms"],
        }
    recalled = client.recall(query="Where does Suzan travel?", threshold=0.0)
    assert {e["canonical_name"] for e in recalled["entities"]} >= {"Suzan", "Japan"}


def test_a_conversation_may_be_kept_as_it_was_said_by_one_side(client: Remembra) -> None:
    taken = client.ingest_conversation(messages=TRIP, infer=False, extract_from="assistant")
    assert contents(taken["facts"]) == [TRIP[1]["content"]]
    assert contents(client.list()) == [TRIP[1]["content"]]


def test_health_needs_no_key(started: Callable[..., Remembra], service: Service) -> None:
    found = started("").health()
    assert (found["status"], found["version"]) == ("healthy", service.call("GET", "/health")[1]["version"])


def test_a_wrong_key_and_none_are_401(started: Callable[..., Remembra], bound_key: str, user: str) -> None:
    answers = [
        refused(lambda key=key: started(key, user_id=user).store(content=OSLO))
        for key in ("not-a-key-of-anybody", bound_key[:-1] + ("a" if bound_key[-1] != "a" else "b"))
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 401
    assert refused(lambda: started("", user_id=user).list())[0] == 401
    assert started(bound_key, user_id=user).list() == []


def test_an_unknown_id_and_a_foreign_one_are_answered_alike(client: Remembra, unbound: Remembra) -> None:
    foreign = unbound.store(content=OSLO)["id"]
    for memory_id in (UNKNOWN, foreign):
        expected = (404, f"Memory with ID '{memory_id}' not found")
        assert refused(lambda i=memory_id: client.get(memory_id=i)) == expected
        assert refused(lambda i=memory_id: client.update(memory_id=i, content=TEA)) == expected
        assert refused(lambda i=memory_id: client.forget(memory_id=i)) == (
            400,
            f"memory_ids: Memory with ID '{memory_id}' not found; nothing was deleted",
        )
    assert unbound.get(memory_id=foreign)["content"] == OSLO


def test_another_user_is_refused(started: Callable[..., Remembra], bound_key: str, client: Remembra) -> None:
    other = started(bound_key, user_id="somebody-else")
    assert refused(lambda: other.store(content=OSLO))[0] == 403
    assert refused(lambda: other.recall(query="Ann"))[0] == 403
    assert client.list() == []


def test_every_method_of_the_client_is_called_here_or_has_no_endpoint(client: Remembra) -> None:
    methods = {name for name in client.call("__dir__") if not name.startswith("_")}
    attributes = {"base_url", "api_key", "user_id", "project", "timeout", "agent_id", "session_id"}
    assert methods - attributes == CALLED | LOCAL | set(WITHOUT_ENDPOINT)


@pytest.mark.parametrize("method", WITHOUT_ENDPOINT)
def test_a_method_without_an_endpoint_raises_the_clients_own_error(client: Remembra, method: str) -> None:
    status, detail = refused(lambda: client.call(method, **WITHOUT_ENDPOINT[method]))
    assert (status, detail) == (404, "There is nothing at this path. See /docs for what there is.")


def test_the_clients_cache_of_lives_knows_what_was_stored(
    started: Callable[..., Remembra], bound_key: str, user: str
) -> None:
    client = started(bound_key, user_id=user, enable_shadow_ttl=True)
    stored = client.store(content=OSLO, ttl="30d")["id"]
    assert client.is_memory_valid(memory_id=stored) is True
    client.forget(memory_id=stored)
    assert client.is_memory_valid(memory_id=stored) is not True


def test_the_service_of_these_tests_is_that_of_make_up(client: Remembra, service: Service) -> None:
    """The local embedder; and the rules of the English pipeline, which rewrite a first person."""
    embedder = service.call("GET", "/status")[1]["data"]["embedder"]
    assert (embedder["status"], embedder["model"]) == ("healthy", "all-MiniLM-L6-v2")
    assert client.store(content="I live in Oslo")["extracted_facts"] == ["User lives in Oslo"]
