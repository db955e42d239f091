"""One row per (tenant, project, user), there to be locked: whoever applies changes to these memories holds it."""

from __future__ import annotations

from django.db import models

from core.tenancy import TenantRow


class Owner(TenantRow):
    """`version` counts the changes applied, so that a decision made outside the lock can tell it has grown stale.

    `passages` is how many there are to search: recall chooses its way by it.
    """

    project = models.CharField(max_length=128)
    user_id = models.CharField(max_length=128)
    version = models.BigIntegerField(default=0)
    passages = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "project", "user_id"], name="memories_owner_scope"),)
