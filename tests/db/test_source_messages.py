"""The messages of a pending write in SQL are those that were sent, and a long conversation is read in one go."""

from __future__ import annotations

import random
import time

import pytest

from apikeys.models import Tenant
from core.ids import new_id
from memories import filters
from memories.models import Source
from memories.pipeline.source_items import items_of, joined
from memories.retrieval import read
from memories.types import Filter, Item, MemoryScope
from tests import build
from tests.growth import superlinear


def pending(tenant: Tenant, items: list[Item]) -> Source:
    text, spans = joined(items)
    source = Source(
        tenant=tenant,
        kind="store",
        project="default",
        user_id="ann",
        actor="test",
        text=text,
        payload={"items": spans},
        reserved_id=new_id(),
    )
    Source.objects.bulk_create([source])
    return source


def about(operator: str, text: str) -> Filter:
    return filters.condition("content", "content", operator, text, "text")


@pytest.mark.parametrize("seed", range(20))
def test_each_message_has_the_text_that_was_sent(transactional_db: None, seed: int) -> None:
    dice, tenant = random.Random(seed), build.tenant()
    sizes = [dice.choice([0, 1, 2, 5, 30]) for _ in range(dice.randint(1, 12))]
    items = [Item("".join(dice.choices("ab é😀\n\t\\'%", k=size))) for size in sizes]
    source = pending(tenant, items)
    assert [item.content for item in items_of(source)] == [item.content for item in items]
    for said in {item.content for item in items if item.content}:
        others = [at for at, item in enumerate(items, 1) if item.content not in ("", said)]
        found = read.erasable(MemoryScope(tenant.id, "ann", None), about("eq", said), limit=10)
        assert found == {source.reserved_id: others}


def test_a_long_conversation_is_read_in_linear_time(transactional_db: None) -> None:
    """A search for each message from the beginning of the text took a minute for 10,000 messages."""

    def conversation(messages: int) -> MemoryScope:
        tenant = build.tenant()
        pending(tenant, [Item(f"é message {number} " + "é" * 80) for number in range(messages)])
        return MemoryScope(tenant.id, "ann", None)

    def search(scope: MemoryScope) -> None:
        found = read.erasable(scope, about("contains", "é message 0 "), limit=10)
        assert [others[0] for others in found.values()] == [2]

    assert superlinear(search, conversation, 10_000, clock=time.monotonic) == ""
