"""Statements as the guard must judge them, by what they show. Placeholders are psycopg's."""

from __future__ import annotations

from core.clock import now
from memories.retrieval import where
from memories.retrieval.database_search import DETAILS
from memories.retrieval.lexical import MATCHES
from memories.temporal_view import TemporalView

NAMED: dict[str, str] = {
    "a value": "SELECT m.id FROM memories_memory m WHERE m.tenant_id = %s AND m.user_id LIKE 'x%%'",
    "a named placeholder": "SELECT 1 FROM memories_memory WHERE tenant_id = %(tenant)s AND user_id = %(user)s",
    "a cast": "SELECT 1 FROM memories_memory m WHERE m.tenant_id = %s::uuid",
    "a literal": "SELECT 1 FROM memories_memory WHERE tenant_id = '018f0000-0000-7000-8000-000000000000'::uuid",
    "the value first": "SELECT 1 FROM memories_memory m WHERE %s = m.tenant_id",
    "a schema": "SELECT 1 FROM public.memories_memory WHERE public.memories_memory.tenant_id = %s",
    "any of some": "SELECT 1 FROM memories_memory m WHERE m.tenant_id = ANY(%s)",
    "in": "SELECT 1 FROM memories_memory m WHERE m.tenant_id IN (%s, %s)",
    "a row": "SELECT 1 FROM memories_memory m WHERE (m.tenant_id, m.id) = (%s, %s)",
    "rows": "SELECT 1 FROM memories_memory m WHERE (m.tenant_id, m.id) IN ((%s, %s), (%s, %s))",
    "both sides of OR": (
        "SELECT 1 FROM memories_memory m WHERE (m.tenant_id = %s AND m.id = %s) OR (m.tenant_id = %s AND m.id = %s)"
    ),
    "a join as Django writes it": (
        'SELECT * FROM "memories_revision" INNER JOIN "memories_memory" ON ("memories_revision"."tenant_id" = '
        '"memories_memory"."tenant_id" AND "memories_revision"."memory_key" = "memories_memory"."id") '
        'WHERE "memories_revision"."tenant_id" = %s'
    ),
    "a join with its own tenant": (
        "SELECT 1 FROM memories_memory m JOIN memories_revision r ON r.tenant_id = %s AND r.memory_key = m.id "
        "WHERE m.tenant_id = %s"
    ),
    "a chain of joins": (
        "SELECT 1 FROM memories_memory m JOIN memories_passage p ON p.memory_key = m.id AND p.tenant_id = m.tenant_id "
        "JOIN memories_embedding e ON e.passage_key = p.id AND e.tenant_id = p.tenant_id WHERE e.tenant_id = %s"
    ),
    "a left join, named on the left": (
        "SELECT 1 FROM memories_memory m LEFT JOIN memories_revision r ON r.tenant_id = m.tenant_id AND "
        "r.memory_key = m.id WHERE m.tenant_id = %s"
    ),
    "a left join, named on the right": (
        "SELECT 1 FROM memories_revision LEFT OUTER JOIN memories_memory m "
        "ON (memories_revision.tenant_id = m.tenant_id) WHERE m.tenant_id = %s"
    ),
    "two left joins in a row": (
        "SELECT 1 FROM memories_memory m LEFT JOIN memories_passage p ON p.tenant_id = m.tenant_id LEFT JOIN "
        "memories_embedding e ON e.tenant_id = p.tenant_id AND e.passage_key = p.id WHERE m.tenant_id = %s"
    ),
    "a join inside a left join": (
        "SELECT 1 FROM memories_memory m LEFT JOIN (memories_passage p JOIN memories_embedding e "
        "ON e.tenant_id = p.tenant_id AND e.passage_key = p.id) ON p.tenant_id = m.tenant_id WHERE m.tenant_id = %s"
    ),
    "a full join": (
        "SELECT 1 FROM memories_memory m FULL JOIN memories_usage u ON u.tenant_id = m.tenant_id AND "
        "u.memory_key = m.id WHERE m.tenant_id = %s"
    ),
    "using": (
        "SELECT 1 FROM memories_memory JOIN memories_revision USING (tenant_id) WHERE memories_memory.tenant_id = %s"
    ),
    "a full join with using": "SELECT 1 FROM memories_memory m FULL JOIN memories_usage u USING (tenant_id, id) "
    "WHERE tenant_id = %s",
    "a comma join": (
        "SELECT 1 FROM memories_memory m, memories_revision r WHERE m.tenant_id = %s AND r.tenant_id = m.tenant_id "
        "AND r.memory_key = m.id"
    ),
    "a full join of CTEs": (
        "WITH a AS (SELECT id FROM memories_memory WHERE tenant_id = %s), b AS (SELECT memory_key AS id FROM "
        "memories_usage WHERE tenant_id = %s) SELECT id FROM a FULL JOIN b USING (id)"
    ),
    "exists, tied to its outer row": (
        "SELECT 1 FROM memories_memory m WHERE m.tenant_id = %s AND EXISTS(SELECT 1 AS a FROM memories_revision U0 "
        "WHERE U0.tenant_id = m.tenant_id AND U0.memory_key = m.id LIMIT 1)"
    ),
    "exists, tied further in": (
        "SELECT 1 FROM memories_memory m WHERE m.tenant_id = %s AND EXISTS(SELECT 1 FROM memories_passage U0 WHERE "
        "U0.tenant_id = m.tenant_id AND U0.text_key IN (SELECT V0.text_key FROM memories_revision V0 "
        "WHERE V0.tenant_id = U0.tenant_id AND V0.memory_key = m.id))"
    ),
    "in a subquery, by tenant and id": (
        "SELECT 1 FROM memories_memory m WHERE (m.tenant_id, m.id) IN "
        "(SELECT r.tenant_id, r.memory_key FROM memories_revision r WHERE r.tenant_id = %s)"
    ),
    "in a subquery that names its own": (
        "SELECT 1 FROM memories_memory m WHERE m.tenant_id = %s AND m.id IN "
        "(SELECT r.memory_key FROM memories_revision r WHERE r.tenant_id = %s)"
    ),
    "a scalar subquery": "SELECT (SELECT count(*) FROM memories_memory m WHERE m.tenant_id = %s) AS n",
    "a window": (
        "SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY created_at) FROM memories_memory "
        "WHERE tenant_id = %s"
    ),
    "a subquery in FROM": "SELECT count(*) FROM (SELECT 1 FROM memories_memory m WHERE m.tenant_id = %s) s",
    "lateral": (
        "SELECT * FROM memories_memory m, LATERAL (SELECT * FROM memories_revision r WHERE r.tenant_id = m.tenant_id "
        "AND r.memory_key = m.id LIMIT 1) x WHERE m.tenant_id = %s::uuid"
    ),
    "the tenant in a CTE": (
        "WITH asked AS (SELECT %s::uuid AS tenant) SELECT 1 FROM asked, memories_memory m WHERE m.tenant_id = "
        "asked.tenant"
    ),
    "a CTE joined on": (
        "WITH c AS (SELECT * FROM memories_embedding e WHERE e.tenant_id = %s) SELECT * FROM c "
        "JOIN memories_passage p ON p.tenant_id = c.tenant_id AND p.id = c.passage_key"
    ),
    "a CTE under a table's name": "WITH memories_memory AS (SELECT 1 AS id) SELECT * FROM memories_memory",
    "recursion": (
        "WITH RECURSIVE w AS (SELECT e.tenant_id, e.id FROM entities_entity e WHERE e.tenant_id = %s UNION SELECT "
        "r.tenant_id, r.target_key FROM entities_relation r JOIN w ON w.tenant_id = r.tenant_id AND r.source_key = "
        "w.id) "
        "SELECT * FROM w"
    ),
    "a CTE that deletes": (
        "WITH gone AS (DELETE FROM memories_usage WHERE tenant_id = %s RETURNING tenant_id, memory_key) "
        "SELECT 1 FROM memories_memory m JOIN gone ON gone.tenant_id = m.tenant_id AND gone.memory_key = m.id"
    ),
    "union": (
        "SELECT id FROM memories_memory WHERE tenant_id = %s UNION ALL SELECT id FROM memories_revision WHERE "
        "tenant_id = %s"
    ),
    "the tenant's own row": (
        "SELECT 1 FROM memories_memory m JOIN apikeys_tenant t ON t.id = m.tenant_id WHERE m.tenant_id = %s"
    ),
    "the tenant's own row, named": (
        "SELECT 1 FROM memories_memory m JOIN apikeys_tenant t ON t.id = m.tenant_id WHERE t.id = %s"
    ),
    "a lock": "SELECT 1 FROM memories_owner WHERE tenant_id = %s AND project = %s FOR UPDATE SKIP LOCKED",
    "insert": (
        "INSERT INTO memories_memory (id, tenant_id, project) VALUES (%s, %s, %s), (%s, %s, %s) "
        "ON CONFLICT DO NOTHING RETURNING id"
    ),
    "insert a select": (
        "INSERT INTO memories_usage (id, tenant_id, memory_key) SELECT %s, m.tenant_id, m.id FROM memories_memory m "
        "WHERE m.tenant_id = %s"
    ),
    "upsert": (
        "INSERT INTO entities_graphoutbox (id, tenant_id, version) VALUES (%s, %s, nextval('graph_version')) "
        "ON CONFLICT (tenant_id, kind, object_id) DO UPDATE SET version = excluded.version, "
        "is_deleted = excluded.is_deleted"
    ),
    "update": "UPDATE memories_source SET lease_until = now() WHERE tenant_id = %s AND id = %s",
    "update of some": (
        "UPDATE memories_source SET lease_until = %s WHERE tenant_id = ANY(%s) AND id = ANY(%s) "
        "AND lease_until < now() RETURNING id"
    ),
    "update from values": (
        "UPDATE memories_source s SET state = 'x' FROM unnest(%s::uuid[], %s::uuid[]) k(t, i) "
        "WHERE s.tenant_id = k.t AND s.id = k.i"
    ),
    "update from a table": (
        "UPDATE memories_source s SET state = 'x' FROM memories_outcome o "
        "WHERE s.tenant_id = %s AND o.tenant_id = s.tenant_id AND o.source_key = s.id"
    ),
    "delete": "DELETE FROM memories_memory WHERE memories_memory.tenant_id = %s AND id IN (%s)",
    "delete using": (
        "DELETE FROM memories_embedding e USING memories_passage p "
        "WHERE e.tenant_id = %s AND p.tenant_id = e.tenant_id AND p.id = e.passage_key"
    ),
    "explain": "EXPLAIN (ANALYZE, BUFFERS) SELECT 1 FROM memories_memory WHERE tenant_id = %s",
    "copy": "COPY memories_memory (id, tenant_id) FROM STDIN",
    "copy of a query": "COPY (SELECT id FROM memories_memory WHERE tenant_id = '1') TO STDOUT",
    "a table without tenants": "SELECT * FROM apikeys_tenant",
    "a savepoint": 'SAVEPOINT "s1_x1"; RELEASE SAVEPOINT "s1_x1"',
    "constraints": "SET CONSTRAINTS memories_usage_memory_key_link IMMEDIATE",
    "truncate": "TRUNCATE memories_memory CASCADE",
    "analyze": "ANALYZE memories_memory",
    "tables": "CREATE INDEX CONCURRENTLY x ON memories_memory (tenant_id); DROP TABLE memories_memory",
    "the words of a recall": where.statement(MATCHES, None)[0],
    "the candidates of a recall": where.statement(DETAILS, None)[0],
    "the candidates of a recall of the past": where.statement(DETAILS, None, TemporalView(as_of=now()))[0],
}

