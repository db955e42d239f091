"""Whatever happens to entities, each moment of the past is read as it was read then."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apikeys.scopes import Role
from apikeys.types import Principal
from core.errors import AppError
from core.ids import ENTITY, public
from entities.models import EntityRevision
from entities.services import edit, graph_updates, merge
from entities.types import EditEntity, EntityMention, ExtractedGraph, GraphUpdate, RelationMention
from memories.models import Memory
from tests import build
from tests.graph_data import World

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("Ann Lee", "Bob Hall", "Cleo Marsh", "Dan Wood")
RELATIONS = ("LIKES", "WORKS_AT", "FRIEND_OF")
ACTS = ["learn", "learn", "learn", "retire", "revive", "rename", "merge", "split"]
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=10)
START = dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC)
BERLIN = dt.timezone(dt.timedelta(hours=2))


class History:
    def __init__(self) -> None:
        self.world = World()
        self.caller = Principal(self.world.tenant.id, caller="test", role=Role.EDITOR)
        self.client = build.caller(self.world.tenant)
        self.memories: list[uuid.UUID] = []

    def read(self, as_of: dt.datetime | None = None) -> tuple[Any, ...]:
        """Entities, and relations between them: as they are, or as they were."""
        then = "" if as_of is None else f"&as_of={quote(as_of.isoformat())}"
        query = f"user_id={self.world.user_id}&limit=100{then}"
        found = [self.client.get(f"/api/v1/{what}?{query}") for what in ("entities", "graph")]
        assert [answer.status_code for answer in found] == [200, 200]
        return tuple(answer.json() for answer in found)

    def act(self, what: str, one: int, two: int, moment: dt.datetime) -> None:
        scope = self.world.scope
        memory = self.memories[one % len(self.memories)] if self.memories else None
        rows = EntityRevision.objects.filter(tenant=self.world.tenant, retired_at=None, merged_into_key=None)
        known = [public(ENTITY, key) for key in rows.order_by("entity_key").values_list("entity_key", flat=True)]
        with transaction.atomic():
            match what:
                case "learn":
                    graph_updates.apply_updates(scope, [self._lesson(one, two, moment)], moment=moment, actor="test")
                case "retire" if memory:
                    graph_updates.retract(scope, [memory], moment=moment)
                case "revive" if memory:
                    graph_updates.reinstate(scope, [memory], moment=moment)
        try:
            match what:
                case "rename" if known:
                    edit.edit(self.caller, EditEntity(known[one % len(known)], name=f"Name {one}"))
                case "merge" if known:
                    merge.merge(self.caller, [known[one % len(known)]], known[two % len(known)])
                case "split" if known:
                    merge.split(self.caller, known[one % len(known)])
        except AppError:
            pass  # itself, or nothing to split: a refusal changes nothing

    def _lesson(self, one: int, two: int, moment: dt.datetime) -> GraphUpdate:
        row = Memory(tenant=self.world.tenant, project=self.world.project, user_id=self.world.user_id)
        Memory.objects.bulk_create([row])
        self.memories.append(row.id)
        first, second = NAMES[one % len(NAMES)], NAMES[two % len(NAMES)]
        said = RelationMention(first, RELATIONS[(one + two) % len(RELATIONS)], second, ended=two == 7)
        named = (EntityMention(first, "PERSON"), EntityMention(second, "PERSON"))
        return GraphUpdate(row.id, ExtractedGraph(named, (said,) if first != second else ()), moment)


@given(steps=STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_past_is_read_as_it_was(steps: list[tuple[str, int, int]]) -> None:
    with time_machine.travel(START, tick=False) as clock:
        history, seen = History(), []
        for step in steps:
            clock.shift(dt.timedelta(hours=7))
            moment = dt.datetime.now(dt.UTC)
            history.act(*step, moment)
            seen.append((moment, history.read()))
        clock.shift(dt.timedelta(hours=1))
        for moment, answer in seen:
            assert history.read(moment) == answer
            assert history.read(moment.astimezone(BERLIN)) == answer
