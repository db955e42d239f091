"""Recall from a snapshot gives the hits and scores of a recall from the database, after every kind of change."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apikeys.services import default_tenant
from core.clock import now
from memories.models import Owner, Review, Revision
from memories.retrieval import database_search, first_stage, recipes, retrieve, snapshot_cache, snapshot_search
from memories.retrieval.analyze import analyze
from memories.retrieval.fuse import fuse
from memories.retrieval.score import score
from memories.retrieval.types import Ranking
from memories.services.reindex import reindex_words
from memories.types import MemoryScope, RecallQuery
from tests.build import Caller

REQUESTS = int(os.environ.get("SNAPSHOT_REQUESTS", "300"))  # the whole measurement asks 2,000
SIZES = {"one": 1, "few": 9, "many": 60}
WORDS = (
    *("garden", "tea", "oslo", "lake", "painting", "bridge", "violin", "snow", "boat", "market", "letter", "winter"),
    *("running", "dogs", "music", "bread", "Anna", "the", "is"),
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few candidates that the cut is taken with tens of memories."""
    for module in (recipes, first_stage, database_search, snapshot_search):
        monkeypatch.setattr(module, "FIRST_STAGE", 8)
    monkeypatch.setattr(snapshot_search, "WIDE", 12)


@pytest.fixture
def stored(owner: Caller) -> dict[str, list[str]]:
    """The ids of each user's memories: notes, turns of named people in sessions, one long text, equal texts."""
    dice = random.Random(11)
    return {user: store_some(owner, dice, user, size) for user, size in SIZES.items()}


def store_some(owner: Caller, dice: random.Random, user: str, size: int) -> list[str]:
    items = [item(dice, user, number) for number in range(size)]
    if size > 50:
        items[3]["content"] = " ".join(f"{dice.choice(WORDS)} {n}" for n in range(1_500))
        items[10]["content"] = items[11]["content"] = items[12]["content"] = "The garden is green"
    found = []
    for start in range(0, size, 20):
        answer = owner.post("/api/v1/memories/batch", {"items": items[start : start + 20]}).json()
        found += [result["response"]["id"] for result in answer["results"]]
    return found


