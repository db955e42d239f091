"""What reaches a model: the context of a recall, the days of statements, and the names of the user."""

from __future__ import annotations

import pytest

from core.ids import MEMORY, parse
from memories.models import Passage
from memories.retrieval import fuse as fusing
from memories.retrieval.types import Ranking
from memories.services import recall as service
from tests.build import Caller


# --- what the context holds ------------------------------------------------------------------------------------------
def test_a_negation_in_a_long_line_is_never_hidden(owner: Caller) -> None:
    owner.store(
        "The nurse said that I may drink milk with the syrup in the morning before I leave", skip_extraction=True
    )
    owner.store(
        "The nurse said that I may not drink milk with the syrup in the morning before I leave", skip_extraction=True
    )
    answer = owner.recall("May I drink milk with the syrup?")
    assert len(answer["context"].splitlines()) == 2
    assert answer["context_omitted"] == 0


def test_a_long_memory_comes_cut_to_its_best_passage(owner: Caller) -> None:
    filler = "Lorem ipsum dolor sit amet consectetur. " * 150
    key = owner.store(filler + "The treasure lies under the zebra statue. " + filler, skip_extraction=True)["id"]
    answer = owner.recall("Where lies the zebra treasure?", max_tokens=100, explain=True)
    assert "The treasure lies under the zebra statue." in answer["context"]
    assert answer["context"].startswith("[…] ")
    assert answer["context"].endswith(" […]")
    assert 0 < answer["context_tokens"] <= 100
    assert answer["context_omitted"] == 0
    assert answer["explanation"]["left_out"]["shortened"] == [key]


def test_it_says_how_many_hits_have_no_line(owner: Caller) -> None:
    for number in range(12):
        owner.store(f"Fact number {number} is about gardening in the northern part of the valley")
    answer = owner.recall("gardening", limit=12, max_tokens=100)
    lines = len(answer["context"].splitlines())
    assert (lines, answer["total"], answer["context_omitted"]) == (5, 12, 7)
    assert owner.recall("gardening", limit=5)["context_omitted"] == 0


def test_competing_facts_are_dated_and_name_the_newer_one(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"skip_extraction": True}
    old = owner.store("The office is in Bergen", timestamp="2026-01-05T23:30:00-02:00", **said)["id"]
    new = owner.store("The office is in Oslo", timestamp="2026-03-01T10:00:00Z", **said)["id"]
    real = fusing.fuse

    def linked(scored: object) -> Ranking:
        from dataclasses import replace

        pair = {parse(MEMORY, old): parse(MEMORY, new)}
        return replace(real(scored), outdated_by=pair)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "fuse", linked)
    answer = owner.recall("Where is the office?")
    assert sorted(answer["context"].splitlines()) == [
        "[2026-01-05, possibly outdated] The office is in Bergen.",
        "[2026-03-01] The office is in Oslo.",
    ]
    assert {m["id"]: m["outdated_by"] for m in answer["memories"]} == {old: new, new: None}
    found = owner.get("/v1/memories/search?query=Where+is+the+office").json()["data"]["results"]
    assert {m["id"]: m["outdated_by"] for m in found} == {old: new, new: None}


# --- the days of statements ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("skip_extraction", [False, True], ids=["extracted", "verbatim"])
@pytest.mark.parametrize(
    ("said", "timestamp", "date"),
    [
        ("Yesterday I sold my bike.", "2026-04-22T22:30:00-05:00", "esterday (2026-04-21)"),
        ("Yesterday I sold my bike.", "2026-04-23T03:30:00Z", "esterday (2026-04-22)"),
        ("I sold my bike last Friday.", "2026-04-22T00:30:00+09:00", "last Friday (2026-04-17)"),
        ("I will sell my bike in two weeks.", "2026-04-22T23:30:00-05:00", "in two weeks (2026-05-06)"),
        ("I sold my bike three days ago.", "2026-04-23T01:00:00+05:30", "three days ago (2026-04-20)"),
        ("I am selling my bike tomorrow.", "2026-12-31T23:00:00-08:00", "tomorrow (2027-01-01)"),
        ("I sold my bike last year.", "2026-12-31T23:00:00-08:00", "last year (2025)"),
    ],
)
def test_relative_words_have_the_date_of_the_speakers_day(
    owner: Caller, said: str, timestamp: str, date: str, skip_extraction: bool
) -> None:
    owner.store(said, timestamp=timestamp, skip_extraction=skip_extraction)
    assert date in owner.recall("When is or was the bike sold?")["context"]


def test_a_message_of_either_dialect_keeps_its_offset(owner: Caller) -> None:
    message = {"role": "user", "content": "Yesterday I sold my bike.", "timestamp": "2026-04-22T22:30:00-05:00"}
    assert owner.post("/v1/memories", {"messages": [message], "user_id": "ann"}).status_code == 200
    assert "(2026-04-21)" in owner.recall("When was the bike sold?", user_id="ann")["context"]
    body = {"messages": [message], "user_id": "bob", "session_id": "s"}
    assert owner.post("/api/v1/ingest/conversation", body).status_code in (200, 201)
    assert "(2026-04-21)" in owner.recall("When was the bike sold?", user_id="bob")["context"]
    rows = Passage.objects.filter(tenant=owner.row.tenant_id).values_list("utc_offset", flat=True)
    assert set(rows) == {"-05:00"}


