"""The Cypher that writes the graph: constants with parameters, built once when this module is loaded.

The graph: `(:Entity {tenant, id, version, project, user_id, name, type})`, relations between them with a type of the
fixed list, and `(:Memory {tenant, id, version})-[:MENTIONS]->(:Entity)`. Retired relations and mentions stay, with
their times. `(:Tombstone {tenant, id, version})` marks an erased object. `(:TenantLock {tenant})` is locked by each
transaction: only one at a time writes the graph of a tenant, so that versions can be compared before they are set.

No index serves a relationship type that is a parameter. So each type has a statement of its own, built only from the
fixed list in the code.
"""

from __future__ import annotations

from typing import LiteralString

from entities.relation_types import RELATION_TYPES
from entities.types import GraphKind

LOCK: LiteralString = """
UNWIND $tenants AS tenant
MERGE (w:TenantLock {tenant: tenant})
SET w.at = $at
"""

# A version older than the stored one, or than its erasure, changes nothing.
ENTITIES: LiteralString = """
UNWIND $rows AS row
WITH row WHERE NOT EXISTS { MATCH (g:Tombstone {tenant: row.tenant, id: row.id}) WHERE g.version > row.version }
MERGE (e:Entity {tenant: row.tenant, id: row.id})
WITH e, row WHERE coalesce(e.version, 0) <= row.version
SET e = row.values
"""

# Its ends may not have been projected yet: they are created without properties, which are set later.
_RELATIONS: LiteralString = """
UNWIND $rows AS row
WITH row WHERE NOT EXISTS {
    MATCH (g:Tombstone {tenant: row.tenant}) WHERE g.id IN [row.id, row.source, row.target] AND g.version > row.version
}
MERGE (a:Entity {tenant: row.tenant, id: row.source})
MERGE (b:Entity {tenant: row.tenant, id: row.target})
MERGE (a)-[r:TYPE {tenant: row.tenant, id: row.id}]->(b)
WITH r, row WHERE coalesce(r.version, 0) <= row.version
SET r = row.values
"""
RELATIONS: dict[str, LiteralString] = {name: _RELATIONS.replace("TYPE", name) for name in RELATION_TYPES}

MEMORIES: LiteralString = """
UNWIND $rows AS row
WITH row WHERE NOT EXISTS { MATCH (g:Tombstone {tenant: row.tenant, id: row.id}) WHERE g.version > row.version }
MERGE (m:Memory {tenant: row.tenant, id: row.id})
WITH m, row WHERE coalesce(m.version, 0) <= row.version
SET m.version = row.version
WITH m, row
CALL (m, row) {
    MATCH (m)-[old:MENTIONS {tenant: row.tenant}]->(:Entity {tenant: row.tenant})
    WHERE NOT old.id IN row.mention_ids
    DELETE old
}
CALL (m, row) {
    UNWIND row.mentions AS mention
    WITH m, row, mention WHERE NOT EXISTS {
        MATCH (g:Tombstone {tenant: row.tenant, id: mention.entity}) WHERE g.version > row.version
    }
    MERGE (e:Entity {tenant: row.tenant, id: mention.entity})
    MERGE (m)-[r:MENTIONS {tenant: row.tenant, id: mention.id}]->(e)
    SET r = mention.values
}
"""

TOMBSTONES: LiteralString = """
UNWIND $rows AS row
MERGE (g:Tombstone {tenant: row.tenant, id: row.id})
WITH g, row WHERE coalesce(g.version, 0) < row.version
SET g.version = row.version
"""
_GONE_ENTITIES: LiteralString = """
UNWIND $rows AS row
MATCH (e:Entity {tenant: row.tenant, id: row.id}) WHERE coalesce(e.version, 0) <= row.version
DETACH DELETE e
"""
_GONE_MEMORIES: LiteralString = """
UNWIND $rows AS row
MATCH (m:Memory {tenant: row.tenant, id: row.id}) WHERE coalesce(m.version, 0) <= row.version
DETACH DELETE m
"""
_GONE_RELATIONS: LiteralString = """
UNWIND $rows AS row
MATCH (:Entity {tenant: row.tenant})-[r:TYPE {tenant: row.tenant, id: row.id}]->(:Entity {tenant: row.tenant})
WHERE coalesce(r.version, 0) <= row.version
DELETE r
"""
# The type of an erased row is unknown: each type is tried.
GONE: dict[GraphKind, tuple[LiteralString, ...]] = {
    GraphKind.ENTITY: (_GONE_ENTITIES,),
    GraphKind.MEMORY: (_GONE_MEMORIES,),
    GraphKind.RELATION: tuple(_GONE_RELATIONS.replace("TYPE", name) for name in RELATION_TYPES),
}

PRUNE: LiteralString = """
UNWIND $rows AS row
MATCH (g:Tombstone {tenant: row.tenant, id: row.id})
DELETE g
"""
