"""The learned pair decision: what a statement does to near memories, the guards, and the limits of its cost."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memories.decisions import cues, guards, lexicon, pair_features, quantities, texts, vectors
from memories.decisions.decide import Candidate, Effect, Judgement, Slot, choose, judge
from memories.decisions.model import CLASSES, default
from memories.decisions.pair_features import INDEX
from memories.decisions.tokens import WORD
from tests import growth

MEMORIES = (
    "The monthly fee for the boat berth is 410 euros",
    "Our choir rehearses on Wednesdays in the old chapel",
    "Ottilie is allergic to hazelnuts",
    "The backup job writes to the north bucket",
    "Grandad's walking frame is in the hall cupboard",
    "I drive a silver Peugeot to the quarry",
    "Der Chor probt mittwochs in der alten Kapelle",
)
texts_of_any_kind = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    texts.forget()


def candidates(*contents: str) -> list[Candidate]:
    return [Candidate(content, 0.5) for content in contents or MEMORIES]


def compared(new: str, *olds: str) -> pair_features.Features:
    return pair_features.compare(texts.read(new), [texts.read(old) for old in olds])


def test_nothing_is_compared_without_candidates() -> None:
    assert judge("The choir has a new conductor", []) == Judgement(Effect.KEEP_BOTH, None, 1.0, ())


def test_a_new_value_ends_the_old_one_alone() -> None:
    judgement = judge("The monthly fee for the boat berth is now 455 euros instead of 410", candidates())
    assert (judgement.effect, judgement.index, judgement.open) == (Effect.SUPERSEDE, 0, ())
    assert judgement.probability > default().thresholds["end_en"]


def test_a_strange_statement_ends_and_repeats_nothing() -> None:
    judgement = judge("Bought six tins of chickpeas", candidates())
    assert (judgement.effect, judgement.index, judgement.open) == (Effect.KEEP_BOTH, None, ())


def test_the_same_text_again_is_a_repetition() -> None:
    judgement = judge(MEMORIES[3], candidates())
    assert (judgement.effect, judgement.index, judgement.open) == (Effect.DUPLICATE, 3, ())


@pytest.mark.parametrize(
    "statement",
    [
        "Does the backup job still write to the north bucket?",
        "If the backup job stops writing to the north bucket, tell me",
        "What if the monthly fee for the boat berth goes up to 500 euros",
        "Before the quarry closed I used to drive a silver Peugeot",
        "The backup job hasn't moved to the south bucket",
    ],
)
def test_questions_hypotheses_and_the_past_end_nothing(statement: str) -> None:
    x = compared(statement, *MEMORIES)
    certain = np.zeros((len(MEMORIES), len(CLASSES)))
    certain[:, CLASSES.index("supersede")] = 1.0
    assert guards.forbids_end(x).all()
    judgement = choose(default(), x, certain)
    assert (judgement.effect, judgement.index, judgement.open) == (Effect.KEEP_BOTH, None, ())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The parcel went to flat 7", "The parcel went to flat 9"),  # a number of its own
        ("Bea chairs the committee", "Our committee is chaired by Wilhelmina"),  # a name
        ("The pool is heated", "The pool is not heated"),  # a denial
        ("My aunt keeps bees", "My aunt and my cousin keep bees"),  # a person
        ("The gate is open at noon", "The gate is closed at noon"),  # an opposite
        ("The pool is heated", "The pool is heated?"),  # a question
    ],
)
def test_a_statement_with_something_of_its_own_is_never_dropped(old: str, new: str) -> None:
    x = compared(new, old)
    certain = np.eye(len(CLASSES))[[CLASSES.index("duplicate")]]
    assert guards.forbids_drop(x).all()
    assert choose(default(), x, certain).effect is not Effect.DUPLICATE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Ravi owes me 40 crowns", "I owe Ravi 40 crowns"),
        ("User trained Noor for the audit", "Noor trained User for the audit"),
    ],
)
def test_the_same_words_with_people_in_other_roles_are_another_statement(old: str, new: str) -> None:
    assert judge(new, [Candidate(old, 0.99)]) == Judgement(Effect.KEEP_BOTH, None, 1.0, ())


def test_the_order_of_towns_and_of_joined_people_is_no_other_statement() -> None:
    moved = judge("User moved from Oslo to Gent", [Candidate("User moved from Gent to Oslo", 0.9, Slot.REPLACED)])
    assert moved.effect is Effect.SUPERSEDE
    assert judge("I and Tom are friends", [Candidate("Tom and I are friends", 0.9)]).effect is Effect.DUPLICATE


@pytest.mark.parametrize("subject", ["The appointment was", "User's aunt", "The restaurant", "The client"])
def test_words_that_end_in_nt_deny_nothing(subject: str) -> None:
    assert "denied" not in texts.read(f"{subject} moved to Friday").cues
    assert "denied" in texts.read(f"{subject} hasn't moved to Friday").cues


CAMERA = "User bought a second-hand Leica from a shop in Basel last week"


@pytest.mark.parametrize(
    ("new", "extends"),
    [
        ("User is curious about the value of the second-hand Leica from Basel", False),  # an interest
        ("Can you recommend a bag for the second-hand Leica that User bought in Basel last week?", True),  # a request
        ("User went to an exhibition of street photography in Basel", False),  # another subject
        ("The second-hand Leica that User bought takes wonderful pictures", True),  # not all of the old text
    ],
)
def test_vague_and_partial_statements_of_a_conversation_end_nothing(new: str, extends: bool) -> None:
    x = compared(new, CAMERA)
    assert guards.forbids_end_in_chat(x, np.array([extends])).all()
    p = np.eye(len(CLASSES))[[CLASSES.index("extend" if extends else "supersede")]]
    assert choose(default(), x, p, is_chat=True).effect is Effect.KEEP_BOTH


def test_words_that_are_only_near_to_the_old_ones_end_nothing_in_a_conversation() -> None:
    old = "User is trying to get back into their training after a hard few weeks"
    new = (
        "Now that the winter is over, User is looking forward to getting back into their training and enjoying longer "
        "runs when summer arrives"
    )
    x = compared(new, old)
    assert guards.covers(x).all()
    assert guards.forbids_end_in_chat(x, np.array([False])).all()


def test_a_fuller_text_of_a_conversation_takes_the_place_of_the_old_one() -> None:
    x = compared(f"{CAMERA}, and a strap", CAMERA)
    p = np.eye(len(CLASSES))[[CLASSES.index("extend")]]
    assert choose(default(), x, p, is_chat=True).effect is Effect.EXTEND


def test_pairs_between_the_thresholds_are_proposed_and_nothing_ends() -> None:
    x = compared("The choir left the chapel", *MEMORIES[:3])
    limits = default().thresholds
    likely = (limits["review"] + limits["end_en"]) / 2
    p = np.full((3, len(CLASSES)), 0.0)
    p[:, CLASSES.index("keep_both")] = 1.0
    p[1, CLASSES.index("keep_both")], p[1, CLASSES.index("negate")] = 1 - likely, likely
    judgement = choose(default(), x, p)
    assert (judgement.effect, judgement.index) == (Effect.KEEP_BOTH, None)
    assert [(one.index, one.effect) for one in judgement.open] == [(1, Effect.NEGATE)]
    assert judgement.open[0].probability == pytest.approx(likely)


def test_at_most_one_candidate_ends() -> None:
    x = compared("The choir left the chapel", *MEMORIES[:3])
    p = np.zeros((3, len(CLASSES)))
    p[:, CLASSES.index("negate")] = 0.99, 0.999, 0.98
    p[:, CLASSES.index("keep_both")] = 1 - p.sum(1)
    judgement = choose(default(), x, p)
    assert (judgement.effect, judgement.index) == (Effect.NEGATE, 1)
    assert [one.index for one in judgement.open] == [0, 2]


@given(st.permutations(range(len(MEMORIES))))
def test_the_order_of_the_candidates_does_not_matter(order: list[int]) -> None:
    statement = "Rehearsals of the choir moved to Mondays, still in the chapel"
    straight = judge(statement, candidates())
    mixed = judge(statement, candidates(*(MEMORIES[i] for i in order)))
    assert mixed.effect is straight.effect
    assert mixed.probability == pytest.approx(straight.probability, abs=1e-6)
    assert (None if mixed.index is None else order[mixed.index]) == straight.index
    assert {order[one.index] for one in mixed.open} == {one.index for one in straight.open}


@given(texts_of_any_kind, st.lists(texts_of_any_kind, max_size=4))
def test_any_text_is_judged(new: str, olds: list[str]) -> None:
    judgement = judge(new, [Candidate(old, 0.0) for old in olds])
    assert 0 <= judgement.probability <= 1.0001
    assert judgement.index is None or 0 <= judgement.index < len(olds)
    assert all(np.isfinite(compared(new, *olds)).ravel())


def test_a_long_text_is_cut_and_changes_nothing() -> None:
    head = "the berth is paid " * 60
    may, june = head + "until May", head + "until June"
    assert texts.read(may).words == texts.read(june).words
    assert judge(june, candidates(may)) == Judgement(Effect.KEEP_BOTH, None, 1.0, ())
    assert judge(june, candidates(june)).effect is Effect.KEEP_BOTH


@pytest.mark.parametrize("unit", ["7 ", "東京", " ", "\n", "x", "- ", "not ", "Ann, ", "12-"])
def test_a_hostile_text_is_compared_quickly(unit: str) -> None:
    hostile = unit * (texts.MAX_LENGTH // len(unit))
    started = time.thread_time()
    judge(hostile, [Candidate(f"{hostile}{number}", 0.5) for number in range(8)])
    assert time.thread_time() - started < 0.5


@pytest.mark.parametrize("scan", [texts.read_anew, quantities.read, lambda text: cues.find(text, WORD.findall(text))])
def test_reading_is_linear(scan: Callable[[str], object]) -> None:
    """Longer texts are cut before they are read; the scanners are linear all the same."""
    assert growth.fault(scan, 20_000, growth.FRAMES[:1]) == ""


def test_what_was_read_is_dropped_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first = texts.read(MEMORIES[0])
    assert texts.read(MEMORIES[0]) is first
    late = time.monotonic() + texts.KEPT_SECONDS + 1
    monkeypatch.setattr("memories.decisions.texts.time.monotonic", lambda: late)
    assert texts.read(MEMORIES[0]) is not first
    assert len(texts._kept) == 1


def test_the_oldest_texts_are_dropped_above_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MAX_KEPT", 3)
    for number in range(9):
        texts.read(f"crate {number}")
    assert set(texts._kept) == {f"crate {number}" for number in (5, 6, 7, 8)}


@pytest.mark.parametrize(
    ("one", "two", "equal"),
    [
        ("at 5 pm", "17:00", True),
        ("half past two", "14:30", True),
        ("1.5 m", "150 cm", True),
        ("twenty-three sheep", "23 sheep", True),
        ("£1,200", "1200 pounds", True),
        ("3 May", "May 4", False),
        ("flat 12", "flat 21", False),
        ("am Dienstag", "Tuesday", True),
    ],
)
def test_quantities_are_equal_across_their_writings(one: str, two: str, equal: bool) -> None:
    pairs = zip(quantities.read(one), quantities.read(two), strict=True)
    assert all(quantities.same(a, b) for a, b in pairs) is equal


def test_vectors_need_no_model() -> None:
    found, rarity = vectors.table().read(["harbour", "harbor", "spoon", "zzqxv"])
    assert found.shape == (4, vectors.DIMENSIONS)
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    assert found[0] @ found[1] > found[0] @ found[2]
    assert rarity.max() <= 1.0
    assert rarity[3] > rarity[2]


def test_names_and_values_of_the_features_agree() -> None:
    x = compared("The fee is 455", "The fee is 410", "Ottilie sings")
    assert x.shape == (2, len(pair_features.NAMES))
    assert len(set(pair_features.NAMES)) == len(pair_features.NAMES)
    assert x[0, INDEX["num_conflict_plain"]] == 1
    assert x[1, INDEX["num_conflict_plain"]] == 0
    assert default().features == pair_features.NAMES


@pytest.mark.parametrize("name", ["cues", "people", "quantities", "words"])
def test_no_list_names_a_phrase_twice(name: str) -> None:
    for key, lists in lexicon.load(name).items():
        for language, text in lists.items() if isinstance(lists, dict) else [(key, lists)]:
            split = lexicon.phrases(text) if name in ("cues", "people") else lexicon.words(text)
            assert len(split) == len(set(split)), (key, language)


NEAR = "Bo sells apples at the station."


@pytest.mark.parametrize(
    ("new", "in_chat", "as_note"),
    [
        ("The choir rehearses on Friday evening now.", Effect.SUPERSEDE, Effect.SUPERSEDE),
        ("The choir rehearses on Friday evening now!", Effect.KEEP_BOTH, Effect.SUPERSEDE),
        ("Your choir rehearses on Friday evening now.", Effect.KEEP_BOTH, Effect.SUPERSEDE),
        (
            "The choir rehearses on Friday evening now, since the church hall, the heating, the organ, the roof, the "
            "stairs, the windows and the old kitchen are being repaired by volunteers of the parish all winter long.",
            Effect.KEEP_BOTH,
            Effect.SUPERSEDE,
        ),
    ],
)
def test_an_exclamation_and_a_long_message_end_nothing(new: str, in_chat: Effect, as_note: Effect) -> None:
    candidates = [Candidate("The choir rehearses on Tuesday evening.", 0.7), Candidate(NEAR, 0.3)]
    assert judge(new, candidates, is_chat=True).effect is in_chat
    assert judge(new, candidates).effect is as_note
