"""The number of recalls of a memory and the time of the last. Unversioned counters in a table of their own."""

from __future__ import annotations

import uuid

from django.db import models

from core.tenancy import TenantForeignKey, TenantRow
from memories.models.memory import Memory


class Usage(TenantRow):
    memory_key: uuid.UUID
    memory = TenantForeignKey(Memory)
    uses = models.PositiveBigIntegerField(default=0)
    last_used_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "memory_key"], name="memories_usage_of"),)
