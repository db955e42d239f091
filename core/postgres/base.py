"""`ENGINE = "core.postgres"`: refuses old servers, and groups by all columns.

Django groups by `id`, its primary key. The primary key of tenant rows in the database is `(tenant_id, id)`, and
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
