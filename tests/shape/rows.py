"""The smallest rows that the database accepts, made from the models alone: for any tenant table, with its links."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from pgvector.django import HalfVectorField

from apikeys.models import Tenant
from core.ids import new_id
from core.tenancy import TenantForeignKey, TenantRow
from tests.shape.catalogue import composite_links, key_of

# Constraints that a type alone can't tell: an Evidence row states either a relation or an alias.
ONE_OF = {"entities.Evidence": {"relation", "alias"}}

_number = itertools.count()  # texts differ, so that no two rows are each other's duplicates

SAMPLES: dict[type[models.Field[Any, Any]], Callable[[], Any]] = {
    ArrayField: list,
    models.BinaryField: lambda: str(next(_number)).encode(),
    models.BooleanField: lambda: False,
    models.CharField: lambda: str(next(_number)),
    models.DateTimeField: lambda: dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
    models.IntegerField: lambda: 0,
    models.FloatField: lambda: 0.5,
    models.JSONField: dict,
    models.TextField: lambda: str(next(_number)),
    models.UUIDField: new_id,
    HalfVectorField: lambda: [1.0],
    SearchVectorField: str,
}


def make(
    model: type[TenantRow], tenant: Tenant, *, link: TenantForeignKey[Any, Any] | None = None, to: Tenant | None = None
) -> TenantRow:
    """Write a row of `tenant` and all that it needs. `link` is set too, and points to a row of the tenant `to`."""
    row = model(tenant=tenant)
    for field in model._meta.concrete_fields:
        if not (field.null or field.has_default() or field.primary_key or field.is_relation):
            setattr(row, field.attname, _sample(field))
    for other in _needed(model, link):
        kind: Any = other.related_model
        itself = kind is model and other is not link
        target = row if itself else make(kind, to if to and other is link else tenant)
        setattr(row, key_of(other), target.id)
    model._base_manager.bulk_create([row])
    return row


def _sample(field: models.Field[Any, Any]) -> Any:
    if field.choices:
        return field.choices[0][0]
    return next(value() for kind, value in SAMPLES.items() if isinstance(field, kind))


def _needed(model: type[TenantRow], link: TenantForeignKey[Any, Any] | None) -> list[TenantForeignKey[Any, Any]]:
    """The links that a row can't be without, and `link`."""
    mine = [field for owner, field in composite_links() if owner is model]
    needed = [field for field in mine if field is link or not model._meta.get_field(key_of(field)).null]
    choice = ONE_OF.get(model._meta.label, set())
    if choice and not choice & {field.name for field in needed}:
        needed.append(next(field for field in mine if field.name in choice))
    return needed
