"""What recall puts first, and how it says why: through the HTTP doors, in both dialects."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
from django.test import override_settings

from apikeys.services import default_tenant
from memories.embeddings.local import LocalEmbedder
from memories.errors import ProviderUnavailable
from memories.models import Passage, TokenEmbedding
from memories.retrieval import nearest
from tests.build import Caller

DAY = dt.datetime(2026, 5, 4, 9, tzinfo=dt.UTC)
FORMS: dict[str, dict[str, Any]] = {"full": {}, "lite": {"enable_rerank": False}, "dense": {"enable_hybrid": False}}


def say(
    owner: Caller, *turns: tuple[str | None, str], session: str = "s1", day: dt.datetime = DAY, **fields: Any
) -> None:
    """Turns of a conversation, a minute apart, each stored by itself."""
    for number, (speaker, text) in enumerate(turns):
        said = {"speaker": speaker} if speaker else {}
        stamp = (day + dt.timedelta(minutes=number)).isoformat()
        owner.store(text, skip_extraction=True, session_id=session, timestamp=stamp, **said)


# --- who, when, next to what -----------------------------------------------------------------------------------------
def test_the_named_speakers_own_words_come_first(owner: Caller) -> None:
    say(owner, ("Caroline", "I adopted a puppy"), ("Melanie", "I adopted a puppy too"))
    assert owner.recalled("Which puppy did Melanie adopt?")[0] == "I adopted a puppy too"
    assert owner.recalled("Which puppy did Caroline adopt?")[0] == "I adopted a puppy"


def test_two_names_favour_nobody(owner: Caller) -> None:
    say(owner, ("Caroline", "I adopted a puppy"), ("Melanie", "I adopted a puppy too"))
    answer = owner.recall("Did Caroline or Melanie adopt a puppy?", explain=True)
    assert answer["explanation"]["speaker"] == []


def test_an_answer_is_found_by_its_question(owner: Caller) -> None:
    say(
        owner,
        ("Ann", "Let us talk about something else"),
        ("Ann", "Which instrument do you play?"),
        ("Bob", "The cello, since I was six"),
        ("Ann", "Lovely weather today"),
    )
    found = owner.recalled("Which instrument does he play?")
    assert set(found[:2]) == {"Which instrument do you play?", "The cello, since I was six"}
    alone = owner.recall("Which instrument does he play?", explain=True)["memories"]
    why = next(m["why"] for m in alone if m["content"].startswith("The cello"))
    assert why["words"] == []
    assert {part["sign"] for part in why["parts"]} >= {"wording", "words nearby"}


def test_the_other_sentences_of_a_turn_count(owner: Caller) -> None:
    said = ("We had dinner in Bergen on the last evening. The soup was far too salty.", "The canteen has a new cook.")
    for number, text in enumerate(("The soup of the canteen was far too salty.", *said)):
        stamp = (DAY + dt.timedelta(minutes=number)).isoformat()
        owner.store(text, session_id="s1", timestamp=stamp)
    found = owner.recalled("How was the soup at the dinner in Bergen?")
    assert found[:2] == ["We had dinner in Bergen on the last evening", "The soup was far too salty"]


def test_two_turns_follow_however_many_memories_they_have(owner: Caller) -> None:
    scores = []
    for user, middle in (("one", "I own a dinghy."), ("many", "I own a dinghy. Ben sold it. Ann painted the mast.")):
        for number, text in enumerate(("Which boat do you sail?", middle, "Yellow is a fine colour.")):
            stamp = (DAY + dt.timedelta(minutes=number)).isoformat()
            owner.store(text, session_id="s1", timestamp=stamp, user_id=user)
        found = owner.recall("Which boat do you sail?", user_id=user)["memories"]
        scores.append(next(memory["score"] for memory in found if memory["content"].startswith("Yellow")))
    assert scores[1] == pytest.approx(scores[0], abs=0.05)


def test_neighbours_are_by_time_and_not_by_the_order_of_storing(owner: Caller) -> None:
    later = DAY + dt.timedelta(minutes=30)
    say(owner, ("Bob", "The cello, since I was six"), session="music", day=DAY + dt.timedelta(minutes=1))
    say(owner, ("Ann", "Lovely weather today"), session="music", day=later)
    say(owner, ("Ann", "Which instrument do you play?"), session="music", day=DAY)
    found = owner.recalled("Which instrument does he play?")
    assert set(found[:2]) == {"Which instrument do you play?", "The cello, since I was six"}


def test_another_session_is_no_neighbour(owner: Caller) -> None:
    say(owner, ("Ann", "Which instrument do you play?"), session="one")
    say(owner, ("Bob", "Yes of course"), session="two", day=DAY + dt.timedelta(minutes=1))
    hits = owner.recall("Which instrument?", explain=True)["memories"]
    other = next(m["why"] for m in hits if m["content"] == "Yes of course")
    assert not {"words nearby"} & {part["sign"] for part in other["parts"] if part["points"]}


def test_a_named_time_decides_between_equals(owner: Caller) -> None:
    for month in (3, 4, 5):
        say(
            owner, (None, f"I went to the theatre with friend {month}"), day=dt.datetime(2026, month, 10, tzinfo=dt.UTC)
        )
    assert owner.recalled("Who was at the theatre in April 2026?")[0].endswith("4")
    april = owner.recall("Who was at the theatre last month?", reference_time="2026-05-20T12:00:00Z", explain=True)
    assert april["memories"][0]["content"].endswith("4")
    (window,) = april["explanation"]["times"]
    assert window["words"] == "last month"
    assert "2026-03" < window["start"] < window["stop"] < "2026-05-20"


def test_what_the_assistant_told_is_found_when_that_is_asked(owner: Caller) -> None:
    for role, text in (("user", "Any tips for tea in Kyoto?"), ("assistant", "Tips for tea in Kyoto: try Ippodo")):
        body = {"messages": [{"role": role, "content": text}], "infer": False}
        assert owner.post("/v1/memories", body).status_code == 200
    assert owner.recalled("What tips for tea in Kyoto did you give me?")[0] == "Any tips for tea in Kyoto?"
    told = owner.recalled("You told me tips for tea in Kyoto, remind me")
    assert told[0] == "Tips for tea in Kyoto: try Ippodo"


def test_facts_and_turns_rank_together(owner: Caller) -> None:
    say(owner, ("Ann", "My violin teacher moved to Bergen"))
    owner.store("Ann's violin teacher lives in Bergen")
    owner.store("The dog is called Rex")
    assert owner.recalled("violin teacher Bergen")[:2] != []
    assert owner.recalled("violin teacher Bergen")[2] == "The dog is called Rex"


# --- forms of ranking ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sent", "recipe"),
    [
        ({}, "full"),
        ({"enable_rerank": True}, "full"),
        ({"enable_rerank": False}, "lite"),
        ({"enable_hybrid": False}, "dense"),
        ({"enable_hybrid": False, "enable_rerank": True}, "dense"),
    ],
)
def test_the_documents_switches_choose_the_ranking(owner: Caller, sent: dict[str, Any], recipe: str) -> None:
    owner.store("I live in Oslo")
    answer = owner.recall("Where do I live?", explain=True, **sent)
    assert answer["explanation"]["recipe"] == recipe
    assert [m["content"] for m in answer["memories"]] == ["User lives in Oslo"]


@override_settings(TOKEN_EMBEDDINGS=False)
def test_without_word_pieces_the_light_form_ranks(owner: Caller) -> None:
    owner.store("I live in Oslo")
    assert TokenEmbedding.objects.filter(tenant=default_tenant()).count() == 0
    assert owner.recall("Where do I live?", explain=True)["explanation"]["recipe"] == "lite"


def test_memories_without_word_pieces_rank_beside_others(owner: Caller) -> None:
    with override_settings(TOKEN_EMBEDDINGS=False):
        owner.store("The key to the cellar hangs behind the door")
    owner.store("The dog is called Rex")
    assert TokenEmbedding.objects.filter(tenant=default_tenant()).count() == 1
    assert owner.recalled("Where hangs the key to the cellar?")[0] == "The key to the cellar hangs behind the door"


@override_settings(RANKING_PROFILES=True)
def test_comparisons_pick_a_ranking_by_header(owner: Caller) -> None:
    owner.store("I live in Oslo")
    for recipe in ("words", "rrf", "dense", "lite", "full"):
        body = {"query": "Where do I live?", "explain": True, "threshold": 0}
        answer = owner.post("/api/v1/memories/recall", body, X_Ranking_Profile=recipe).json()
        assert answer["explanation"]["recipe"] == recipe


def test_the_header_means_nothing_unless_it_is_allowed(owner: Caller) -> None:
    owner.store("I live in Oslo")
    answer = owner.post("/api/v1/memories/recall", {"query": "live", "explain": True}, X_Ranking_Profile="words").json()
    assert answer["explanation"]["recipe"] == "full"


# --- long memories, pending ones, many of them -----------------------------------------------------------------------
def test_a_long_memory_does_not_crowd_out_others(owner: Caller) -> None:
    long, short = "The garden needs water. " * 2_000, "The garden gnome is called Bruno"
    owner.store(long, skip_extraction=True)
    owner.store(short)
    assert Passage.objects.filter(tenant=default_tenant()).count() == 26
    assert set(owner.recalled("garden")) == {long, short}


def test_more_passages_than_are_looked_at_first(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "FIRST_FETCH", 3)
    for number in range(12):
        owner.store(f"Fact number {number} about gardening")
    assert len(owner.recalled("gardening", limit=50)) == 12


@override_settings(RECALL_SNAPSHOT_MB=0)
def test_big_scopes_are_searched_by_the_signs_of_vectors(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "EXACT_UP_TO", 0)
    for text in ("I live in Oslo", "The garden is green", "Dogs bark at night"):
        owner.store(text)
    assert owner.recalled("Is the garden green?")[0] == "The garden is green"
    assert len(owner.recalled("garden", enable_hybrid=False)) == 3
    monkeypatch.setattr(nearest, "PREFILTER_SIZE", 1)
    assert owner.recalled("The garden is green", enable_hybrid=False) == ["The garden is green"]


def test_a_filter_costs_no_hit_in_a_big_scope(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "EXACT_UP_TO", 0)
    monkeypatch.setattr(nearest, "PREFILTER_SIZE", 1)
    for number in range(6):
        owner.store(f"The garden number {number} is green", metadata={"even": number % 2 == 0})
    even = {f"The garden number {number} is green" for number in (0, 2, 4)}
    for sent in FORMS.values():
        assert set(owner.recalled("Which garden is green?", filters={"even": True}, **sent)) == even


def test_a_filter_costs_no_hit_while_the_model_is_away(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        owner.store(f"The garden number {number} is green", metadata={"even": number % 2 == 0})

    def away(*_: object) -> None:
        raise ProviderUnavailable

    monkeypatch.setattr(LocalEmbedder, "encode_question", away)
    monkeypatch.setattr("memories.retrieval.database_search.MAX_BY_WORDS", 1)
    even = {f"The garden number {number} is green" for number in (0, 2, 4)}
    assert set(owner.recalled("Which garden is so green?", filters={"even": True})) == even


@pytest.mark.parametrize(
    ("notes", "question"),
    [
        (
            ("กุญแจสำรองอยู่ในกระถางต้นไม้หน้าบ้าน", "แมวชื่อส้มโอชอบนอนบนเตียง", "พ่อชอบกาแฟดำไม่ใส่น้ำตาล", "หมอนัดวันพุธหน้าที่คลินิก"),
            "กาแฟดำ พ่อ",
        ),
        (
            ("备用钥匙在门口的花盆下面", "猫叫柚子，喜欢睡在床上", "爸爸喝黑咖啡，不加糖", "下周三去诊所看牙"),
            "黑咖啡 爸爸",
        ),
    ],
)
def test_a_question_that_the_model_cannot_read_is_ranked_by_its_words(
    owner: Caller, notes: tuple[str, ...], question: str
) -> None:
    for note in notes:
        owner.store(note)
    for has_tokens in (True, False):
        with override_settings(TOKEN_EMBEDDINGS=has_tokens):
            answer = owner.recall(question, explain=True)
        assert (answer["memories"][0]["content"], answer["explanation"]["recipe"]) == (notes[2], "words")


# --- explanations ----------------------------------------------------------------------------------------------------
def test_the_parts_of_a_score_add_up(owner: Caller) -> None:
    owner.store("Ann paints the harbour in the evening")
    owner.store("Bob repairs bicycles")
    answer = owner.recall("Who paints the harbour?", explain=True)
    for memory in answer["memories"]:
        parts = memory["why"]["parts"]
        assert sum(part["points"] for part in parts) == pytest.approx(memory["why"]["sum"], abs=1e-3)
        assert [abs(part["points"]) for part in parts] == sorted((abs(p["points"]) for p in parts), reverse=True)
        assert all(part["sign"] and part["meaning"] for part in parts)
    assert answer["memories"][0]["why"]["words"] == ["paint", "harbour"]
    assert answer["memories"][1]["why"]["words"] == []
    assert answer["explanation"]["words"] == ["paint", "harbour"]


def test_it_tells_what_the_context_left_out(owner: Caller) -> None:
    further = "and further north " * 15
    twins = [owner.store(f"The harbour lies there{mark} {further}", skip_extraction=True)["id"] for mark in (",", ";")]
    long = owner.store("The master of ships tells stories of storms, wrecks, whales and the cold sea " * 9)["id"]
    answer = owner.recall("Where is the harbour?", explain=True, max_tokens=150)
    assert [m["id"] for m in answer["memories"]][2] == long
    left_out = answer["explanation"]["left_out"]
    assert left_out == {
        "max_tokens": 150,
        "tokens": answer["context_tokens"],
        "over_budget": [],
        "shortened": [long],
        "near_duplicates": [next(m["id"] for m in answer["memories"][1:] if m["id"] in twins)],
    }


def test_nothing_is_explained_unasked(owner: Caller) -> None:
    owner.store("I live in Oslo")
    answer = owner.recall("Oslo")
    assert "explanation" not in answer
    assert "why" not in answer["memories"][0]


def test_both_dialects_explain(owner: Caller) -> None:
    owner.store("I live in Oslo")
    path = "/v1/memories/search?query=Oslo&explain=true&reference_time=2026-05-20T12:00:00%2B02:00"
    data = owner.get(path).json()["data"]
    assert data["results"][0]["why"]["words"] == ["oslo"]
    assert data["explanation"]["recipe"] == "full"
    refused = owner.get("/v1/memories/search?query=Oslo&explain=perhaps")
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, "explain")


def test_a_filter_alone_explains_itself_as_newest(owner: Caller) -> None:
    owner.store("I live in Oslo", metadata={"a": 1})
    answer = owner.post("/api/v1/memories/recall", {"filters": {"a": 1}, "explain": True}).json()
    assert answer["explanation"]["recipe"] == "newest"
    assert answer["memories"][0]["why"] == {"parts": [], "words": [], "sum": 0.0, "score": 1.0}


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", 5, ""])
def test_a_reference_time_that_is_none_is_refused(owner: Caller, moment: object) -> None:
    refused = owner.post("/api/v1/memories/recall", {"query": "x", "reference_time": moment})
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, "reference_time")


# --- questions of all kinds ------------------------------------------------------------------------------------------
HOSTILE = {
    "10,000 characters": ("where is the garden gate " * 400)[:10_000],
    "10,000 distinct words": " ".join(f"word{n}" for n in range(1_200))[:10_000],
    "stop words": "to be or not to be, that is the",
    "emoji": "🙂🙃👩‍👩‍👧‍👦🏳️‍🌈",
    "Chinese": "我住在哪里",
    "Arabic": "أين أعيش",
    "operators": "a & b | !c <-> d:* ) ( '' \\ \" ; --",
    "SQL": "'; DROP TABLE memories_memory; SELECT '{visible}' %s %(tenant)s {r_filter}",
    "names with marks": "What did (Ann|.* say? [a-z]+ $^ \\b",
    "white space": " \t\n ",
    "one letter": "a",
    "null-like": "\ufffd\u200b\ufeff",
    "months": "may march on april the first of may 2026 in may or march " * 150,
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize(
    "sent", [{}, {"enable_rerank": False}, {"enable_hybrid": False}], ids=["full", "lite", "dense"]
)
def test_any_question_is_answered(owner: Caller, kind: str, sent: dict[str, Any]) -> None:
    say(owner, ("Ann|.*", "The garden gate squeaks"), ("A'nn\\", "I live in Oslo"), day=DAY)
    body = {"query": HOSTILE[kind], "threshold": 0, "explain": True, **sent}
    response = owner.post("/api/v1/memories/recall", body)
    if not HOSTILE[kind].strip():
        assert (response.status_code, response.json()["error"]["details"]["field"]) == (400, "query")
        return
    assert response.status_code == 200, response.content
    assert {m["content"] for m in response.json()["memories"]} == {"The garden gate squeaks", "I live in Oslo"}


# --- remembered questions --------------------------------------------------------------------------------------------
def test_a_question_is_encoded_once(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    owner.store("I live in Oslo")
    encoded: list[str] = []
    real = LocalEmbedder.encode_question

    def counting(self: LocalEmbedder, text: str) -> Any:
        encoded.append(text)
        return real(self, text)

    monkeypatch.setattr(LocalEmbedder, "encode_question", counting)
    question = f"Where do I live at {time.time_ns()}?"
    first = owner.recalled(question)
    assert owner.recalled(question) == first == ["User lives in Oslo"]
    assert encoded == [question]
    with override_settings(QUESTION_CACHE_SIZE=0):
        owner.recalled(question + "?")
        owner.recalled(question + "?")
    assert encoded == [question, question + "?", question + "?"]