def item(dice: random.Random, user: str, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "content": " ".join(dice.choices(WORDS, k=dice.randint(2, 9))) + dice.choice([".", "?", f" {number}"]),
        "user_id": user,
        "skip_extraction": True,
        "session_id": dice.choice([None, "first", "second"]),
        "timestamp": (dt.datetime(2026, 5, 1, tzinfo=dt.UTC) + dt.timedelta(days=number // 3)).isoformat(),
        "speaker": dice.choice(["Anna", "Bob", None]),
        "role": dice.choice(["user", "assistant", None]),
        "agent_id": dice.choice([None, "red"]),
    }
    return {name: value for name, value in made.items() if value is not None}


def change(owner: Caller, dice: random.Random, user: str, ids: list[str]) -> None:
    """One change of a user's memories, as a client makes it."""
    kind = dice.choice(["store", "edit", "supersede", "erase", "metadata", "expire"])
    memory = dice.choice(ids) if ids else None
    if kind == "store" or memory is None:
        ids += store_some(owner, dice, user, dice.randint(1, 3))
    elif kind == "erase":
        owner.delete(f"/api/v1/memories/{memory}")
        ids.remove(memory)
    elif kind == "supersede":
        owner.post(f"/api/v1/memories/{memory}/supersede", {"content": " ".join(dice.choices(WORDS, k=5))})
    else:
        body = {
            "edit": {"content": " ".join(dice.choices(WORDS, k=5))},
            "metadata": {"metadata": {"seen": True}},
            "expire": {"expires_at": (now() + dt.timedelta(days=dice.randint(1, 3))).isoformat()},
        }[kind]
        owner.patch(f"/api/v1/memories/{memory}", body)


def ranking(query: RecallQuery, user: str, moment: dt.datetime) -> tuple[Ranking, bool]:
    """The ranking, and whether it is from a snapshot."""
    analyzed = analyze(
        MemoryScope(default_tenant().id, user, ("default",), query.agent_id, query.run_id), query, moment
    )
    return fuse(score(retrieve.retrieve(analyzed))), analyzed.snapshot is not None


def compared(query: RecallQuery, user: str, moment: dt.datetime) -> bool:
    """Whether the snapshot was asked; asserts that both searches give the same."""
    with override_settings(RECALL_SNAPSHOT_MB=0):
        expected, is_snapshot = ranking(query, user, moment)
        assert not is_snapshot
    ranking(query, user, moment)
    found, is_snapshot = ranking(query, user, moment)
    assert found.memories == expected.memories
    assert list(found.columns) == list(expected.columns)
    for name, values in found.columns.items():
        np.testing.assert_array_equal(values, expected.columns[name], name)
    assert keys(found) == keys(expected)
    return is_snapshot


def keys(found: Ranking) -> Sequence[object]:
    assert found.retrieved is not None
    pool = found.retrieved.pool
    return [(c.key, c.memory_id, c.speaker, c.said_at, c.asks, c.length) for c in pool.candidates], sorted(
        pool.reviews, key=lambda pair: pair.older
    )


asked = st.lists(
    st.sampled_from([*WORDS, "Bob's", "you told me", "?", "May 3", "yesterday", "unheard"]), min_size=1, max_size=6
)


@pytest.mark.usefixtures("small", "eager")
@settings(
    max_examples=REQUESTS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(
    user=st.sampled_from(list(SIZES)),
    words=asked,
    agent=st.sampled_from([None, None, "red", "blue"]),
    run=st.sampled_from([None, None, "first"]),
    days=st.sampled_from([0, 0, 0, 2]),
    hybrid=st.booleans(),
    rerank=st.booleans(),
    excluded=st.integers(0, 2),
    seed=st.integers(0, 10_000),
)
def test_both_searches_give_the_same(
    owner: Caller,
    stored: dict[str, list[str]],
    user: str,
    words: list[str],
    agent: str | None,
    run: str | None,
    days: int,
    hybrid: bool,
    rerank: bool,
    excluded: int,
    seed: int,
) -> None:
    dice = random.Random(seed)
    if dice.random() < 0.2:
        change(owner, dice, user, stored[user])
    query = RecallQuery(
        " ".join(words),
        agent_id=agent,
        run_id=run,
        hybrid=hybrid,
        rerank=rerank,
        exclude=tuple(dice.sample(stored[user], min(excluded, len(stored[user])))),
    )
    assert compared(query, user, now() + dt.timedelta(days=days))


@pytest.mark.usefixtures("eager")
def test_a_snapshot_follows_every_change(owner: Caller, stored: dict[str, list[str]]) -> None:
    dice = random.Random(7)
    query = RecallQuery("garden tea oslo Anna")
    for _ in range(25):
        change(owner, dice, "few", stored["few"])
        assert compared(query, "few", now())


@pytest.mark.usefixtures("eager")
def test_a_snapshot_has_the_open_reviews(owner: Caller, stored: dict[str, list[str]]) -> None:
    memories = list(
        Revision.objects.filter(tenant=default_tenant(), user_id="few", retired_at=None).order_by("memory_key")[:2]
    )
    old, new = memories
    Review.objects.bulk_create(
        [
            Review(
                tenant=default_tenant(), project="default", user_id="few", old_key=old.memory_key,
                new_key=new.memory_key, old_text_key=old.text_key, new_text_key=new.text_key, proposal="supersede",
                probability=0.4,
            )
        ]
    )  # fmt: skip
    query = RecallQuery(f"{old.content} {new.content}")
    assert compared(query, "few", now())
    found, _ = ranking(query, "few", now())
    assert found.retrieved is not None
    assert [(p.older, p.newer, p.probability) for p in found.retrieved.pool.reviews] == [
        (old.memory_key, new.memory_key, 0.4)
    ]


@pytest.mark.usefixtures("eager")
def test_a_snapshot_is_read_at_the_second_question_and_dropped_beyond_the_budget(
    stored: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    query = RecallQuery("garden")
    assert [ranking(query, "few", now())[1] for _ in range(3)] == [False, True, True]
    assert [ranking(query, "many", now())[1] for _ in range(2)] == [False, True]
    monkeypatch.setattr(snapshot_cache, "BYTES_A_PASSAGE", 0)
    with override_settings(RECALL_SNAPSHOT_MB=0):
        assert not ranking(query, "few", now())[1]
    cache = snapshot_cache.SnapshotCache()
    with patch.object(snapshot_cache, "_cache", cache):
        budget = 400_000
        with patch.object(snapshot_cache, "get", lambda scope, state: cache.get(scope, state, budget)):
            assert [ranking(query, "many", now())[1] for _ in range(2)] == [False, True]
            assert [ranking(query, "few", now())[1] for _ in range(2)] == [False, True]


@pytest.mark.usefixtures("eager")
def test_a_snapshot_that_nobody_asks_for_is_dropped(stored: dict[str, list[str]]) -> None:
    moment = 0.0
    cache = snapshot_cache.SnapshotCache(clock=lambda: moment)
    with patch.object(snapshot_cache, "_cache", cache):
        query = RecallQuery("garden")
        assert [ranking(query, "few", now())[1] for _ in range(2)] == [False, True]
        moment = snapshot_cache.IDLE_SECONDS
        ranking(query, "one", now())
        with patch.object(snapshot_cache.SnapshotCache, "_pays", return_value=False):
            assert not ranking(query, "few", now())[1]


@pytest.mark.usefixtures("eager")
def test_new_words_of_an_index_are_read_again(stored: dict[str, list[str]], settings: Any) -> None:
    query = RecallQuery("gardens running")
    assert compared(query, "many", now())
    settings.PROJECT_LANGUAGES = {"default": "simple"}
    reindex_words()
    assert Owner.objects.get(tenant=default_tenant(), user_id="many").reindexed == 1
    assert compared(query, "many", now())
