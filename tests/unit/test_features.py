"""What speaks for a candidate, number by number."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memories.retrieval import first_stage, lexical
from memories.retrieval.recipes import DENSE, FULL, LITE, FirstStageWeights, NeighbourWeights
from memories.retrieval.score import features
from memories.retrieval.time_expressions import windows
from memories.retrieval.types import PassageCandidate, Pool, Question

WORD = {word: np.eye(64, dtype=np.int8)[place] * 127 for place, word in enumerate(["red", "blue", "green", "door"])}
QUESTION = Question("?", "?")


def pieces(*words: str) -> Any:
    return np.stack([WORD[word] for word in words])


def candidate(**fields: Any) -> PassageCandidate:
    key = uuid.uuid4()
    return PassageCandidate(key, key, key, fields.pop("cosine", 0.5), **fields)


def turns(*said: tuple[str, ...], asks: int = -1) -> list[PassageCandidate]:
    """A session of turns, each with its word pieces; the one numbered `asks` is a question."""
    return [
        candidate(
            session="s",
            place=str(n),
            after=tuple(str(m) for m in (n + 1, n + 2) if m < len(said)),
            token_embeddings=pieces(*words),
            asks=n == asks,
        )
        for n, words in enumerate(said)
    ]


def found(candidates: list[PassageCandidate], *asked: str, recipe: Any = FULL, question: Question = QUESTION) -> Any:
    pool = Pool(tuple(candidates), np.zeros((0, len(candidates)), np.float32), 0.0)
    return features(question, pool, lexical.NOTHING, pieces(*asked) if asked else None, recipe)


def test_the_best_piece_meets_each_of_the_question() -> None:
    alone = replace(FULL, token_context=NeighbourWeights())
    both, one, none = found(turns(("red", "blue"), ("red",), ("green",)), "red", "blue", recipe=alone)[
        "token_embeddings"
    ]
    assert both == pytest.approx(1)
    assert 0 < one < 1
    assert none == 0


def test_a_neighbour_lends_its_match() -> None:
    assert found(turns(("door",), ("green",), ("red",), ("green",), ("green",)), "red")[
        "token_embeddings"
    ] == pytest.approx([0.5, 0.6, 1, 0.6, 0.5])


def test_an_answer_has_most_of_its_questions_match() -> None:
    values = found(turns(("red",), ("green",), ("green",), asks=0), "red")["token_embeddings"]
    assert values == pytest.approx([1, 0.9, 0.5])


def test_nobody_lends_across_sessions() -> None:
    apart = [replace(c, session=str(n)) for n, c in enumerate(turns(("red",), ("green",)))]
    assert found(apart, "red")["token_embeddings"] == pytest.approx([1, 0])
    assert found(apart, "red")["session"] == pytest.approx([1, 0])


def test_the_best_of_a_session_speaks_for_all_of_it() -> None:
    assert found(turns(("red",), *[("green",)] * 9), "red")["session"] == pytest.approx([1] * 10)


def test_what_everybody_meets_counts_little() -> None:
    common = [candidate(token_embeddings=pieces("red")) for _ in range(200)]
    values = found([*common, candidate(token_embeddings=pieces("blue"))], "red", "blue")["token_embeddings"]
    assert values[0] < 0.2
    assert values[-1] > 0.8


def test_without_pieces_it_is_guessed_from_meaning() -> None:
    near, far = found([candidate(cosine=0.9), candidate(cosine=0.1)], "red")["token_embeddings"]
    assert 0 < far < near < 1


def test_without_a_vector_meaning_is_guessed() -> None:
    assert found([candidate(cosine=None)])["meaning"] == pytest.approx([0.32])


def test_speaker_time_and_voice() -> None:
    may = dt.datetime(2026, 5, 10, tzinfo=dt.UTC)
    question = Question("?", "?", ("Ann",), windows("in May 2026", may))
    several = [
        candidate(speaker="Ann", said_at=may),
        candidate(speaker="Bob", role="assistant", said_at=may.replace(month=1)),
        candidate(role="user", said_at=None),
    ]
    values = found(several, question=question)
    assert values["speaker"] == pytest.approx([1, 0, 0])
    assert values["date"] == pytest.approx([2 / 3, 0, 0])
    assert values["role_match"] == pytest.approx([0, -1, 0])
    told = found(several, question=replace(question, asks_about_assistant=True))
    assert told["role_match"] == pytest.approx([0, 0, -1])
    cut = first_stage.first_stage_score(question, several, np.array([1, 0, 0.5], np.float32), FirstStageWeights())
    assert cut == pytest.approx([0.7 + 0.5 + 0.15 + 0.1 * 2 / 3, 0.5 - 0.2, 0.35 + 0.5])


def test_bm25_by_hand() -> None:
    one = b"\0\0\0\1" + b"red\0\0\1\0\7"
    both = b"\0\0\0\2" + b"door\0\0\1\0\2" + b"red\0\0\2\0\1\0\7"
    heads = np.array([(b"a" * 16, 4, len(one)), (b"b" * 16, 4, len(both))], lexical.HEAD).tobytes()
    held = lexical.weigh(lexical.unpack(heads, one + both, ("red", "door")), ("red", "door"), passages=10, length=4.0)
    red, door = np.log(1 + 8.5 / 2.5), np.log(1 + 9.5 / 1.5)
    assert held.ids == (b"a" * 16, b"b" * 16)
    assert held.idf == pytest.approx([red, door])
    assert held.scores == pytest.approx([red * 1.9 / 1.9, red * 2 * 1.9 / 2.9 + door * 1.9 / 1.9])
    assert held.ideal == pytest.approx((red + door) * 1.9)


@given(st.lists(st.lists(st.sampled_from(sorted(WORD)), min_size=1, max_size=4), max_size=8), st.data())
def test_every_recipe_ranks_any_candidates(said: list[list[str]], data: st.DataObject) -> None:
    several = turns(*map(tuple, said))
    several += data.draw(st.lists(st.builds(candidate, cosine=st.none() | st.floats(-1, 1)), max_size=3))
    for recipe in (FULL, LITE, DENSE):
        values = found(several, "red", "door", recipe=recipe)
        assert set(recipe.weights) <= set(values)
        for value in values.values():
            assert value.shape == (len(several),)
            assert np.isfinite(value).all()
