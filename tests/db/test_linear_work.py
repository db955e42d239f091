"""Work on a caller's text that needs the database is linear too."""

from __future__ import annotations

import time
from itertools import count

import pytest
from django.db import transaction

from apikeys.models import Tenant
from core.clock import now
from entities.services import graph_updates
from entities.types import EntityMention, ExtractedGraph, GraphScope, GraphUpdate
from memories.models import Memory, Source
from memories.pipeline.fulltext import SOURCE_CHARACTERS, to_tsvector, word_count
from memories.pipeline.writes import strip_echoes
from memories.types import Item
from tests import build
from tests.growth import fault, superlinear

pytestmark = pytest.mark.django_db(transaction=True)


def test_looking_for_lines_of_a_recall_takes_linear_time() -> None:
    source = Source(tenant=build.tenant(), project="default", user_id="ann", text="")
    assert fault(lambda text: strip_echoes(source, [Item(text)]), 1_000_000) == ""


def test_postgresql_reads_the_words_of_a_text_in_linear_time() -> None:
    """As a pending write has them. A question is shorter, and read in the same way."""

    def read(text: str) -> None:
        values = {"vector": to_tsvector(text, "english"), "count": word_count(text, "english")}
        Tenant.objects.filter(id=tenant.id).annotate(**values).values_list("count", flat=True).get()

    tenant = build.tenant()
    assert fault(read, SOURCE_CHARACTERS, clock=time.monotonic) == ""


@pytest.mark.parametrize("same", ["beginning", "word"])
def test_names_that_are_alike_take_linear_time(same: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What PostgreSQL does doesn't count here: the time is that of this thread."""
    monkeypatch.setattr("entities.graph.outbox.enqueue_on_commit", lambda *_, **__: None)
    tenant, users = build.tenant(), count()
    form = "Zoe{}" if same == "beginning" else "Zoe {}x"

    def learn(names: int) -> None:
        memory = Memory(tenant=tenant, project="default", user_id=f"ann{next(users)}")
        Memory.objects.bulk_create([memory])
        named = tuple(EntityMention(form.format(number), "PERSON") for number in range(names))
        with transaction.atomic():
            graph_updates.apply_updates(
                GraphScope(tenant.id, "default", memory.user_id),
                [GraphUpdate(memory.id, ExtractedGraph(named, ()), now())],
                moment=now(),
                actor="test",
            )

    learn(10)
    assert superlinear(learn, int, 2_000) == ""
