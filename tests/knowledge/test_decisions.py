"""What a store does to what is known: over HTTP, with the rules, without a language model."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import Caller


def told(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(memory["action"], memory["content"]) for memory in answer["memories"]]


def history(owner: Caller, memory_id: str) -> list[dict[str, Any]]:
    return list(owner.get(f"/api/v1/memories/{memory_id}/history").json()["revisions"])


def test_a_newer_value_outdates_the_older_one(reader: Caller) -> None:
    old = reader.store("I live in Berlin.", timestamp="2026-01-10T00:00:00Z")["id"]
    answer = reader.store("I moved to Hamburg.", timestamp="2026-03-10T00:00:00Z")
    assert told(answer) == [("UPDATE", "User moved to Hamburg")]
    (memory,) = answer["memories"]
    assert memory["replaces"] == old
    assert reader.recalled("Where does the user live?") == ["User moved to Hamburg"]
    last, first = history(reader, old)
    assert (last["action"], last["actor"], last["valid_to"]) == ("SUPERSEDE", "rules", "2026-03-10T00:00:00Z")
    assert last["reason"] == f"outdated by {memory['id']} (probability 0.90)"
    assert (last["confidence"], last["evidence"]) == (0.9, "I live in Berlin.")
    assert first["action"] == "ADD"
    (new,) = history(reader, memory["id"])
    assert (new["reason"], new["evidence"]) == ("gives a newer value", "I moved to Hamburg.")


@pytest.mark.parametrize(("speaker", "action"), [(None, "UPDATE"), ("Ana", "ADD")])
def test_a_text_with_a_speaker_follows_the_rules_of_a_conversation(
    reader: Caller, speaker: str | None, action: str
) -> None:
    """There a long message ends nothing."""
    said = {"speaker": speaker} if speaker else {}
    reader.store("The choir rehearses on Tuesday evening.", **said)
    text = (
        "The choir rehearses on Friday evening now, since the church hall, the heating, the organ, the roof, the "
        "stairs, the windows and the old kitchen are being repaired by volunteers of the parish all winter long"
    )
    assert told(reader.store(f"{text}.", **said)) == [(action, text)]


def test_what_was_decided_can_be_undone(reader: Caller) -> None:
    old = reader.store("I live in Berlin.")["id"]
    reader.store("I live in Hamburg now.")
    assert reader.post(f"/api/v1/memories/{old}/restore", {}).status_code == 200
    assert sorted(reader.recalled("Where does the user live?")) == ["User lives in Berlin", "User lives in Hamburg now"]


def test_an_ended_fact_is_retired_and_its_end_is_kept(reader: Caller) -> None:
    old = reader.store("I work at Acme.")["id"]
    answer = reader.store("I no longer work at Acme.")
    assert told(answer) == [("DELETE", "User no longer works at Acme")]
    assert answer["memories"][0]["replaces"] == old
    assert history(reader, old)[0]["action"] == "RETIRE"
    assert reader.recalled("Where does the user work?") == ["User no longer works at Acme"]


def test_a_paraphrase_beside_another_memory_adds_nothing(reader: Caller) -> None:
    reader.store("I like tea.")  # a single candidate needs DROP_ALONE
    old = reader.store("The office wifi password is tulip-42.")["id"]
    answer = reader.store("Password for the office wifi: tulip-42")
    assert (answer["status"], answer["id"], answer["duplicate_of"]) == ("duplicate", old, old)


def test_the_same_words_in_another_order_add_nothing(reader: Caller) -> None:
    old = reader.store("I work at Google as a senior engineer.")["id"]
    answer = reader.store("I work as a senior engineer at Google.")
    assert (answer["status"], answer["id"], answer["duplicate_of"]) == ("duplicate", old, old)
    assert len(history(reader, old)) == 1


@pytest.mark.parametrize(
    ("before", "after", "action"),
    [
        ("I work at Acme and Ravi owes Tom 40 euros.", "I work at Acme and Tom owes Ravi 40 euros.", "UPDATE"),
        ("I work at Acme and owe Ana 40 and Bo 50 euros.", "I work at Acme and owe Ana 50 and Bo 40 euros.", "ADD"),
    ],
)
def test_names_or_numbers_in_another_order_are_no_repetition(
    reader: Caller, before: str, after: str, action: str
) -> None:
    reader.store(before)
    assert [taken for taken, _ in told(reader.store(after))] == [action]


def test_another_value_leaves_the_end_of_the_first_alone(reader: Caller) -> None:
    old = reader.store("I no longer work at Acme.", timestamp="2026-01-10T00:00:00Z")["id"]
    answer = reader.store("I work at Umicore.", timestamp="2026-03-10T00:00:00Z")
    assert told(answer) == [("ADD", "User works at Umicore")]
    assert [revision["action"] for revision in history(reader, old)] == ["ADD"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("I live in Berlin.", "I might move to Hamburg."),
        ("I live in Berlin.", "My brother Tom lives in Hamburg."),
        ("I have a daughter named Mia.", "I also have a daughter named Lena."),
        ("I work at Acme.", "Sarah works at Globex."),
        ("I love hiking.", "I love swimming."),
        ("I went to Rome in May.", "I went to Paris in June."),
    ],
)
def test_what_may_be_true_together_is_kept_together(reader: Caller, before: str, after: str) -> None:
    first = reader.store(before)
    second = reader.store(after)
    assert [memory["action"] for memory in second["memories"]] == ["ADD"]
    listed = reader.get("/api/v1/memories").json()
    assert {memory["id"] for memory in listed["memories"]} == {first["id"], second["id"]}


def test_an_older_fact_never_outdates_a_newer_one(reader: Caller) -> None:
    reader.store("I live in Hamburg.", timestamp="2026-03-10T00:00:00Z")
    answer = reader.store("I live in Berlin.", timestamp="2020-01-10T00:00:00Z")
    assert [memory["action"] for memory in answer["memories"]] == ["ADD"]


def test_a_turn_is_a_record_and_stays(reader: Caller) -> None:
    turn = reader.store("I live in Berlin.", skip_extraction=True)["id"]
    answer = reader.store("I moved to Hamburg.")
    assert [memory["action"] for memory in answer["memories"]] == ["ADD"]
    assert len(history(reader, turn)) == 1


def test_another_users_facts_are_never_touched(reader: Caller) -> None:
    old = reader.store("I live in Berlin.", user_id="ann")["id"]
    answer = reader.store("I moved to Hamburg.", user_id="bob")
    assert [memory["action"] for memory in answer["memories"]] == ["ADD"]
    assert len(history(reader, old)) == 1


def test_small_talk_questions_and_code_in_a_conversation_are_no_facts(reader: Caller) -> None:
    for text in ("Thanks a lot!", "How are you?", "```python\nprint('I live in Berlin')\n```"):
        said = {"messages": [{"role": "user", "content": text}]}
        assert reader.post("/api/v1/ingest/conversation", said).json()["facts"] == []
        assert reader.post("/v1/memories", said).json()["data"] == {"id": None, "results": [], "skipped_parts": 0}
    assert reader.get("/api/v1/memories").json()["total"] == 0


def test_a_conversation_is_read_turn_by_turn(reader: Caller) -> None:
    body = {
        "messages": [
            {"role": "user", "name": "Ana", "content": "I work at Acme. My sister is Eva."},
            {"role": "user", "name": "Ben", "content": "I work at Globex."},
            {"role": "assistant", "content": "Great, you two!"},
        ]
    }
    answer = reader.post("/api/v1/ingest/conversation", body).json()
    assert [fact["content"] for fact in answer["facts"]] == [
        "Ana works at Acme",
        "Ana's sister is Eva",
        "Ben works at Globex",
    ]


def test_what_a_recall_gave_out_is_no_news(reader: Caller) -> None:
    reader.store("I adopted a puppy.", skip_extraction=True, speaker="Ana", timestamp="2026-03-10T00:00:00Z")
    reader.store("I live in Berlin.")
    context = reader.recall("Tell me about Berlin and the puppy")["context"]
    assert "[2026-03-10] Ana: I adopted a puppy." in context.splitlines()
    answer = reader.store(f"{context}\nI play the cello.")
    assert [m["content"] for m in answer["memories"] if m["action"] == "ADD"] == ["User plays the cello"]
    assert reader.get("/api/v1/memories").json()["total"] == 3


def test_what_has_one_value_is_found_however_it_is_put(reader: Caller) -> None:
    """A fact that is far in meaning from what it outdates, among many that are nearer."""
    old = reader.store("Priya lives in Leeds.", timestamp="2026-01-10T00:00:00Z")["id"]
    for place in ("Porto", "Lyon", "Ghent", "Turin", "Graz", "Cork"):
        reader.store(f"Priya moved her desk and visited {place}.", timestamp="2026-01-11T00:00:00Z")
    answer = reader.store("Priya lives in Porto now.", timestamp="2026-03-10T00:00:00Z")
    assert [(m["action"], m["replaces"]) for m in answer["memories"]] == [("UPDATE", old)]


def test_what_the_sentences_of_a_short_note_end_together_is_a_proposal(reader: Caller) -> None:
    old = reader.store("Otto is my tutor for statistics.", timestamp="2026-01-10T00:00:00Z")["id"]
    note = "Otto has left. My tutor for statistics is now a woman called Pim."
    answer = reader.store(note, timestamp="2026-05-10T00:00:00Z")
    assert [memory["action"] for memory in answer["memories"]] == ["ADD", "ADD"]
    assert [revision["action"] for revision in history(reader, old)] == ["ADD"]
    reviews = reader.get("/api/v1/reviews").json()["reviews"]
    left, tutor = (memory["id"] for memory in answer["memories"])
    proposed = [(review["old"]["id"], review["new"]["id"], review["proposal"]) for review in reviews]
    assert proposed == [(old, tutor, "supersede"), (old, left, "negate")]