def test_a_turn_is_dated_by_its_speakers_day(owner: Caller) -> None:
    owner.store("The ferry was late", skip_extraction=True, speaker="Ann", timestamp="2026-04-22T22:30:00-05:00")
    assert owner.recall("ferry")["context"] == "[2026-04-22] Ann: The ferry was late"


def test_a_new_text_has_dates_of_its_own(owner: Caller) -> None:
    key = owner.store("Yesterday I sold my bike.", timestamp="2026-04-22T22:30:00-05:00", skip_extraction=True)["id"]
    assert owner.patch(f"/api/v1/memories/{key}", {"content": "I sold my bike"}).status_code == 200
    assert owner.recall("bike")["context"] == "I sold my bike."


def test_how_long_something_took_is_no_date(owner: Caller) -> None:
    owner.store("I painted the fence in two weeks.", timestamp="2026-04-22T12:00:00Z", skip_extraction=True)
    assert owner.recall("fence")["context"] == "I painted the fence in two weeks."


def test_a_context_that_is_sent_back_adds_nothing(owner: Caller) -> None:
    owner.store("I sold my bike yesterday", timestamp="2026-04-22T22:30:00-05:00")
    context = owner.recall("When was the bike sold?")["context"]
    assert "(2026-04-21)" in context
    assert owner.store(context)["status"] == "duplicate"


# --- the names of the user -------------------------------------------------------------------------------------------
def asked_as(owner: Caller, question: str, **fields: str) -> str:
    return owner.recall(question, explain=True, **fields)["explanation"]["asked_as"]


@pytest.mark.parametrize(
    "said",
    [
        "My name is Maya Lindqvist.",
        "Call me Maya.",
        "Ich heiße Maya Lindqvist und wohne in Köln.",
        "Je m'appelle Maya et j'habite à Lyon.",
        "Me llamo Maya Lindqvist y vivo en Sevilla.",
        "Mi chiamo Maya e abito a Torino.",
        "Jag heter Maya och bor i Malmö.",
    ],
)
def test_a_question_with_the_users_name_is_about_the_user(owner: Caller, said: str) -> None:
    owner.store(said)
    owner.store("Priya Nair is my colleague.")
    assert asked_as(owner, "What does Maya do for work?") == "What does I do for work?"
    assert asked_as(owner, "What does Priya do for work?") == "What does Priya do for work?"
    assert asked_as(owner, "What does Maya do?", user_id="another") == "What does Maya do?"


def test_the_users_facts_are_found_by_the_users_name(owner: Caller) -> None:
    owner.store("My name is Maya Lindqvist.")
    owner.store("I started a new job at Airbus as a program lead.")
    owner.store("Priya Nair is my colleague.")
    answer = owner.post("/api/v1/memories/recall", {"query": "What does Maya do for work?"}).json()
    assert "Airbus" in answer["context"]


def test_an_erased_name_is_no_name(owner: Caller) -> None:
    key = owner.store("My name is Maya Lindqvist.")["id"]
    owner.store("I started a new job at Airbus.")
    assert asked_as(owner, "What does Maya do?") == "What does I do?"
    assert owner.delete(f"/api/v1/memories/{key}").status_code == 200
    assert asked_as(owner, "What does Maya do?") == "What does Maya do?"


def test_an_outdated_name_is_no_name(owner: Caller) -> None:
    key = owner.store("My name is Maya Lindqvist.")["id"]
    owner.store("I started a new job at Airbus.")
    body = {"content": "My name is Lea Berg."}
    assert owner.post(f"/api/v1/memories/{key}/supersede", body).status_code in (200, 201)
    assert asked_as(owner, "What does Lea do?") == "What does I do?"
    assert asked_as(owner, "What does Maya do?") == "What does Maya do?"


def test_a_name_that_a_person_gives_the_user_counts(owner: Caller) -> None:
    owner.store("My name is Maya Lindqvist.")
    (user,) = [e for e in owner.get("/api/v1/entities").json()["entities"] if "user" in {e["name"], *e["aliases"]}]
    assert asked_as(owner, "What does Mimi do?") == "What does Mimi do?"
    edited = {"aliases": [*user["aliases"], "Mimi"]}
    assert owner.patch(f"/api/v1/entities/{user['id']}", edited).status_code == 200
    assert asked_as(owner, "What does Mimi do?") == "What does I do?"


# --- explain ---------------------------------------------------------------------------------------------------------
def test_each_feature_has_its_value_and_weight_and_the_threshold_its_effect(owner: Caller) -> None:
    for number in range(4):
        owner.store(f"Fact number {number} is about gardening")
    owner.store("Bob repairs bicycles")
    every = owner.recall("gardening", explain=True)
    scores = [m["score"] for m in every["memories"]]
    answer = owner.recall("gardening", explain=True, threshold=scores[2])
    explanation = answer["explanation"]
    kept = sum(score >= scores[2] for score in scores)
    assert explanation["threshold"] == scores[2]
    assert (explanation["above_threshold"], explanation["below_threshold"]) == (kept, 5 - kept)
    assert explanation["best_below"] == scores[kept]
    for memory in answer["memories"]:
        assert memory["why"]["score"] == memory["score"]
        for part in memory["why"]["parts"]:
            assert part["value"] * part["weight"] == pytest.approx(part["points"], abs=1e-4)
    weights = {part["feature"]: part["weight"] for part in answer["memories"][0]["why"]["parts"]}
    assert weights["meaning"] == 1.0  # of a note
