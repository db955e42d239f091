"""Settings of a project that a client may read and change."""

from __future__ import annotations

from django.db import models

from core.tenancy import TenantRow


class ProjectSettings(TenantRow):
    """`values` has the settings by the names of mem0's platform (`memories.services.projects`). A project without
    settings has no row."""

    project = models.CharField(max_length=128)
    values = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "project settings"
        constraints = (models.UniqueConstraint(fields=["tenant", "project"], name="memories_project_settings"),)
