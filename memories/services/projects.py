"""Settings of a project: instructions and categories for a language model, and those of the profiles."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from apikeys.types import Principal
from core.errors import InvalidRequest, NotFound
from core.ids import TENANT, public
from memories.models import ProjectSettings

# The names of mem0's platform. Instructions and categories reach the language model; the others are only kept.
NAMES = (
    "custom_instructions",
    "agent_custom_instructions",
    "custom_categories",
    "retrieval_criteria",
    "enable_graph",
    "version",
    "inclusion_prompt",
    "exclusion_prompt",
    "memory_depth",
    "usecase_setting",
    "multilingual",
    "decay",
)
PROFILES = "profiles"
MAX_ENTITIES = 16 * 1024  # bytes of JSON, as metadata


def checked(principal: Principal, org_id: str, project: str) -> str:
    """A project that the caller may manage. Raises the same NotFound for all others, and for a key of one user."""
    is_own = org_id == public(TENANT, principal.tenant_id)
    if not is_own or principal.user_id is not None or (principal.projects and project not in principal.projects):
        raise NotFound(f"Project '{project}' not found, or this API key may not manage it")
    return project


def read(principal: Principal, project: str) -> Mapping[str, Any]:
    """The settings of a project, those of the profiles under PROFILES; empty without any."""
    row = ProjectSettings.objects.filter(tenant=principal.tenant_id, project=project).first()
    return row.values if row is not None else {}


def change(principal: Principal, project: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Set some settings, and keep the others; None removes one. → all settings"""
    if not values:
        raise InvalidRequest(f"Send at least one of {', '.join(NAMES)}.", field=NAMES[0])
    return _changed(principal, project, lambda _: values)


def change_profiles(principal: Principal, project: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Set `enabled`, and settings of each kind of `entities`, and keep the others. → all settings of profiles

    Raises InvalidRequest if all entities together are larger than MAX_ENTITIES.
    """

    def merged(kept: Mapping[str, Any]) -> Mapping[str, Any]:
        profiles = kept.get(PROFILES, {})
        entities = dict(profiles.get("entities", {}))
        for kind, settings in values.get("entities", {}).items():
            entities[kind] = {**entities.get(kind, {}), **settings}
        if len(json.dumps(entities, ensure_ascii=False).encode()) > MAX_ENTITIES:
            raise InvalidRequest("entities: must be at most 16 KB of JSON in all", field="entities")
        return {PROFILES: {**profiles, **values, **({"entities": entities} if entities else {})}}

    return dict(_changed(principal, project, merged)[PROFILES])


def _changed(
    principal: Principal, project: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """All settings, with those that `change` makes of the kept ones, under the lock of the row."""
    with transaction.atomic():
        rows = ProjectSettings.objects.filter(tenant=principal.tenant_id, project=project)
        row = ProjectSettings(tenant_id=principal.tenant_id, project=project)
        ProjectSettings.objects.bulk_create([row], ignore_conflicts=True)
        (kept,) = rows.select_for_update().values_list("values", flat=True)
        merged = {name: value for name, value in {**kept, **change(kept)}.items() if value is not None}
        rows.update(values=merged)
    return merged
