"""The names by which an owner's user is known, as a part of a statement of another app."""

from __future__ import annotations

# A query with one array, or null: the aliases of the user's entity that a live memory states or that a person has set,
# and a name that a person has set. Parameters: `tenant`, `project`, `user`.
#
# A live memory has live mentions; evidence of an alias stays when its memory ends. "user" is SELF.
USER_NAMES = """
SELECT array_agg(DISTINCT n.name) FROM entities_entity u
JOIN entities_alias s ON s.tenant_id = u.tenant_id AND s.entity_key = u.id AND s.normalised = 'user'
                     AND s.retired_at IS NULL
CROSS JOIN LATERAL (
    SELECT a.name FROM entities_alias a
    WHERE a.tenant_id = u.tenant_id AND a.entity_key = u.id AND a.retired_at IS NULL AND a.normalised <> 'user'
      AND (NOT EXISTS (SELECT FROM entities_evidence v WHERE v.tenant_id = a.tenant_id AND v.alias_key = a.id)
           OR EXISTS (SELECT FROM entities_evidence v
                      JOIN entities_mention m ON m.tenant_id = v.tenant_id AND m.memory_key = v.memory_key
                                             AND m.entity_key = u.id AND m.retired_at IS NULL
                      WHERE v.tenant_id = a.tenant_id AND v.alias_key = a.id AND v.retired_at IS NULL))
    UNION ALL
    SELECT r.name FROM entities_entityrevision r
    WHERE r.tenant_id = u.tenant_id AND r.entity_key = u.id AND r.retired_at IS NULL AND r.normalised <> 'user'
      AND NOT EXISTS (SELECT FROM entities_alias a WHERE a.tenant_id = r.tenant_id AND a.entity_key = r.entity_key
                      AND a.normalised = r.normalised AND a.retired_at IS NULL)
) n
WHERE u.tenant_id = %(tenant)s AND u.project = %(project)s AND u.user_id = %(user)s AND u.is_user
"""
