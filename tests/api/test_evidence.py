"""Search reads a memory's text and its evidence; a word of both counts once."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from memories.models import Passage
from memories.pipeline import rows as built
from memories.pipeline.passages import evidence_of, split
from tests import build
from tests.build import Caller

TEXT, EVIDENCE = "User is allergic to penicillin", "Penicillin gives me hives: I'm allergic, says my allergist!"


@pytest.fixture
def told(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """Each store of TEXT came of EVIDENCE."""
    add = built.Batch.add_text

    def with_evidence(self: built.Batch, revision: Any, *args: Any) -> None:
        if revision.content == TEXT:
            revision.evidence = EVIDENCE
        add(self, revision, *args)

    monkeypatch.setattr(built.Batch, "add_text", with_evidence)
    return owner


def store(caller: Caller, text: str) -> str:
    return str(caller.store(text, skip_extraction=True)["id"])


def indexed() -> list[tuple[str, int]]:
    """The words and the length of each passage, in order of the memories."""
    found = Passage.objects.filter(tenant=build.tenant("default")).order_by("memory_key", "ordinal")
    return list(found.values_list("tsv", "length"))


def words_of(caller: Caller, question: str) -> list[tuple[str, list[str]]]:
    hits = caller.recall(question, explain=True)["memories"]
    return [(hit["content"], hit["why"]["words"]) for hit in hits if hit["why"]["words"]]


def test_words_of_the_evidence_alone_are_found(told: Caller) -> None:
    for text in ("The ferry leaves at noon", TEXT, "The kettle is in the attic"):
        store(told, text)
    assert words_of(told, "Who gets hives?") == [(TEXT, ["hive"])]
    assert words_of(told, "Is anybody allergic?") == [(TEXT, ["allerg"])]
    assert told.recalled("hives")[0] == TEXT


def test_a_word_of_both_counts_once(told: Caller) -> None:
    """`allergic` and `Penicillin` stand in both; `allergist` is another lexeme, and found by the evidence."""
    store(told, TEXT)
    ((tsv, length),) = indexed()
    lexemes = {part.partition(":")[0].strip("'"): part.partition(":")[2].count(",") + 1 for part in tsv.split()}
    assert lexemes == {"user": 1, "allerg": 1, "penicillin": 1, "give": 1, "hive": 1, "m": 1, "say": 1, "allergist": 1}
    assert length == sum(lexemes.values())


def test_evidence_of_equal_words_is_indexed_as_the_text(told: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.EVIDENCE", TEXT.lower() + ".")
    store(told, TEXT)
    ((_, length),) = indexed()
    assert length == 3


def test_an_edit_replaces_text_and_evidence(told: Caller) -> None:
    memory = store(told, TEXT)
    assert told.patch(f"/api/v1/memories/{memory}", {"content": "User tolerates penicillin"}).status_code == 200
    assert words_of(told, "Who gets hives?") == []
    assert words_of(told, "Is anybody allergic?") == []
    assert words_of(told, "penicillin?") == [("User tolerates penicillin", ["penicillin"])]
    assert told.post(f"/api/v1/memories/{memory}/restore", {}).status_code == 200
    assert told.delete(f"/api/v1/memories/{memory}").status_code == 200
    assert indexed() == []


def test_words_are_indexed_anew_with_their_evidence(told: Caller) -> None:
    for text in (TEXT, "The ferry leaves at noon"):
        store(told, text)
    before = indexed()
    Passage.objects.filter(tenant=build.tenant("default")).update(tsv="", length=0)
    call_command("reindex_words", stdout=StringIO())
    assert indexed() == before


def test_each_passage_has_its_part_of_the_evidence() -> None:
    evidence = " ".join(f"word{number}" for number in range(1200))
    whole = len(split(evidence))
    parts = [evidence_of(evidence, ordinal, is_last=False) for ordinal in range(whole)]
    assert (whole > 3, "".join(parts)) == (True, evidence)
    assert evidence_of(evidence, 1, is_last=True) == evidence[len(parts[0]) :]
    assert evidence_of(evidence, whole, is_last=True) == ""
    assert len(evidence_of("x" * 50_000, 0, is_last=True)) == 20_000
