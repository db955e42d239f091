"""`ENGINE = "core.postgres"`: it refuses servers that are too old, and grouping never trusts `id` alone.

Django groups by the primary key it believes in. For rows of a tenant the database's key is `(tenant_id, id)`, and
PostgreSQL refuses the shortened GROUP BY.
"""

from __future__ import annotations

from django.db.backends.postgresql import base, features
from django.db.models import Model


class DatabaseFeatures(features.DatabaseFeatures):
    # Checked by Django when a process first connects. `memories.languages` has the text-search configurations of 16.
    minimum_database_version = (16,)

    def allows_group_by_selected_pks_on_model(self, model: type[Model]) -> bool:
        return not hasattr(model, "tenant_id") and super().allows_group_by_selected_pks_on_model(model)


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures
