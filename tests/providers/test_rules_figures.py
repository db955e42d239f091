"""The figures of the rules on the texts that come with the project: a change may not make them worse unnoticed."""

from __future__ import annotations

from benchmarks import knowledge, knowledge_metrics
from memories.providers.rules.extractor import RulesExtractor


def test_it_reads_as_well_as_it_did(rules: RulesExtractor) -> None:
    rows = knowledge.rows_of(knowledge.SHIPPED / "extract.jsonl")
    figures = knowledge_metrics.of_extraction(rows, {row["id"]: row for row in knowledge.extract(rules, rows)})
    floors = {"entities": 0.97, "types": 0.88, "dates": 0.96, "relations": 0.90, "has_fact": 0.96}
    assert {name: figures[name] for name, floor in floors.items() if figures[name] < floor} == {}


def test_it_decides_as_well_as_it_did(rules: RulesExtractor) -> None:
    rows = knowledge.rows_of(knowledge.SHIPPED / "supersede.jsonl")
    figures = knowledge_metrics.of_decisions(rows, {row["id"]: row for row in knowledge.supersede(rules, rows)})
    assert figures["right"] >= 0.89
    assert figures["lost"] == 0


def test_the_metrics_count_what_is_right_missed_and_false() -> None:
    gold = {
        "id": "1",
        "user_is": "Ada",
        "has_fact": True,
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
        "has_fact": True,
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
    assert figures == {"entities": 1.0, "dates": 0.0, "relations": 2 / 3, "types": 0.5, "has_fact": 1.0}
