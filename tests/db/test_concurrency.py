"""Two at once: the owner's lock and the database's constraints decide, and nobody sees an error."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from core.ids import new_id
from core.tenancy import across_tenants
from memories.models import Memory, Owner, Revision, Source
from memories.pipeline import owner_locks
from memories.pipeline.source_items import joined
from memories.services.store import enqueue_writes
from memories.types import Item, SourceState
from tests import build


def accepted(tenant_id: uuid.UUID, content: str, user: str = "ann") -> Source:
    text, spans = joined((Item(content),))
    source = Source(
        tenant_id=tenant_id,
        kind="store",
        project="default",
        user_id=user,
        actor="test",
        text=text,
        payload={"items": spans, "infer": True, "single_text": True, "metadata": {}, "memory_type": None},
        reserved_id=new_id(),
    )
    enqueue_writes([source], wait=False)
    return source


def work(source: Source) -> None:
    try:
        build.work(source)
    finally:
        connection.close()


def test_the_same_fact_from_twenty_threads_is_one_memory(transactional_db: None) -> None:
    tenant = build.tenant()
    sources = [accepted(tenant.id, f"Fact number {n % 4} is about gardens") for n in range(40)]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(work, sources))
    assert set(Source.objects.filter(tenant=tenant).values_list("state", flat=True)) == {SourceState.APPLIED}
    assert Memory.objects.filter(tenant=tenant).count() == 4


def test_one_source_in_ten_workers_is_applied_once(transactional_db: None) -> None:
    tenant = build.tenant()
    source = accepted(tenant.id, "There is one of me")
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(work, [source] * 10))
    assert Memory.objects.filter(tenant=tenant).count() == 1
    assert Owner.objects.get(tenant=tenant).version == 1


def test_the_database_refuses_a_second_live_text(transactional_db: None) -> None:
    tenant = build.tenant()
    work(accepted(tenant.id, "There is one of me"))
    first = Revision.objects.get(tenant=tenant)
    copy = Revision.objects.get(tenant=tenant)
    copy.id = copy.text_key = new_id()
    copy.memory_key = new_id()
    Memory.objects.bulk_create([Memory(id=copy.memory_key, tenant=tenant, project="default", user_id="ann")])
    with pytest.raises(IntegrityError, match="memories_live_text"):
        Revision.objects.bulk_create([copy])
    assert Revision.objects.get(tenant=tenant).id == first.id


def test_a_row_of_a_tenant_is_never_written_without_it(transactional_db: None) -> None:
    one, other = build.tenant(), build.tenant()
    source = accepted(one.id, "There is one of me")
    with pytest.raises(TypeError, match="filter"):
        source.delete()
    source.tenant = other
    with across_tenants("a test"), pytest.raises(Exception, match="Save with update_fields did not affect"):
        source.save(update_fields=["actor"])
    assert Source.objects.get(tenant=one).actor == "test"


def test_locks_are_taken_in_one_order(transactional_db: None) -> None:
    tenant = build.tenant()

    def both(order: list[tuple[str, str]]) -> None:
        try:
            for _ in range(20):
                with transaction.atomic():
                    owner_locks.lock_all(tenant.id, order)
        finally:
            connection.close()

    scopes = [("p", str(n)) for n in range(5)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(both, [scopes, scopes[::-1]]))
    assert Owner.objects.filter(tenant=tenant).count() == 5
