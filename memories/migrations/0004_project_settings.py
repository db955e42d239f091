"""Settings of projects: keys that begin with the tenant, the query of the index. Reversible."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

import core.ids
from core.postgres.operations import CommentIndexes, TenantKey


class Migration(migrations.Migration):
    dependencies = [("apikeys", "0001_initial"), ("memories", "0003_owner_reindexed")]

    operations = [
        migrations.CreateModel(
            name="ProjectSettings",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("project", models.CharField(max_length=128)),
                ("values", models.JSONField(default=dict)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="apikeys.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "project settings",
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "project"), name="memories_project_settings")
                ],
            },
        ),
        TenantKey("memories_projectsettings"),
        CommentIndexes({"memories_project_settings": "the one row of a project: its API, and the prompt of a write"}),
    ]
