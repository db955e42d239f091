"""A store of one text is always kept: where nothing is extracted, as one memory, word for word."""

from __future__ import annotations

from typing import Any

import pytest

from memories.embeddings import english
from memories.models import Memory, Source
from memories.types import SourceState
from tests import build
from tests.build import Caller

API = "/api/v1/memories"
TEXTS = {
    "thanks": "Thanks!",
    "question": "How are you?",
    "code": "```python\nprint('I live in Berlin')\n```",
    "list": "- eggs\n- milk\n- bread",
    "german": "Ganz kurz: Schlüssel beim Nachbarn.",
    "japanese": "鍵は隣の家にあります。",
    "arabic": "المفتاح عند الجار.",
    "word": "Zahnarzt",
    "number": "4711",
    "emoji": "👍👍",
    "url": "https://example.com/a?b=c",
}


@pytest.mark.parametrize("spacy_model", [english.MODEL, ""], ids=["rules", "sentences"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_text_has_a_memory_that_exists(reader: Caller, settings: Any, text: str, spacy_model: str) -> None:
    settings.SPACY_MODEL = spacy_model
    first = reader.store(text, user_id="ann")
    added = reader.post("/v1/memories", {"content": text, "user_id": "bob"}).json()["data"]
    for user, answer in (("ann", first), ("bob", added)):
        listed = reader.get(f"{API}?user_id={user}").json()["memories"]
        assert answer["id"] in {memory["id"] for memory in listed}
        assert reader.get(f"{API}/{answer['id']}").status_code == 200
    again = reader.store(text, user_id="ann")
    assert (again["status"], again["id"]) == ("duplicate", first["id"])


@pytest.mark.parametrize("name", ["thanks", "question", "code", "word", "emoji"])
def test_what_states_nothing_is_kept_word_for_word(reader: Caller, name: str) -> None:
    answer = reader.store(TEXTS[name])
    assert [(m["action"], m["content"]) for m in answer["memories"]] == [("ADD", TEXTS[name])]
    assert answer["extracted_facts"] == [TEXTS[name]]
    memory = reader.get(f"{API}/{answer['id']}").json()
    assert (memory["content"], memory["memory_type"]) == (TEXTS[name], "fact")
    (revision,) = reader.get(f"{API}/{answer['id']}/history").json()["revisions"]
    assert revision["evidence"] == TEXTS[name]


def test_each_text_of_a_batch_is_kept(reader: Caller) -> None:
    items = [{"content": text} for text in TEXTS.values()]
    answer = reader.post(f"{API}/batch", {"items": items}).json()
    ids = [result["response"]["id"] for result in answer["results"]]
    assert len(set(ids)) == len(TEXTS)
    assert {reader.get(f"{API}/{memory}").status_code for memory in ids} == {200}


def test_a_text_of_an_assistant_is_kept_too(reader: Caller) -> None:
    answer = reader.store("You're welcome.", role="assistant")
    assert [(m["action"], m["content"]) for m in answer["memories"]] == [("ADD", "You're welcome.")]


def test_an_echo_of_a_recall_is_kept_by_the_memory_that_it_repeats(reader: Caller) -> None:
    turn = reader.store("Woof!", skip_extraction=True, speaker="Ana", timestamp="2026-03-10T00:00:00Z")["id"]
    thanks = reader.store("Thanks!")["id"]
    thumbs = reader.store("👍👍")["id"]
    answer = reader.store("[2026-03-10] Ana: Woof!")
    assert (answer["status"], answer["id"], answer["memories"][0]["action"]) == ("duplicate", turn, "NOOP")
    answer = reader.store("[2026-03-10] Ana: Woof!\n👍👍\nThanks!")
    assert answer["status"] == "duplicate"
    assert {m["id"] for m in answer["memories"]} == {turn, thanks, thumbs}
    assert Memory.objects.filter(tenant=reader.row.tenant_id).count() == 3


def test_what_comes_with_an_echo_is_kept(reader: Caller) -> None:
    reader.store("Woof!", skip_extraction=True, speaker="Ana", timestamp="2026-03-10T00:00:00Z")
    answer = reader.store("[2026-03-10] Ana: Woof!\nMiau")
    assert [(m["action"], m["content"].strip()) for m in answer["memories"]] == [("ADD", "Miau")]


def test_an_echo_of_an_erased_memory_is_kept_as_a_text(reader: Caller) -> None:
    turn = reader.store("Woof!", skip_extraction=True, speaker="Ana", timestamp="2026-03-10T00:00:00Z")["id"]
    assert reader.delete(f"{API}/{turn}").status_code == 200
    answer = reader.store("[2026-03-10] Ana: Woof!")
    assert answer["status"] == "success"
    assert reader.get(f"{API}/{answer['id']}").status_code == 200


def test_an_older_store_that_is_processed_later_outdates_nothing(no_worker: None) -> None:
    owner = build.caller()
    older, newer = (
        owner.post(API, {"content": text}).json() for text in ("I live in Berlin.", "I live in Hamburg now.")
    )
    for body in (newer, older):
        source = Source.objects.get(tenant=owner.row.tenant_id, reserved_id=body["id"].removeprefix("mem_"))
        build.work(source)
        assert owner.get(f"/api/v1/events/{body['event_id']}").json()["status"] == "succeeded"
    assert not Source.objects.filter(tenant=owner.row.tenant_id, state=SourceState.PENDING).exists()
    event = owner.get(f"/api/v1/events/{older['event_id']}").json()
    assert [m["action"] for m in event["memories"]] == ["ADD"]
    assert owner.get(f"{API}/{newer['id']}").json()["status"] == "active"
