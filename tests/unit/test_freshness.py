"""The newer of two hits that say the same thing otherwise ranks first."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from memories.retrieval import freshness, fuse, lexical
from memories.retrieval.freshness import Hits
from memories.retrieval.recipes import FULL, LITE, Recipe
from memories.retrieval.snapshot import ReviewPair
from memories.retrieval.types import AnalyzedQuery, PassageCandidate, Pool, Ranking, Retrieved, Scored

MONDAY = dt.datetime(2025, 3, 3, 9, tzinfo=dt.UTC)
OLD, NEW = (1, 2, 3, 4), (1, 2, 3, 5)  # the words of two texts about one thing
OTHER = (6, 7, 8, 9)


def note(day: int, terms: tuple[int, ...], **fields: Any) -> PassageCandidate:
    key = uuid.uuid4()
    when = MONDAY + dt.timedelta(days=day)
    return PassageCandidate(key, key, key, 0.5, said_at=when, terms=np.array(terms, np.int64), **fields)


def hits(*candidates: PassageCandidate, sums: tuple[float, ...] = ()) -> Hits:
    """With others that share no word, as in any answer: words that all hits have say nothing."""
    return Hits(candidates, np.array(sums or np.linspace(0.9, 0.8, len(candidates)), np.float32))


def many(*first: PassageCandidate) -> Hits:
    return hits(*first, *(note(n, tuple(range(10 * n, 10 * n + 4))) for n in range(5, 11)))


def ranking(*candidates: PassageCandidate, values: tuple[float, ...], recipe: Recipe, reviews: Any = ()) -> Ranking:
    """`values` are the cosines, the only feature."""
    pool = Pool(candidates, np.zeros((0, len(candidates)), np.float32), 0.0, reviews)
    analyzed = cast(AnalyzedQuery, SimpleNamespace(scope=None, query=None, moment=None))
    retrieved = Retrieved(analyzed, recipe, lexical.NOTHING, pool, None)
    return fuse.fuse(Scored(retrieved, {"meaning": np.array(values, np.float32)}))


def test_the_newer_of_two_notes_about_one_thing() -> None:
    assert freshness.pairs(many(note(0, OLD), note(1, NEW)), ()) == [(0, 1)]
    assert freshness.pairs(many(note(1, NEW), note(0, OLD)), ()) == [(1, 0)]


def test_notes_about_other_things_or_of_one_moment_are_no_pair() -> None:
    assert freshness.pairs(many(note(0, OLD), note(1, OTHER)), ()) == []
    assert freshness.pairs(many(note(0, OLD), note(0, NEW)), ()) == []


def test_a_question_and_the_words_of_an_assistant_replace_nothing() -> None:
    for newer in (note(1, NEW, asks=True), note(1, NEW, role="assistant")):
        assert freshness.pairs(many(note(0, OLD), newer), ()) == []


def test_a_newer_note_that_matches_the_question_far_less_stays_below() -> None:
    found = many(note(0, OLD), note(1, NEW))
    apart = found.sums.copy()
    apart[1] -= 0.5
    assert freshness.pairs(Hits(found.candidates, apart), ()) == []


def test_only_the_best_hits_are_compared_by_their_words() -> None:
    others = [note(n, tuple(range(10 * n, 10 * n + 4))) for n in range(5, 5 + freshness.HITS - 1)]
    late = note(2, NEW)
    assert freshness.pairs(hits(note(0, OLD), *others, late), ()) == []
    assert freshness.pairs(hits(note(0, OLD), *others[:-1], late), ()) == [(0, freshness.HITS - 1)]


def test_turns_need_another_conversation_the_same_speaker_and_as_good_a_match() -> None:
    older, newer = note(0, OLD, session="a", role="user"), note(1, NEW, session="b", role="user")
    assert freshness.pairs(many(older, newer), ()) == [(0, 1)]
    for turn in (
        replace(newer, session="a"),
        replace(newer, speaker="Ann"),
        replace(newer, asks=True),
        replace(newer, role="assistant"),
    ):
        assert freshness.pairs(many(older, turn), ()) == []
    far = many(older, newer)
    assert freshness.pairs(Hits(far.candidates, far.sums - 0.2 * np.arange(len(far.sums), dtype=np.float32)), ()) == []


def test_an_open_review_is_a_pair_at_any_place() -> None:
    apart = hits(*(note(n, (10 * n,)) for n in range(20)))
    pair = ReviewPair(apart.candidates[3].memory_id, apart.candidates[17].memory_id, 0.5)
    unknown = ReviewPair(uuid.uuid4(), apart.candidates[1].memory_id, 0.5)
    assert freshness.pairs(apart, (pair, unknown)) == [(3, 17)]


def test_tokens_are_compared_in_both_directions() -> None:
    one, two = np.eye(64, dtype=np.int8)[:1] * 127, np.eye(64, dtype=np.int8)[:2] * 127
    _, _, _, of_older, of_newer = freshness.overlaps(
        [note(0, OLD, token_embeddings=one), note(1, NEW, token_embeddings=two), note(2, OTHER)]
    )
    assert of_older[0, 1] == pytest.approx(1)
    assert of_newer[0, 1] == pytest.approx(0.5)
    assert of_older[0, 2] == of_newer[2, 1] == pytest.approx(freshness.NO_TOKENS)


def test_the_newer_moves_up_to_the_older_and_takes_its_value() -> None:
    values = np.array([3, 2, 1, 0], np.float32)
    order, moved = fuse.newest_first(values, [(1, 3)])
    assert order == [0, 3, 1, 2]
    assert moved.tolist() == [3, 2, 2, 1]
    order, moved = fuse.newest_first(values, [(0, 2), (2, 3)])
    assert order == [3, 2, 0, 1]
    assert moved.tolist() == [3, 3, 3, 2]
    assert fuse.newest_first(values, [(2, 0)])[0] == [0, 1, 2, 3]


def test_a_recall_ranks_the_newer_first_and_names_the_older() -> None:
    older, between, newer = note(0, (1,)), note(1, (2,)), note(2, (3,))
    review = ReviewPair(older.memory_id, newer.memory_id, 0.6)
    plain = ranking(older, between, newer, values=(0.9, 0.8, 0.1), recipe=LITE)
    found = ranking(older, between, newer, values=(0.9, 0.8, 0.1), recipe=FULL, reviews=(review,))
    assert [memory for memory, _ in plain.memories] == [older.memory_id, between.memory_id, newer.memory_id]
    assert plain.outdated_by == {}
    assert [memory for memory, _ in found.memories] == [newer.memory_id, older.memory_id, between.memory_id]
    scores = [score for _, score in found.memories]
    assert scores[0] == scores[1] > scores[2]
    assert found.outdated_by == {older.memory_id: newer.memory_id}


def test_notes_and_turns_have_weights_of_their_own() -> None:
    talk, alone = note(0, (1,), session="s"), note(1, (2,))
    found = ranking(talk, alone, values=(0.5, 0.5), recipe=FULL)
    assert found.columns["meaning"].tolist() == pytest.approx([0.05, 0.5])
    assert [memory for memory, _ in found.memories] == [alone.memory_id, talk.memory_id]


def test_the_distance_to_the_best_lowers_a_score() -> None:
    one, two = note(0, (1,)), note(1, (2,))
    together = ranking(one, two, values=(1.0, 0.5), recipe=FULL).memories
    alone = ranking(two, values=(0.5,), recipe=FULL).memories
    assert together[0][1] == pytest.approx(1 / (1 + np.exp(-2.5 * (1.0 - 0.64))), abs=1e-6)
    assert alone[0][1] == pytest.approx(1 / (1 + np.exp(-2.5 * (0.5 - 0.64))), abs=1e-6)
    assert together[1][1] == pytest.approx(1 / (1 + np.exp(-2.5 * (0.5 - 0.25 - 0.64))), abs=1e-6)
