"""The memories of one entity."""

from __future__ import annotations

from apikeys.types import Principal
from core.clock import now
from core.errors import InvalidRequest
from core.ids import MEMORY, parse, public
from core.postgres import fetch
from entities.services import mentions
from memories.retrieval import read, where
from memories.temporal_view import TemporalView
from memories.types import MemoryScope, Page

# The visible ones of the memories that mention an entity.
SHOWN = """
SELECT r.memory_key FROM memories_revision r
WHERE {r_scope} AND {visible} AND r.memory_key = ANY(%(mentioning)s::uuid[])
ORDER BY r.memory_key DESC
"""


def memories_of(
    principal: Principal, entity_id: str, temporal_view: TemporalView, *, limit: int, cursor: str | None
) -> Page:
    """The live memories that mention an entity, newest first. Raises NotFound."""
    before = parse(MEMORY, cursor) if cursor else None
    if cursor and before is None:
        raise InvalidRequest("cursor: must be the next_cursor of an earlier page", field="cursor")
    found, moment = mentions.mentioning(principal, entity_id, temporal_view.as_of), now()
    scope = MemoryScope(principal.tenant_id, found.user_id, (found.project,))
    statement, _ = where.statement(SHOWN, None, temporal_view)
    values = where.parameters(scope, moment, temporal_view=temporal_view) | {"mentioning": list(found.memory_ids)}
    alive = [key for (key,) in fetch.rows(statement, values)]
    rest = [key for key in alive if before is None or key < before]
    known = read.by_ids(scope.tenant_id, rest[:limit], moment, temporal_view)
    shown = tuple(known[key] for key in rest[:limit] if key in known)
    return Page(shown, len(alive), public(MEMORY, rest[limit - 1]) if len(rest) > limit else None)
