"""Questions about times at the ends of the calendar are answered, and never an error of the service."""

from __future__ import annotations

import itertools

import pytest

from tests.build import Caller

QUESTIONS = (
    "What did I do yesterday?",
    "What will I do next year?",
    "What happened in the last 10 years?",
    "What is planned for the next three weeks?",
    "What did I do in 9999?",
    "What happened in May 0001?",
    "What did I do 300 years ago?",
)
TIMES = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31", "2026-03-01T10:30:00Z")


@pytest.mark.parametrize(("question", "time"), list(itertools.product(QUESTIONS, TIMES)))
def test_far_times(owner: Caller, question: str, time: str) -> None:
    owner.store("I went to the museum yesterday", user_id="ann")
    for _ in range(3):  # a repeated question reads the snapshot
        asked = {"query": question, "reference_date": time, "filters": {"user_id": "ann"}, "threshold": 0.0}
        found = owner.request("POST", "/v3/memories/search/", asked, Authorization=f"Token {owner.secret}")
        assert (found.status_code, len(found.json()["results"])) == (200, 1), found.content
    assert owner.post("/api/v1/memories/recall", {"query": question, "user_id": "ann"}).json()["total"] <= 1
