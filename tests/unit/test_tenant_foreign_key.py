"""TenantForeignKey: two fields of a model, which migrations see as Django's own."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest
from django.apps import apps
from django.db import models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from core import tenancy
from entities.models import Evidence, Mention
from memories.models import Revision


def test_a_link_is_a_column_and_the_row_it_points_to() -> None:
    names = [field.name for field in Mention._meta.fields]
    assert names[:6] == ["id", "tenant", "entity_key", "entity", "memory_key", "memory"]
    assert [field.column for field in Mention._meta.concrete_fields][:4] == [
        "id",
        "tenant_id",
        "entity_key",
        "memory_key",
    ]
    link, key = Revision._meta.get_field("source"), Revision._meta.get_field("source_key")
    assert isinstance(link, tenancy.TenantForeignKey)
    assert (tuple(link.from_fields), tuple(link.to_fields)) == (("tenant", "source_key"), ("tenant", "id"))
    assert isinstance(key, models.UUIDField)
    assert (key.null, link.null) == (True, True)
    assert (Revision._meta.get_field("memory_key").null, Revision._meta.get_field("memory").null) == (False, False)


def test_the_join_names_the_tenant() -> None:
    statement = str(Evidence.objects.filter(relation__type="OWNS").query)
    assert (
        'ON ("entities_evidence"."tenant_id" = "entities_relation"."tenant_id" '
        'AND "entities_evidence"."relation_key" = "entities_relation"."id")' in statement
    )


def test_migrations_get_fields_of_django() -> None:
    fields = ModelState.from_model(Mention).fields
    assert type(fields["memory_key"]) is models.UUIDField
    assert type(fields["memory"]) is models.ForeignObject
    assert Mention._meta.get_field("memory").deconstruct() == (
        "memory",
        "django.db.models.ForeignObject",
        [],
        {
            "on_delete": models.DO_NOTHING,
            "to": "memories.memory",
            "from_fields": ("tenant", "memory_key"),
            "to_fields": ("tenant", "id"),
            "related_name": "+",
        },
    )


def test_the_models_are_those_of_the_migrations() -> None:
    loader = MigrationLoader(None)
    changes = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(graph=loader.graph)
    assert changes == {}


@pytest.mark.parametrize("app", ["core.idempotency", "entities", "memories", "webhooks"])
def test_migrations_do_not_name_the_field(app: str) -> None:
    source = inspect.getsource(import_module(f"{app}.migrations.0001_initial"))
    assert tenancy.TenantForeignKey.__name__ not in source
