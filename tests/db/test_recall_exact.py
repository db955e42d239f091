"""Recall finds exactly what a look at every memory would find: held against plain loops, whatever is filtered."""

from __future__ import annotations

import datetime as dt
import math
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apikeys.services import default_tenant
from core.clock import now
from core.ids import MEMORY, parse
from memories import filters
from memories.embeddings.registry import encoder
from memories.models import Owner
from memories.retrieval import database_search, first_stage, nearest, recipes, retrieve, snapshot_search
from memories.retrieval.analyze import analyze, analyze_text
from memories.types import MemoryScope, RecallQuery
from tests.build import Caller
from tests.db.test_filters import matches

PEOPLE = ["Ann", "Bob", None]
WORDS = [
    "garden",
    "tea",
    "oslo",
    "lake",
    "painting",
    "bridge",
    "violin",
    "snow",
    "boat",
    "market",
    "letter",
    "winter",
    "running",
    "dogs",
    "music",
    "bread",
]
SIZES = {"none": 0, "one": 1, "few": 9, "many": 70}
TEXTS = "SELECT id, text_key, memory_key, tsv::text, length, speaker, role, said_at FROM memories_passage"

StoredMemories = dict[str, dict[str, Any]]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few candidates that the cut, the bound and the second look are all taken with tens of memories."""
    for module in (recipes, first_stage, database_search, snapshot_search):
        monkeypatch.setattr(module, "FIRST_STAGE", 8)
    monkeypatch.setattr(nearest, "FIRST_FETCH", 12)


@pytest.fixture
def stored(owner: Caller) -> dict[str, StoredMemories]:
    """Scopes of several sizes: turns of named people and of nobody, one long text, some of them outdated."""
    dice = random.Random(5)
    scopes: dict[str, StoredMemories] = {}
    for user, size in SIZES.items():
        known: StoredMemories = {}
        items = [_item(dice, user, number) for number in range(size)]
        if size > 50:
            items[3]["content"] = " ".join(dice.choice(WORDS) + f" {n}" for n in range(2_000))
        for start in range(0, size, 20):
            answer = owner.post("/api/v1/memories/batch", {"items": items[start : start + 20]}).json()
            for item, result in zip(items[start : start + 20], answer["results"], strict=True):
                known[result["response"]["id"]] = {"agent_id": None, "memory_type": "turn", **item}
        for memory_id in list(known)[5:20:5]:
            assert owner.post(
                f"/api/v1/memories/{memory_id}/supersede", {"content": f"successor of {memory_id}"}
            ).status_code
            successor = owner.get(f"/api/v1/memories/{memory_id}").json()["superseded_by"]
            gone = known.pop(memory_id)
            known[successor] = {**gone, "content": f"successor of {memory_id}"}
        scopes[user] = known
    return scopes


def _item(dice: random.Random, user: str, number: int) -> dict[str, Any]:
    item: dict[str, Any] = {
        "content": " ".join(dice.choices(WORDS, k=dice.randint(2, 9))) + dice.choice([".", "?", f" {number}"]),
        "user_id": user,
        "skip_extraction": True,
        "metadata": {"a": dice.choice(["red", "blue", 1, True])},
        "session_id": None,
        "timestamp": (dt.datetime(2026, 5, 1, tzinfo=dt.UTC) + dt.timedelta(days=number)).isoformat(),
        "speaker": dice.choice(PEOPLE),
        "agent_id": dice.choice([None, "red"]),
    }
    return {name: value for name, value in item.items() if value is not None}


def scope_of(user: str) -> MemoryScope:
    return MemoryScope(default_tenant().id, user, ("default",))


def looked_at_all(query: RecallQuery, user: str, known: StoredMemories) -> Iterator[tuple[float, uuid.UUID, uuid.UUID]]:
    """(score of the first stage, passage, text) of every live passage that the filter lets through."""
    scope = scope_of(user)
    with connection.cursor() as cursor:
        cursor.execute(f"{TEXTS} WHERE tenant_id = %s AND user_id = %s", [scope.tenant_id, user])
        rows = cursor.fetchall()
        cursor.execute("SELECT lexeme FROM unnest(to_tsvector('english', %s))", [query.query])
        terms = [term for (term,) in cursor.fetchall()]
        cursor.execute(
            "SELECT passage_key, vector::real[] FROM memories_embedding WHERE tenant_id = %s AND user_id = %s",
            [scope.tenant_id, user],
        )
        vectors = {key: np.array(vector) for key, vector in cursor.fetchall()}
    held = {row[0]: {t: _count(row[3], t) for t in terms if _count(row[3], t)} for row in rows}
    mean = sum(row[4] for row in rows) / max(len(rows), 1)
    frequency = Counter(term for words in held.values() for term in words)
    bm25 = {row[0]: _bm25(held[row[0]], row[4], mean, frequency, len(rows)) for row in rows}
    best = max(bm25.values(), default=0.0) or 1.0
    names = sorted({row[5] for row in rows if row[5]})
    question = analyze_text(query.query or "", names, now())
    asked = encoder().encode_question(question.first_person_text).vectors[0]
    alive = {parse(MEMORY, i) for i, item in known.items() if _lets_through(query, item)}
    for key, text, memory, _, _, speaker, role, _ in rows:
        if memory in alive:
            score = 0.7 * bm25[key] / best + float(vectors[key] @ asked)
            score += 0.15 * (speaker is not None and speaker in question.speakers)
            score -= 0.20 * (role is not None and (role == "assistant") != question.asks_about_assistant)
            yield score, key, text


def _lets_through(query: RecallQuery, item: dict[str, Any]) -> bool:
    return query.filters is None or matches(query.filters, item)


def _count(tsv: str, term: str) -> int:
    for word in tsv.split(" "):
        name, _, places = word.rpartition(":")
        if name == f"'{term}'":
            return len(places.split(","))
    return 0


def _bm25(words: dict[str, int], length: int, mean: float, frequency: Counter[str], passages: int) -> float:
    total = 0.0
    for term, count in words.items():
        idf = math.log(1 + (passages - frequency[term] + 0.5) / (frequency[term] + 0.5))
        total += idf * count * 1.9 / (count + 0.9 * (0.6 + 0.4 * length / mean))
    return total


conditions = st.sampled_from(
    [None, {"a": "red"}, {"NOT": [{"a": "red"}]}, {"OR": [{"a": 1}, {"agent_id": "red"}]}, {"a": "green"},
     {"AND": [{"a": {"in": ["red", "blue"]}}, {"agent_id": {"exists": False}}]}]
)  # fmt: skip
asked = st.lists(st.sampled_from([*WORDS, "Ann", "Bob's", "the", "you told me", "?"]), min_size=1, max_size=6)


@pytest.mark.usefixtures("small")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(user=st.sampled_from(list(SIZES)), words=asked, condition=conditions)
@example(user="many", words=["garden", "3", "5", "7"], condition=None)
def test_no_candidate_is_missed(
    stored: dict[str, StoredMemories], user: str, words: list[str], condition: dict[str, Any] | None
) -> None:
    query = RecallQuery(" ".join(words), filters=None if condition is None else filters.parse(condition))
    everything = sorted(looked_at_all(query, user, stored[user]), key=lambda row: -row[0])
    taken: Counter[uuid.UUID] = Counter()
    best = []
    for score, _, text in everything:
        taken[text] += 1
        if taken[text] <= recipes.PER_TEXT and len(best) < 8:
            best.append(score)
    retrieved = retrieve.retrieve(analyze(scope_of(user), query, now(), recipes.FULL))
    found = {c.key for c in retrieved.pool.candidates}
    scores = {key: score for score, key, _ in everything}
    assert found <= set(scores)
    assert sorted((scores[key] for key in found), reverse=True) == pytest.approx(best, abs=2e-3)


@pytest.mark.usefixtures("eager")
def test_the_owner_counts_its_passages(stored: dict[str, StoredMemories], owner: Caller) -> None:
    counted = Owner.objects.filter(tenant=default_tenant()).values_list("user_id", "passages")
    for user, passages in counted:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({TEXTS} WHERE tenant_id = %s AND user_id = %s) p",
                           [default_tenant().id, user])  # fmt: skip
            assert cursor.fetchone() == (passages,)
    for user in SIZES:
        owner.delete(f"/v1/memories/user/{user}")
    assert set(Owner.objects.filter(tenant=default_tenant()).values_list("passages", flat=True)) == {0}
