"""The first statement of a recall: the state of the scope, and the words of the question as the index has them."""

from __future__ import annotations

import numpy as np
from psycopg import sql

from core.postgres import fetch
from entities.services.user_names import USER_NAMES
from memories.languages import configuration, segmented
from memories.retrieval import where
from memories.retrieval.snapshot import ScopeState
from memories.types import MemoryScope, RecallQuery

MAX_TERMS = 48  # the first words of a question; further ones of a very long text change little

# The owner's row is read as an array, since a scope without writes has none. Words are also hashed: a snapshot has only
# the hashes of its words (`snapshot_reader`).
OWNER = """
SELECT ARRAY[o.version, o.reindexed, o.passages] FROM memories_owner o
WHERE o.tenant_id = %(tenant)s AND o.project = ANY(%(projects)s) AND o.user_id = %(user)s
"""
# All users of the projects. They have no snapshot, so only the number of passages is used, and no common name.
OWNERS = """
SELECT ARRAY[0, 0, coalesce(sum(o.passages), 0)::bigint] FROM memories_owner o
WHERE o.tenant_id = %(tenant)s AND o.project = ANY(%(projects)s)
"""
LOOKUP = """
WITH asked AS MATERIALIZED (
    SELECT array_agg(lexeme) AS lexemes, array_agg(hashtextextended(lexeme, 0)) AS hashes
    FROM (SELECT lexeme FROM unnest(to_tsvector(%(configuration)s::regconfig, %(query)s))
          ORDER BY positions[1], lexeme LIMIT %(terms)s::int) first_terms
)
SELECT ({owner}) AS owner,
       EXISTS (SELECT FROM memories_source s WHERE {s_scope} AND {waiting}) AS has_pending,
       asked.lexemes, asked.hashes,
       hashtextextended(%(agent)s::text, 0) AS agent, hashtextextended(%(run)s::text, 0) AS run,
       ({user_names}) AS user_names
FROM asked
"""
MAX_NAMES = 64  # of the user

OF_USER = where.statement(LOOKUP, None, owner=sql.SQL(OWNER), user_names=sql.SQL(USER_NAMES))[0]
OF_ALL_USERS = where.statement(LOOKUP, None, owner=sql.SQL(OWNERS), user_names=sql.SQL("NULL::text[]"))[0]


def look_up(scope: MemoryScope, query: RecallQuery, parameters: dict[str, object]) -> ScopeState:
    """One statement. `parameters` are those of `where.parameters`."""
    project = (scope.projects or ("",))[0]
    values = parameters | {
        "project": project,
        "configuration": configuration(project),
        "query": segmented(query.query or ""),
        "terms": MAX_TERMS,
    }
    (found,) = fetch.named_rows(OF_USER if scope.user_id is not None else OF_ALL_USERS, values)
    version, reindexed, passages = found.owner or (0, 0, 0)
    return ScopeState(
        version=version,
        reindexed=reindexed,
        passages=passages,
        has_pending=found.has_pending,
        lexemes=tuple(found.lexemes or ()),
        hashes=np.array(found.hashes or (), np.int64),
        agent=found.agent,
        run=found.run,
        user_names=tuple(found.user_names or ())[:MAX_NAMES],
    )
