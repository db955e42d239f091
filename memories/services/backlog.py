"""How many accepted writes have not been applied."""

from __future__ import annotations

from typing import Any

from django.db.models import Count

from memories.models import Source
from memories.types import SourceState
from memproject.common.tenancy import across_tenants


def waiting() -> dict[str, Any]:
    """`{"pending": n, "failed": n}` over all tenants; erased writes don't count."""
    with across_tenants("the service's own status"):
        rows = Source.objects.filter(blanked_at=None).exclude(state=SourceState.APPLIED)
        found = dict(rows.values_list("state").annotate(Count("id")))
    return {"pending": found.get(SourceState.PENDING, 0), "failed": found.get(SourceState.FAILED, 0)}
