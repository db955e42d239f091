"""An erased tenant is gone whatever dies meanwhile: the task is lost with Redis, and the sweep brings it back."""

from __future__ import annotations

import os
from dataclasses import replace

import psycopg
from psycopg import sql

from memproject.embedded import redis_server
from tests.e2e.running import Service, another_tenant, eventually

MEMORIES = 300
TABLES = """
SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE' AND c.table_schema = 'public' ORDER BY 1
"""
COUNT = "SELECT count(*) FROM {table} WHERE tenant_id = (SELECT id FROM apikeys_tenant WHERE slug = %s)"


def rows(service: Service, slug: str) -> dict[str, int]:
    """What the database itself says: rows of a tenant in every table that has tenants, where there are any."""
    found = {}
    with psycopg.connect(service.database) as connection:
        for (table,) in connection.execute(TABLES).fetchall():
            counted = connection.execute(sql.SQL(COUNT).format(table=sql.Identifier(table)), [slug]).fetchone()
            found[table] = counted[0] if counted else 0
    return {table: count for table, count in found.items() if count}


def test_a_tenant_is_erased_though_its_task_is_lost(service: Service) -> None:
    master = replace(service, key=os.environ["MASTER_KEY"])
    leaving_id, leaving = another_tenant(service, "leaving")
    _, staying = another_tenant(service, "staying")
    for start in range(0, MEMORIES, 100):
        items = [
            {"content": f"The code of locker {n} is {n * 7919}", "user_id": "ann"} for n in range(start, start + 100)
        ]
        assert leaving.call("POST", "/api/v1/memories/batch", {"items": items})[0] in (201, 202)
    staying.store("The gate opens at seven", "ann")
    eventually(lambda: service.pending() == 0, 90)
    assert rows(service, "leaving")["memories_memory"] == MEMORIES
    before = rows(service, "staying")

    worker = service.child("worker-maintenance")
    worker.stop(patience=8)
    try:
        status, begun, _ = master.call("DELETE", f"/api/v1/tenants/{leaving_id}", {"confirm": "leaving"})
        assert status == 202, begun
        assert leaving.call("GET", "/api/v1/memories")[0] == 401
        lost = service.child("redis").pid
        service.kill("redis")
        eventually(lambda: service.child("redis").process is not None and service.child("redis").pid != lost)
        assert redis_server.wait_until_ready(redis_server.url(service.child("redis").log.parent.parent))
        assert rows(service, "leaving")["memories_memory"] == MEMORIES
    finally:
        worker.start()
    path = f"/api/v1/erasures/{begun['receipt_id']}"
    eventually(lambda: master.call("GET", path)[1]["completed_at"], 120)
    receipt = master.call("GET", path)[1]
    assert receipt["counts"]["memories"] == receipt["counts"]["revisions"] == MEMORIES
    assert receipt["counts"]["keys"] == 1
    assert rows(service, "leaving") == {"memories_erasure": 1}
    assert rows(service, "staying").items() >= {t: n for t, n in before.items() if "receipt" not in t}.items()
    assert staying.texts("ann") == ["The gate opens at seven"]
