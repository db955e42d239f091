"""A user's data with everything that an export has to carry: what a service may hold of one owner, by public doors
where there is one, and written straight into the tables of entities."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction

from apikeys.models import Tenant
from core.ids import MEMORY, parse
from entities.models import Alias, Evidence, Mention, Merge
from memories.models import Memory, Usage
from tests import build
from tests.build import Caller
from tests.graph_data import World, day

LONG = "The ledger of the harbour office has many pages. " * 90  # three passages


def key(memory_id: str) -> uuid.UUID:
    found = parse(MEMORY, memory_id)
    assert found is not None
    return found


def lived(caller: Caller, user: str, project: str = "default") -> list[str]:
    """Memories of a user with all kinds of history; → their ids, the first with the longest."""
    mine: dict[str, Any] = {"user_id": user, "project": project}
    first = caller.store(f"{user} lives in Bergen", metadata={"place": {"kind": "town"}, "n": 1.5}, **mine)["id"]
    path = f"/api/v1/memories/{first}"
    assert caller.patch(path, {"content": f"{user} lives in Trondheim"}).status_code == 200
    assert caller.patch(path, {"metadata": {"checked": True}, "pinned": True, "importance": 0.9}).status_code == 200
    second = caller.store(f"{user} works at the harbour office", ttl="30d", agent_id="scribe", **mine)["id"]
    later = {"content": f"{user} works at the lighthouse", "reason": "a new post", "valid_from": "2030-02-01T00:00:00Z"}
    third = caller.post(f"/api/v1/memories/{second}/supersede", later).json()["id"]
    assert caller.post(f"/api/v1/memories/{second}/restore", {}).status_code == 200
    turns = [
        {"role": "user", "content": "Shall we meet at the pier?", "name": user, "timestamp": "2026-01-05T10:00:00Z"},
        {"role": "assistant", "content": "At noon — « gladly » \u2028 ☃", "timestamp": "2026-01-05T10:00:05+02:00"},
    ]
    talk = {"messages": turns, "run_id": "talk-1", "infer": False, **mine}
    said = caller.post("/v1/memories", talk).json()["data"]["results"]
    caller.store(f"{user} works at the lighthouse", agent_id="scribe", **mine)  # a duplicate: a NOOP of another write
    greeting = {"messages": [{"role": "user", "content": "Hello! How are you?"}], **mine}
    assert caller.post("/v1/memories", greeting).json()["data"]["results"] == []  # a write of which no memory came
    opal = caller.store(f"{user} hid an opal under the pier", **mine)["id"]
    for place, (proposal, decision) in enumerate((("extend", "reject"), ("negate", "accept"), ("duplicate", None))):
        newer = caller.store(f"{user} hid {place + 2} opals under the pier", skip_extraction=True, **mine)["id"]
        review = build.review(opal, newer, proposal)
        if decision is not None:
            answer = caller.post(f"/api/v1/reviews/{review}", {"decision": decision})
            assert answer.status_code == 200, answer.content
            opal = newer
    longest = caller.store(LONG + user, skip_extraction=True, **mine)["id"]
    gone = caller.store(f"{user} once kept a parrot. {user} once kept a cat", **mine)["memories"][0]["id"]
    assert caller.delete(f"/api/v1/memories/{gone}").status_code == 200  # its sibling stays; the write is redacted
    rows = Memory.objects.filter(tenant=caller.row.tenant_id, id=key(first))
    Usage.objects.bulk_create(
        [Usage(tenant_id=rows.get().tenant_id, memory_key=key(first), uses=7, last_used_at=day(9))]
    )
    return [first, second, third, *(turn["id"] for turn in said), longest]


def known(tenant: Tenant, user: str, memories: list[str], project: str = "default") -> World:
    """Entities that these memories mention: renamed, merged, with aliases, relations and their evidence."""
    world = World(tenant, project, user)
    ours = {"tenant": tenant}
    ann, anna, pier = world.entities("Ann", "Anna", "The Old Pier", at=day(0))
    world.rename(pier, "The New Pier", at=day(1))
    tie = world.relation(ann, "LIVES_IN", pier, properties={"floor": 2}, valid_from=day(0), valid_to=day(20))
    merge = Merge(source_key=anna, target_key=ann, actor="test", recorded_at=day(2), undone_at=day(5), **ours)
    alias = Alias(entity_key=ann, name="Annie", normalised="annie", merge_key=merge.id, recorded_at=day(2), **ours)
    first = key(memories[0])
    with transaction.atomic():
        Merge.objects.bulk_create([merge])
        Alias.objects.bulk_create([alias])
        Mention.objects.bulk_create(
            [
                Mention(entity_key=ann, memory_key=key(m), confidence=0.75, recorded_at=day(3), **ours)
                for m in memories[:3]
            ]
        )
        Evidence.objects.bulk_create(
            [
                Evidence(relation_key=tie, memory_key=first, recorded_at=day(1), **ours),
                Evidence(alias_key=alias.id, memory_key=first, retired_at=day(8), recorded_at=day(2), **ours),
            ]
        )
    world.rename(anna, "Anna", at=day(6), into=ann)
    return world
