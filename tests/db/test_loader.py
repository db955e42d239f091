"""What the benchmark's loader writes is what the service would have written, to whoever asks over HTTP."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from string import Formatter

import pytest
from django.db import connection

from benchmarks import loader
from benchmarks.conversation import FRAMES, ConversationTurn, questions, turns
from core.clock import iso
from core.tenancy import across_tenants, tenant_tables
from memories.embeddings import registry
from memories.models import Embedding, Owner, Passage, Revision, Source
from tests.build import Caller

COUNT = 50


@pytest.fixture(autouse=True)
def vectors_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "CACHE", tmp_path)


def rows() -> Counter[str]:
    """How many there are, by table."""
    with across_tenants("a test counts"):
        counts = {model._meta.db_table: model._base_manager.count() for model in tenant_tables()}
    return +Counter(counts)


def post(caller: Caller, said: list[ConversationTurn], user: str) -> None:
    """One session through the door."""
    messages = [
        {"role": "user", "name": turn.speaker, "content": turn.text, "timestamp": iso(turn.said_at)} for turn in said
    ]
    body = {"messages": messages, "user_id": user, "run_id": said[0].session, "infer": False}
    assert caller.post("/v1/memories", body).status_code == 200


# --- the conversation ------------------------------------------------------------------------------------------------
def test_a_conversation_begins_the_same_however_long_it_gets() -> None:
    short, long = list(turns(45)), list(turns(2_000))
    assert long[:45] == short
    assert len({turn.text for turn in long}) > 1_980
    assert len({word for turn in long for word in turn.text.split()}) > 1_000
    assert [turn.said_at for turn in long] == sorted(turn.said_at for turn in long)


def test_a_question_asks_in_words_of_its_statement() -> None:
    for statement, question in FRAMES:
        said, asked = ({name for _, name, _, _ in Formatter().parse(text) if name} for text in (statement, question))
        assert asked <= said | {"speaker"}, question


def test_questions_differ_and_are_answered() -> None:
    answered = {turn.question for turn in turns(1_000)}
    asked = questions(800, 1_000)
    assert (len(asked), len(set(asked))) == (800, 800)
    assert set(asked) <= answered
    assert questions(5, 3) == [turn.question for turn in turns(3)]


# --- what was loaded, over HTTP --------------------------------------------------------------------------------------
def test_what_was_loaded_is_listed_read_and_found(owner: Caller) -> None:
    loader.load("bench-1", COUNT)
    said = list(turns(COUNT))
    listed = owner.get("/api/v1/memories?user_id=bench-1&limit=100").json()["memories"]
    assert Counter(m["content"] for m in listed) == Counter(turn.text for turn in said)
    for turn in said[::7]:
        (found,) = [m for m in listed if m["content"] == turn.text]
        one = owner.get("/api/v1/memories/" + found["id"]).json()
        assert (one["content"], one["user_id"], one["memory_type"]) == (turn.text, "bench-1", "turn")
        assert (one["speaker"], one["valid_from"]) == (turn.speaker, iso(turn.said_at))
        (revision,) = owner.get(f"/api/v1/memories/{found['id']}/history").json()["revisions"]
        assert (revision["content"], revision["action"]) == (turn.text, "ADD")
        assert owner.recalled(turn.text, user_id="bench-1")[0] == turn.text
    assert owner.recalled(said[0].text) == []


def test_it_writes_what_the_service_writes(owner: Caller) -> None:
    """The same session posted and loaded, column by column; ids and times of the system apart."""
    said = list(turns(20))
    post(owner, said, "posted")
    loader.load("loaded", 20)
    own = ("id", "user_id", "actor", "_key", "_at", "reserved_id", "batch", "sequence")
    for model in (Source, Revision, Passage, Embedding, Owner):
        columns = [column.attname for column in model._meta.concrete_fields]
        names = [name for name in columns if name == "said_at" or not name.endswith(own)]
        posted, loaded = (
            [
                {name: str(value) for name, value in row.items()}
                for row in model._base_manager.filter(tenant=owner.row.tenant_id, user_id=user)
                .order_by("id")
                .values(*names)
            ]
            for user in ("posted", "loaded")
        )
        assert loaded == posted
        assert len(loaded) in (1, 20)


def test_a_loaded_memory_is_deleted_whole(owner: Caller) -> None:
    before = rows()
    loader.load("bench-1", COUNT)
    assert (rows() - before)["memories_memory"] == COUNT
    listed = owner.get("/api/v1/memories?user_id=bench-1&limit=100").json()["memories"]
    text = listed[0]["content"]
    assert owner.delete("/api/v1/memories/" + listed[0]["id"]).status_code == 200
    assert owner.get("/api/v1/memories/" + listed[0]["id"]).status_code == 404
    assert text not in owner.recalled(text, user_id="bench-1", limit=50)
    with connection.cursor() as cursor:
        for table in ("memories_source", "memories_revision"):
            cursor.execute(
                f"SELECT count(*) FROM {table} t WHERE tenant_id = %s AND t::text LIKE %s",
                [owner.row.tenant_id, f"%{text}%"],
            )
            assert cursor.fetchone() == (0,)
    assert owner.delete("/v1/memories/user/bench-1").status_code == 200
    left = rows() - before
    assert set(left) <= {"memories_owner", "memories_erasure"}, left


def test_what_was_loaded_and_is_posted_again_is_a_duplicate(owner: Caller) -> None:
    loader.load("bench-1", 20)
    post(owner, list(turns(20)), "bench-1")
    assert Revision.objects.filter(tenant=owner.row.tenant_id, user_id="bench-1").count() == 20


# --- many users, and the end of them ---------------------------------------------------------------------------------
def test_many_users_have_as_much_each_and_are_erased_by_their_prefix(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "ERASE_AT_ONCE", 2)
    monkeypatch.setattr(loader, "BLOCK", 100)
    monkeypatch.setattr(loader, "POOL", 200)
    owner.store("I live in Oslo", user_id="other")
    owner.recall("Where?", user_id="other")
    before = rows()
    loader.load("bench-fill", 300, each=50)
    texts = [turn.text for turn in turns(200)]
    for number in range(6):
        start = number * 50 % 200
        listed = owner.get(f"/api/v1/memories?user_id=bench-fill-{number}&limit=100").json()["memories"]
        assert Counter(m["content"] for m in listed) == Counter(texts[start : start + 50])
    loader.erase("bench-")
    assert rows() == before
    assert owner.recalled("Where?", user_id="other") == ["User lives in Oslo"]


def test_what_does_not_fit_is_refused(owner: Caller) -> None:
    before = rows()
    with pytest.raises(ValueError, match="each"):
        loader.load("bench-1", 300, each=7)
    with pytest.raises(ValueError, match="at most"):
        loader.load("bench-1", loader.POOL + 1)
    assert rows() == before


def test_vectors_are_computed_once(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [turn.text for turn in turns(200)]
    first = loader.embedded(texts)
    assert first.vectors.shape == (200, 384)
    alone = registry.encoder().encode([texts[17]])
    assert (first.vectors[17] == alone.vectors[0].astype(first.vectors.dtype)).all()
    assert first.token_embeddings is not None
    assert alone.token_embeddings is not None
    assert (first.token_embeddings[17] == alone.token_embeddings[0]).all()
    monkeypatch.setattr("memories.embeddings.local.LocalEmbedder.encode", lambda *_: pytest.fail("asked again"))
    assert (loader.embedded(texts).vectors == first.vectors).all()