UNNAMED: dict[str, str] = {
    "no condition": "SELECT * FROM memories_memory",
    "by id": "SELECT * FROM memories_memory WHERE id = %s",
    "not null": "SELECT * FROM memories_memory m WHERE m.tenant_id IS NOT NULL",
    "another tenant": "SELECT * FROM memories_memory m WHERE m.tenant_id <> %s",
    "negated": "SELECT * FROM memories_memory m WHERE NOT (m.tenant_id = %s)",
    "not distinct": "SELECT * FROM memories_memory m WHERE m.tenant_id IS DISTINCT FROM %s",
    "not any": "SELECT * FROM memories_memory m WHERE m.tenant_id <> ALL(%s)",
    "one side of OR": "SELECT * FROM memories_memory m WHERE m.tenant_id = %s OR m.id = %s",
    "another column of its own": "SELECT * FROM memories_memory m WHERE m.tenant_id = m.id",
    "itself": "SELECT * FROM memories_memory m WHERE m.tenant_id = m.tenant_id",
    "a row without it": "SELECT 1 FROM memories_memory m WHERE (m.user_id, m.id) = (%s, %s)",
    "in the target list": "SELECT m.tenant_id = %s FROM memories_memory m",
    "a join by id": (
        "SELECT 1 FROM memories_memory m JOIN memories_revision r ON r.memory_key = m.id WHERE m.tenant_id = %s"
    ),
    "a join of two that nothing names": (
        "SELECT 1 FROM memories_memory m JOIN memories_revision r ON r.tenant_id = m.tenant_id"
    ),
    "the left of a left join, named in its ON": (
        "SELECT 1 FROM memories_memory m LEFT JOIN memories_revision r ON r.tenant_id = m.tenant_id AND m.tenant_id "
        "= %s"
    ),
    "the left of a left join, named on the right": (
        "SELECT 1 FROM memories_memory m LEFT JOIN memories_revision r ON r.tenant_id = m.tenant_id AND r.tenant_id "
        "= %s"
    ),
    "the right of a right join": (
        "SELECT 1 FROM memories_memory m RIGHT JOIN memories_revision r ON r.tenant_id = m.tenant_id AND "
        "m.tenant_id = %s"
    ),
    "a full join named in its ON": (
        "SELECT 1 FROM memories_memory m FULL JOIN memories_usage u ON u.tenant_id = m.tenant_id AND m.tenant_id = %s"
    ),
    "a full join of a CTE and a table": (
        "WITH a AS (SELECT * FROM memories_memory WHERE tenant_id = %s) "
        "SELECT 1 FROM a FULL JOIN memories_usage u ON u.tenant_id = a.tenant_id AND u.memory_key = a.id"
    ),
    "a full join using another column": "SELECT 1 FROM memories_memory m FULL JOIN memories_usage u USING (id) "
    "WHERE m.tenant_id = %s",
    "a comma join": (
        "SELECT 1 FROM memories_memory m, memories_revision r WHERE m.tenant_id = %s AND r.memory_key = m.id"
    ),
    "a cross join": "SELECT 1 FROM memories_memory m CROSS JOIN memories_revision r WHERE m.tenant_id = %s",
    "a natural join": "SELECT 1 FROM memories_memory m NATURAL JOIN memories_usage u WHERE m.tenant_id = %s",
    "exists by id": (
        "SELECT 1 FROM memories_memory m WHERE m.tenant_id = %s AND EXISTS(SELECT 1 FROM memories_revision U0 "
        "WHERE U0.memory_key = m.id)"
    ),
    "exclude() across a composite link": (
        "SELECT 1 FROM memories_memory m WHERE m.tenant_id = %s AND NOT (EXISTS(SELECT 1 AS a FROM "
        "memories_revision U1 "
        "WHERE (U1.content = %s AND U1.tenant_id = (m.tenant_id)) LIMIT 1))"
    ),
    "exclude() by IN": (
        "SELECT 1 FROM memories_memory m WHERE m.tenant_id = %s AND NOT (m.tenant_id IN (SELECT U1.tenant_id FROM "
        "memories_revision U1 WHERE U1.tenant_id = %s AND U1.content = %s))"
    ),
    "a subquery of all": (
        "SELECT 1 FROM memories_memory m WHERE m.tenant_id = %s AND m.id IN (SELECT r.memory_key FROM "
        "memories_revision r)"
    ),
    "in all tenants": "SELECT 1 FROM memories_memory m WHERE m.tenant_id IN (SELECT id FROM apikeys_tenant)",
    "a join with all tenants": "SELECT 1 FROM memories_memory m JOIN apikeys_tenant t ON t.id = m.tenant_id",
    "a CTE of all tenants": (
        "WITH t AS (SELECT id FROM apikeys_tenant) SELECT 1 FROM memories_memory m JOIN t ON t.id = m.tenant_id"
    ),
    "for each tenant": (
        "SELECT t.slug, (SELECT count(*) FROM memories_memory m WHERE m.tenant_id = t.id) FROM apikeys_tenant t"
    ),
    "a scalar subquery": "SELECT (SELECT count(*) FROM memories_memory m) AS n",
    "a window": "SELECT id, rank() OVER (PARTITION BY tenant_id ORDER BY created_at) FROM memories_memory",
    "a subquery in FROM": "SELECT count(*) FROM (SELECT 1 FROM memories_memory m) s",
    "a condition outside": "SELECT 1 FROM (SELECT * FROM memories_memory) s WHERE s.tenant_id = %s",
    "lateral": (
        "SELECT * FROM memories_memory m, LATERAL (SELECT * FROM memories_revision r WHERE r.memory_key = m.id) x "
        "WHERE m.tenant_id = %s"
    ),
    "a CTE": "WITH c AS (SELECT * FROM memories_embedding e) SELECT * FROM c",
    "a CTE that reads the table it hides": (
        "WITH memories_memory AS (SELECT * FROM memories_memory) SELECT * FROM memories_memory"
    ),
    "a CTE that deletes": "WITH gone AS (DELETE FROM memories_usage RETURNING id) SELECT * FROM gone",
    "one half of a union": (
        "SELECT id FROM memories_memory WHERE tenant_id = %s UNION ALL SELECT id FROM memories_revision"
    ),
    "recursion": (
        "WITH RECURSIVE w AS (SELECT e.tenant_id, e.id FROM entities_entity e WHERE e.tenant_id = %s UNION SELECT "
        "r.tenant_id, r.target_key FROM entities_relation r JOIN w ON r.source_key = w.id) SELECT * FROM w"
    ),
    "a lock on some": "SELECT 1 FROM memories_owner WHERE tenant_id = ANY(%s) FOR UPDATE",
    "a lock on two": "SELECT 1 FROM memories_owner WHERE tenant_id IN (%s, %s) FOR UPDATE",
    "insert": "INSERT INTO memories_memory (id, project) VALUES (%s, %s)",
    "insert without columns": "INSERT INTO memories_memory VALUES (%s, %s)",
    "insert a select": "INSERT INTO memories_memory (id, tenant_id) SELECT id, tenant_id FROM memories_revision",
    "update": "UPDATE memories_source SET lease_until = %s WHERE id = %s",
    "update from a table": (
        "UPDATE memories_source s SET state = 'x' FROM memories_outcome o WHERE s.tenant_id = %s AND o.source_key = "
        "s.id"
    ),
    "delete": "DELETE FROM memories_memory WHERE id IN (%s)",
    "delete using": (
        "DELETE FROM memories_embedding e USING memories_passage p WHERE p.tenant_id = %s AND p.id = e.passage_key"
    ),
    "explain": "EXPLAIN SELECT 1 FROM memories_memory",
    "a cursor": "DECLARE c CURSOR FOR SELECT 1 FROM memories_memory",
    "a table of its own": "CREATE TEMP TABLE x AS SELECT 1 FROM memories_memory",
    "copy": "COPY memories_memory (id, project) FROM STDIN",
    "copy of all": "COPY memories_memory TO STDOUT",
    "merge": "MERGE INTO memories_memory m USING x ON m.tenant_id = x.t WHEN MATCHED THEN DELETE",
    "lock table": "LOCK TABLE memories_memory",
    "the second of two": "SELECT 1; DELETE FROM memories_memory",
    "what is no SQL": "SELEC 1 FROM memories_memory",
}

