"""The same text twice, in the dialect of mem0's clients: one memory for each user, agent, app and run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.test_platform import post, send
from tests.build import Caller

TEAL = "My favourite colour is teal."
OWNERS: list[dict[str, str]] = [
    {},
    {"run_id": "r1"},
    {"run_id": "r2"},
    {"app_id": "shop"},
    {"app_id": "desk", "run_id": "r1"},
    {"agent_id": "bot"},
]


def add(caller: Caller, infer: bool, text: str = TEAL, **owners: str) -> dict[str, Any]:
    said = {"messages": [{"role": "user", "content": text}], "infer": infer, "user_id": "ann", **owners}
    (result,) = post(caller, "/v3/memories/add/", said)["results"]
    return dict(result)


def listed(caller: Caller, **owners: str) -> list[str]:
    return [one["id"] for one in post(caller, "/v3/memories/", {"filters": {"user_id": "ann", **owners}})["results"]]


@pytest.mark.parametrize("infer", [True, False])
def test_each_run_and_app_has_its_memory(owner: Caller, infer: bool) -> None:
    made = [add(owner, infer, **owners) for owners in OWNERS]
    assert [one["event"] for one in made] == ["ADD"] * len(OWNERS)
    assert len({one["id"] for one in made}) == len(OWNERS)
    for owners, first in zip(OWNERS, made, strict=True):
        again = add(owner, infer, **owners)
        assert (again["event"], again["id"]) == ("NOOP", first["id"])
        if owners:
            assert first["id"] in listed(owner, **owners)
    assert len(listed(owner)) == len(OWNERS)
    assert send(owner, "DELETE", "/v1/memories/?user_id=ann&run_id=r1").status_code == 200
    assert made[2]["id"] in listed(owner, run_id="r2")
    assert len(listed(owner)) == len(OWNERS) - 2


def test_other_words_in_another_run_are_kept_for_it(owner: Caller) -> None:
    first = add(owner, True, "I live in Oslo", run_id="r1")
    again = add(owner, True, "I live in Oslo now", run_id="r1")
    other = add(owner, True, "I live in Oslo now", run_id="r2")
    assert other["event"] == "ADD"
    assert listed(owner, run_id="r2") == [other["id"]]
    assert first["id"] in listed(owner, run_id="r1") or again["id"] in listed(owner, run_id="r1")


def test_news_of_another_run_supersede(owner: Caller) -> None:
    add(owner, True, "I live in Oslo", run_id="r1")
    new = add(owner, True, "I live in Bergen now", run_id="r2")
    assert (new["event"], listed(owner)) == ("UPDATE", [new["id"]])


def test_the_other_dialects_share_a_fact_between_sessions(owner: Caller) -> None:
    ids = {owner.store(TEAL, user_id="ann", session_id=session)["id"] for session in ("r1", "r2")}
    assert len(ids) == 1
