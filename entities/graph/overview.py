"""The whole graph of a user, from PostgreSQL only: which entities to show if there are too many."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection

from entities.types import PointInTime

BEST_CONNECTED = """
WITH live AS MATERIALIZED (
    SELECT r.source_key, r.target_key FROM entities_relation r
    WHERE r.tenant_id = %(tenant)s AND r.user_id = %(user)s
        AND (%(projects)s::text[] IS NULL OR r.project = ANY(%(projects)s))
        AND r.recorded_at <= %(known)s AND (r.retired_at IS NULL OR r.retired_at > %(known)s)
        AND (r.valid_from IS NULL OR r.valid_from <= %(valid)s) AND (r.valid_to IS NULL OR r.valid_to > %(valid)s)
),
degrees AS (
    SELECT entity_key, count(*) AS degree
    FROM (SELECT source_key AS entity_key FROM live UNION ALL SELECT target_key FROM live) ends
    GROUP BY entity_key
)
SELECT e.entity_key FROM entities_entityrevision e
LEFT JOIN degrees ON degrees.entity_key = e.entity_key
WHERE e.tenant_id = %(tenant)s AND e.user_id = %(user)s
    AND (%(projects)s::text[] IS NULL OR e.project = ANY(%(projects)s))
    AND e.recorded_at <= %(known)s AND (e.retired_at IS NULL OR e.retired_at > %(known)s)
    AND e.merged_into_key IS NULL
ORDER BY coalesce(degrees.degree, 0) DESC, e.entity_key
LIMIT %(limit)s
"""


def best_connected(
    tenant_id: uuid.UUID, user_id: str, projects: Sequence[str] | None, moment: PointInTime, *, limit: int
) -> list[uuid.UUID]:
    """Entities known at this time, those with the most relations first; `projects` None: all projects."""
    values: dict[str, Any] = {
        "tenant": tenant_id,
        "user": user_id,
        "projects": None if projects is None else list(projects),
        "known": moment.system_time,
        "valid": moment.valid_time,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(BEST_CONNECTED, values)
        return [key for (key,) in cursor.fetchall()]
