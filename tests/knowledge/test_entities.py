"""What stores state of entities, over HTTP: the rules read, and the answers tell."""

from __future__ import annotations

from typing import Any

import pytest

from memories.extraction.extractor import TextExtractor
from tests.build import Caller

JOHN = "User's name is John. He works at Google as a senior engineer."


def entities(owner: Caller, **query: str) -> dict[str, dict[str, Any]]:
    line = "&".join(f"{name}={value}" for name, value in query.items())
    return {e["name"]: e for e in owner.get(f"/api/v1/entities?{line}").json()["entities"]}


def relations(owner: Caller, name: str) -> list[tuple[str, str, str, bool]]:
    key = entities(owner)[name]["id"]
    found = owner.get(f"/api/v1/entities/{key}/relationships?include_history=true").json()["relationships"]
    return sorted((r["source"], r["type"], r["target"], r["is_current"]) for r in found)


def test_the_second_documents_example_comes_out_of_its_request(reader: Caller) -> None:
    body = {
        "content": JOHN,
        "user_id": "user_123",
        "project": "default",
        "metadata": {"source": "chat", "session_id": "sess_abc"},
        "ttl": "30d",
    }
    answer = reader.post("/api/v1/memories", body).json()
    (memory,) = answer["memories"]
    assert answer["status"] == "success"
    assert {k: memory[k] for k in ("content", "action")} == {
        "content": "John works at Google as a senior engineer",
        "action": "ADD",
    }
    assert memory["entities"] == ["John", "Google"]
    assert (answer["entities_extracted"], answer["relationships_created"]) == (2, 1)
    assert [(e["canonical_name"], e["type"]) for e in answer["entities"]] == [("John", "PERSON"), ("Google", "ORG")]
    recalled = reader.recall("What do I know about John?", user_id="user_123", threshold=0.4)
    assert [m["content"] for m in recalled["memories"]] == ["John works at Google as a senior engineer"]
    assert (recalled["context"], recalled["total"]) == ("John works at Google as a senior engineer.", 1)


def test_a_relation_has_its_properties_and_its_end(reader: Caller) -> None:
    reader.store(JOHN, timestamp="2026-01-10T00:00:00Z")
    john = entities(reader)["John"]
    assert (john["type"], john["memory_count"]) == ("PERSON", 1)
    (works,) = reader.get(f"/api/v1/entities/{john['id']}/relationships").json()["relationships"]
    assert (works["source"], works["type"], works["target"]) == ("John", "WORKS_AT", "Google")
    assert works["properties"] == {"role": "senior engineer"}
    reader.store("I no longer work at Google.", timestamp="2026-03-10T00:00:00Z")
    assert relations(reader, "John") == [("John", "WORKS_AT", "Google", False)]


def test_another_employer_ends_the_first(reader: Caller) -> None:
    reader.store("Maria Lopez works at Acme.", timestamp="2026-01-10T00:00:00Z")
    reader.store("Maria Lopez works at Globex now.", timestamp="2026-03-10T00:00:00Z")
    assert relations(reader, "Maria Lopez") == [
        ("Maria Lopez", "WORKS_AT", "Acme", False),
        ("Maria Lopez", "WORKS_AT", "Globex", True),
    ]


def test_people_are_recognised_again_and_strangers_are_not_joined(reader: Caller) -> None:
    reader.store("John Smith works at Acme.")
    reader.store("Mr. Smith lives in Boston.")
    reader.store("John likes jazz.")
    reader.store("Ann lives in Rome.")
    reader.store("Joanna lives in Oslo.")
    people = entities(reader, type="PERSON")
    assert set(people) == {"John Smith", "Ann", "Joanna"}
    assert people["John Smith"]["memory_count"] == 3
    assert set(people["John Smith"]["aliases"]) == {"John", "Mr. Smith"}


def test_one_exact_name_is_one_entity_and_its_type_is_voted(reader: Caller) -> None:
    """The parser takes the same name for a firm, a town or a product, as the sentence has it."""
    reader.store("I left Umicore.")
    (first,) = [e for e in entities(reader).values() if e["name"] == "Umicore"]
    for text in ("Elise works at Umicore.", "Pieter works at Umicore.", "The Umicore office is in Olen."):
        reader.store(text)
    (voted,) = [e for e in entities(reader).values() if e["name"] == "Umicore"]
    assert (first["id"], voted["type"], voted["memory_count"]) == (voted["id"], "ORG", 4)


def test_apostrophes_and_case_are_folded(reader: Caller) -> None:
    for text in ("Siobhan O'Neill lives in Cork.", "Siobhan O’Neill works at Acme.", "SIOBHAN O'NEILL likes tea."):
        reader.store(text)
    (person,) = [e for e in entities(reader, type="PERSON").values() if "neill" in e["name"].casefold()]
    assert person["memory_count"] == 3


def test_a_type_that_a_person_set_is_not_voted_away(reader: Caller) -> None:
    reader.store("Elise works at Umicore.")
    key = entities(reader)["Umicore"]["id"]
    assert reader.patch(f"/api/v1/entities/{key}", {"type": "PRODUCT"}).status_code == 200
    for name in ("Pieter", "Hanne", "Joost"):
        reader.store(f"{name} works at Umicore.")
    assert entities(reader)["Umicore"]["type"] == "PRODUCT"


