"""The scores that README.md and docs/retrieval.md show, with the default extractor and embedder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Remembra

ROOT = Path(__file__).resolve().parent.parent.parent
FACT = "John works at Google as a senior engineer"


def found(client: Remembra, query: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.recall(query=query, threshold=0.0)
    return answer


def test_the_first_example_of_the_readme(client: Remembra) -> None:
    readme = (ROOT / "README.md").read_text()
    (stored,) = re.findall(r"""-d '\{"content": "([^"]+)", "user_id": "john", "ttl": "30d"\}'""", readme)
    (query,) = re.findall(r"""-d '\{"query": "([^"]+)", "user_id": "john"\}'""", readme)
    shown = re.findall(r'"content": "([^"]+)", "score": ([\d.]+), .*\n "context": "([^"]+)", "total": (\d)', readme)
    client.store(content=stored, ttl="30d")
    answer = client.recall(query=query)
    (memory,) = answer["memories"]
    assert shown == [(memory["content"], f"{memory['relevance']:.2f}", answer["context"], "1")]


def test_a_fact_that_answers_and_facts_that_do_not(client: Remembra) -> None:
    page = " ".join((ROOT / "docs" / "retrieval.md").read_text().split())
    (best, rest) = re.findall(rf'"Where does John work\?" gives "{FACT}" ([\d.]+), and unrelated facts ([\d.]+)', page)[
        0
    ]
    for content in (FACT, "Maria Lopez lives in Madrid", "Bob plays the cello", "Whales sleep upright"):
        client.store(content=content)
    first, *others = found(client, "Where does John work?")["memories"]
    assert first["content"] == FACT
    assert first["relevance"] == pytest.approx(float(best), abs=0.01)
    assert max(memory["relevance"] for memory in others) <= float(rest)
