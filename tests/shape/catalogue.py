"""What PostgreSQL's own catalogue says about our tables. Each function gives what breaks a rule, or what is there."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.apps import apps
from django.db import models
from django.db.models import ForeignObject

from memproject.common.tenancy import TenantRow

OURS = ("apikeys", "delivery", "entities", "memories")
TENANT_TABLE = "apikeys_tenant"
# Made by Django for local tables, which have no migration of ours that could comment on them.
IMPLICIT = (
    "apikeys_apikey_pkey",
    "apikeys_apikey_tenant_id_8e158653",  # the foreign key's index
    "apikeys_tenant_pkey",
)


class Link(NamedTuple):
    """A foreign key as the database or a model has it."""

    name: str
    table: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


def our_models() -> list[type[models.Model]]:
    return [model for app in OURS for model in apps.get_app_config(app).get_models()]


def tenant_models() -> list[type[TenantRow]]:
    return [model for model in our_models() if issubclass(model, TenantRow)]


def composite_links() -> list[tuple[type[TenantRow], ForeignObject[Any, Any]]]:
    """Every link between two tenant tables that a model declares."""
    return [
        (model, field)
        for model in tenant_models()
        for field in model._meta.local_fields
        if type(field) is ForeignObject
    ] + [
        (model, field)
        for model in tenant_models()
        for field in model._meta.private_fields
        if type(field) is ForeignObject
    ]
