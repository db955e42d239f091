"""One row per (tenant, project, user). A transaction that changes the owner's memories locks it."""

from __future__ import annotations

from django.db import models

from core.tenancy import TenantRow


class Owner(TenantRow):
    """`version` counts the applied changes: a decision made outside the lock compares it to detect concurrent changes.

    `passages` is the number of searchable passages; recall selects its search method by it. `reindexed` counts how
    often the words of stored passages were indexed again.
    """

    project = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128)
    version = models.BigIntegerField(default=0)
    passages = models.PositiveBigIntegerField(default=0)
    reindexed = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "project", "user_id"], name="memories_owner_scope"),)
