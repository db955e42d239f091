"""Settings of a project: instructions and categories for a language model, and those of the profiles."""

from __future__ import annotations

from collections.abc import Mapping
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
    with transaction.atomic():
        rows = ProjectSettings.objects.filter(tenant=principal.tenant_id, project=project)
        row = ProjectSettings(tenant_id=principal.tenant_id, project=project)
        ProjectSettings.objects.bulk_create([row], ignore_conflicts=True)
        (kept,) = rows.select_for_update().values_list("values", flat=True)
        merged = {name: value for name, value in {**kept, **values}.items() if value is not None}
        rows.update(values=merged)
    return merged
