"""The figures of the annotations on the texts that come with the project: no change makes them worse unnoticed."""

from __future__ import annotations

import pytest

from benchmarks import knowledge, knowledge_metrics
from memories.extraction.extractor import TextExtractor


@pytest.mark.parametrize("name", ["extract.jsonl", "unseen.jsonl"])
def test_texts_are_annotated_as_well_as_before(extractor: TextExtractor, name: str) -> None:
    rows = knowledge.rows_of(knowledge.SHIPPED / name)
    figures = knowledge_metrics.of_extraction(rows, {row["id"]: row for row in knowledge.extract(extractor, rows)})
    floors = {"entities": 0.95, "types": 0.84, "dates": 0.90, "relations": 0.80}
    assert {kind: figures[kind] for kind, floor in floors.items() if figures[kind] < floor} == {}


def test_the_metrics_count_what_is_right_missed_and_false() -> None:
    gold = {
        "id": "1",
        "user_is": "Ada",
        "entities": [
            {"name": "Graz", "type": "LOCATION"},
            {"name": "Acme Labs", "type": "ORG"},
            {"name": "2024", "type": "DATE"},
            {"name": "AI", "type": "CONCEPT", "optional": True},
        ],
        "relations": [
            {"source": "user", "type": "LIVES_IN", "target": "Graz"},
            {"source": "Bo", "type": "REPORTS_TO", "target": "user"},
            {"source": "user", "type": "SIBLING_OF", "target": "Cy"},
        ],
    }
    found = {
        "id": "1",
        "entities": [
            {"name": "Graz", "type": "ORG"},
            {"name": "Acme", "type": "ORG"},
            {"name": "AI", "type": "ORG"},
            {"name": "2023", "type": "DATE"},
        ],
        "relations": [
            {"source": "Ada", "type": "MANAGES", "target": "Bo"},
            {"source": "Cy", "type": "SIBLING_OF", "target": "Ada"},
            {"source": "user", "type": "LIKES", "target": "Graz"},
        ],
    }
    figures = knowledge_metrics.of_extraction([gold], {"1": found})
    assert figures == {"entities": 1.0, "dates": 0.0, "relations": 2 / 3, "types": 0.5}
