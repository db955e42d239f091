"""The next free disambiguator among entities with the same name and type."""

from __future__ import annotations

from entities.models import EntityRevision
from entities.names import normal


def next_disambiguator(row: EntityRevision, *, name: str | None = None, of_type: str | None = None) -> int:
    """The smallest free disambiguator for this name; the entity's own if it is free."""
    alike = EntityRevision.objects.filter(
        tenant=row.tenant_id,
        project=row.project,
        user_id=row.user_id,
        type=of_type or row.type,
        normalised=row.normalised if name is None else normal(name),
        retired_at=None,
        merged_into_key=None,
    ).exclude(entity_key=row.entity_key)
    taken = set(alike.values_list("disambiguator", flat=True))
    return row.disambiguator if row.disambiguator not in taken else min(set(range(len(taken) + 1)) - taken)