def test_two_people_of_one_first_name_stay_two(reader: Caller) -> None:
    reader.store("My son Alex works at Lego.")
    reader.store("My boss Alex works at Arup.")
    answer = reader.get("/api/v1/entities?type=PERSON").json()["entities"]
    alexes = [e["id"] for e in answer if e["name"] == "Alex"]
    jobs = [reader.get(f"/api/v1/entities/{key}/relationships").json()["relationships"] for key in alexes]
    assert sorted([r["target"] for r in found if r["type"] == "WORKS_AT"] for found in jobs) == [["Arup"], ["Lego"]]
    reader.store("My boss Alex likes chess.")
    again = reader.get("/api/v1/entities?type=PERSON").json()["entities"]
    assert sorted(e["memory_count"] for e in again if e["name"] == "Alex") == [1, 2]


def test_statements_about_the_user_meet_by_pronoun_and_by_name(reader: Caller) -> None:
    reader.store("My name is Ilse and I live in Gent.", timestamp="2026-01-10T00:00:00Z")
    reader.store("I moved to Namur.", timestamp="2026-02-10T00:00:00Z")
    reader.store("Ilse works at Umicore.", timestamp="2026-03-10T00:00:00Z")
    assert list(entities(reader, type="PERSON")) == ["Ilse"]
    assert relations(reader, "Ilse") == [
        ("Ilse", "LIVES_IN", "Gent", False),
        ("Ilse", "LIVES_IN", "Namur", True),
        ("Ilse", "MOVED_TO", "Namur", True),
        ("Ilse", "WORKS_AT", "Umicore", True),
    ]


def test_leaving_ends_what_was_known_and_invents_nothing(reader: Caller) -> None:
    reader.store("I work at Umicore.", timestamp="2026-01-10T00:00:00Z")
    reader.store("I left Umicore.", timestamp="2026-02-10T00:00:00Z")
    assert relations(reader, "user") == [("user", "WORKS_AT", "Umicore", False)]


def test_what_is_erased_is_gone_from_the_entities_too(reader: Caller) -> None:
    kept = reader.store("Maria Lopez lives in Madrid.")["id"]
    gone = reader.store("Maria Lopez works at Acme.")["id"]
    assert set(entities(reader)) == {"Maria Lopez", "Madrid", "Acme"}
    assert reader.delete(f"/api/v1/memories/{gone}").status_code == 200
    assert set(entities(reader)) == {"Maria Lopez", "Madrid"}
    assert relations(reader, "Maria Lopez") == [("Maria Lopez", "LIVES_IN", "Madrid", True)]
    reader.delete(f"/api/v1/memories/{kept}")
    assert entities(reader) == {}


def test_an_edit_and_a_restore_take_the_entities_along(reader: Caller) -> None:
    key = reader.store("Maria Lopez works at Acme.")["id"]
    assert reader.patch(f"/api/v1/memories/{key}", {"content": "Maria Lopez works at Globex"}).status_code == 200
    current = [r for r in relations(reader, "Maria Lopez") if r[3]]
    assert current == [("Maria Lopez", "WORKS_AT", "Globex", True)]
    first = reader.get(f"/api/v1/memories/{key}/history").json()["revisions"][-1]["revision_id"]
    assert reader.post(f"/api/v1/memories/{key}/restore", {"revision_id": first}).status_code == 200
    current = [r for r in relations(reader, "Maria Lopez") if r[3]]
    assert current == [("Maria Lopez", "WORKS_AT", "Acme", True)]


def test_a_restore_brings_back_what_the_text_stated_and_reads_nothing(
    reader: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = reader.store("Maria Lopez works at Acme.")["id"]

    def texts_and_relations() -> tuple[str, list[str], list[tuple[str, str, str, bool]]]:
        memory = reader.get(f"/api/v1/memories/{key}").json()
        return memory["content"], memory["entities"], [r for r in relations(reader, "Maria Lopez") if r[3]]

    stated = {}
    for content in ("Maria Lopez works at Globex", "Maria Lopez likes tea", "Maria Lopez works at Initech"):
        before = texts_and_relations()
        stated[before[0]] = before
        assert reader.patch(f"/api/v1/memories/{key}", {"content": content}).status_code == 200
    assert len(stated) == 3
    revisions = reader.get(f"/api/v1/memories/{key}/history").json()["revisions"]
    first = {revision["content"]: revision["revision_id"] for revision in revisions}
    monkeypatch.setattr(TextExtractor, "read", lambda *_: pytest.fail("a text was read in a request"))
    # Each text comes back several times, after other texts.
    for content in (*stated, *reversed(stated), *stated):
        body = {"revision_id": first[content]}
        assert reader.post(f"/api/v1/memories/{key}/restore", body).status_code == 200
        assert texts_and_relations() == stated[content]


def test_the_first_dialect_shows_them_too(reader: Caller) -> None:
    body = {"messages": [{"role": "user", "content": "I work at Acme in Berlin."}], "user_id": "ann"}
    data = reader.post("/v1/memories", body).json()["data"]
    memory = reader.get(f"/v1/memories/{data['id']}").json()["data"]
    assert {"Acme", "Berlin"} <= set(memory["metadata"]["entities"])
    assert ("WORKS_AT", "Acme") in {(r["type"], r["entity"]) for r in memory["relationships"]}
