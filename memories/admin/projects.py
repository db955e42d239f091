"""Admin page of the settings of projects of all tenants."""

from __future__ import annotations

from django.contrib import admin

from core.http.admin import ProjectFilter, TenantFilter, TenantRowAdmin
from memories.admin.display import as_json
from memories.models import ProjectSettings


@admin.register(ProjectSettings)
class ProjectSettingsAdmin(TenantRowAdmin[ProjectSettings]):
    """Instructions, categories and other settings that a client has set for a project."""

    list_display = ("project", "tenant", "names")
    list_filter = (TenantFilter, ProjectFilter)
    fields = (("tenant", "project"), "settings")

    @admin.display(description="settings")
    def names(self, row: ProjectSettings) -> str:
        return ", ".join(sorted(row.values)) or "–"

    @admin.display(description="settings")
    def settings(self, row: ProjectSettings) -> str:
        return as_json(row.values)
