"""An export leaves out what has expired, entities and their names included, and erases nothing."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import time_machine

from apikeys.scopes import Role
from entities.models import Entity, Relation
from memories.models import Memory, Revision, Source
from tests import build
from tests.build import Caller

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def exported(caller: Caller) -> list[dict[str, Any]]:
    response = caller.get("/api/v1/export?user_id=ann")
    assert response.status_code == 200
    return [json.loads(line) for line in response.getvalue().splitlines()]


def undated(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the moments of erasure, which an export before it can't know."""
    return [{k: v for k, v in line.items() if k not in ("redacted_at", "finished_at")} for line in lines]


def test_it_is_what_is_left_after_the_clean_up(reader: Caller) -> None:
    viewer = build.caller(role=Role.VIEWER)
    with time_machine.travel(START, tick=False) as clock:
        for text, ttl in (
            ("Maria Lopez works at Acme.", "1d"),
            ("Maria lives in Madrid.", None),
            ("Maria Lopez manages Ben Stone.", "1d"),
            ("Ben Stone lives in Porto.", None),
            ("Maria lives in Madrid with Zoe Quill.", "1d"),
            ("Olga Petrova likes rye.", "1d"),
        ):
            reader.store(text, user_id="ann", **({"ttl": ttl} if ttl else {}))
            clock.shift(1)
        reader.store("Maria Lopez moved to Lisbon.", user_id="ann", ttl="1d")
        before = exported(viewer)
        clock.shift(dt.timedelta(days=2))
        counts = [model.objects.filter(tenant=reader.row.tenant_id).count() for model in (Memory, Entity, Relation)]
        left_out = exported(viewer)
        assert exported(viewer) == left_out
        assert counts == [
            model.objects.filter(tenant=reader.row.tenant_id).count() for model in (Memory, Entity, Relation)
        ]
        assert Revision.objects.filter(tenant=reader.row.tenant_id, expires_at__lte=START + dt.timedelta(days=2))
        assert not Source.objects.filter(tenant=reader.row.tenant_id, redacted_at__isnull=False).exists()
        assert reader.post("/api/v1/temporal/cleanup?dry_run=false", {}).status_code == 200
        after = exported(viewer)
    assert undated(left_out) == undated(after)
    assert len(left_out) < len(before)
    for gone in ("Acme", "Zoe", "Olga", "rye", "Lisbon"):
        assert gone in str(before)
        assert gone not in str(left_out)
    assert "Madrid" in str(left_out)
    assert "Porto" in str(left_out)
    redacted = [line["redacted_at"] for line in left_out if line.get("line") == "source" and line["text"] == ""]
    assert redacted
    assert set(redacted) <= {f"2026-01-02T00:00:0{second}Z" for second in range(7)}


def test_what_is_pending_and_has_expired_is_left_out(no_worker: None) -> None:
    owner = build.caller()
    with time_machine.travel(START, tick=False) as clock:
        owner.accept("The code is swordfish", user_id="ann", ttl="1d")
        assert "swordfish" in str(exported(owner))
        clock.shift(dt.timedelta(days=1))
        (source,) = (line for line in exported(owner) if line.get("line") == "source")
    assert (source["text"], source["state"], source["failure"]) == ("", "failed", "erased")
    assert source["redacted_at"] == source["finished_at"] == "2026-01-02T00:00:00Z"
    assert Source.objects.get(tenant=owner.row.tenant_id).text == "The code is swordfish"