REFUSED_EVERYWHERE: dict[str, str] = {
    "a volatile function in an update": "UPDATE memories_source SET due_at = clock_timestamp() WHERE tenant_id = %s",
    "another one, in its condition": "UPDATE memories_source SET due_at = %s WHERE tenant_id = %s AND random() < 0.5",
    "a new id in an update": "UPDATE memories_source SET reserved_id = gen_random_uuid() WHERE tenant_id = %s",
    "now() in an upsert": (
        "INSERT INTO memories_usage (id, tenant_id) VALUES (%s, %s) "
        "ON CONFLICT (tenant_id, memory_key) DO UPDATE SET last_used_at = now()"
    ),
    "the present in an upsert": (
        "INSERT INTO memories_usage (id, tenant_id) VALUES (%s, %s) "
        "ON CONFLICT (tenant_id, memory_key) DO UPDATE SET last_used_at = CURRENT_TIMESTAMP"
    ),
    "a function in an upsert's condition": (
        "INSERT INTO memories_usage (id, tenant_id) VALUES (%s, %s) ON CONFLICT (tenant_id, memory_key) "
        "DO UPDATE SET uses = excluded.uses WHERE abs(excluded.uses) > 1"
    ),
    "a lock on everything": "SELECT id FROM memories_source WHERE state = 'pending' LIMIT 9 FOR UPDATE SKIP LOCKED",
    "a join by id": "SELECT 1 FROM memories_memory m JOIN memories_revision r ON r.memory_key = m.id",
    "an insert without tenant": "INSERT INTO memories_usage (id) VALUES (%s)",
    "a subquery in the values of an insert": (
        "INSERT INTO memories_usage (id, tenant_id, uses) VALUES (%s, %s, (SELECT count(*) FROM unnest(%s)))"
    ),
    "a bare parameter in a join": (
        "SELECT 1 FROM memories_memory m LEFT JOIN memories_usage u ON %s AND u.tenant_id = m.tenant_id "
        "AND u.memory_key = m.id WHERE m.tenant_id = %s"
    ),
}

FINE_ACROSS: dict[str, str] = {
    "due rows": "SELECT tenant_id, id FROM memories_source WHERE state = 'pending' ORDER BY due_at LIMIT %s",
    "a look-up by id": "SELECT * FROM memories_memory WHERE id = %s",
    "a join by tenant and id": (
        "SELECT 1 FROM memories_memory m LEFT JOIN memories_usage u ON u.tenant_id = m.tenant_id AND u.memory_key = "
        "m.id"
    ),
    "counts": "SELECT state, count(*) FROM memories_source GROUP BY state",
    "expiry": "UPDATE memories_source SET text = '' WHERE expires_at < %s",
    "a lock of one": "SELECT 1 FROM memories_source WHERE tenant_id = %s FOR UPDATE",
}
