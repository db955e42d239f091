"""Rows of a tenant: every statement that Django generates for them names the tenant.

The primary key of such a table in the database is `(tenant_id, id)` (see `core/postgres/operations.py`), but Django
uses `id` alone. This base model adds the tenant to Django's look-ups by `id`, or refuses them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from graphlib import TopologicalSorter
from typing import Any, NoReturn, Self, TypeVar

from django.apps import apps
from django.db import models

from core.ids import new_id

_ST = TypeVar("_ST")  # of a field as in django-stubs: the type that can be set, and the type that is read
_GT = TypeVar("_GT")
_across: ContextVar[str] = ContextVar("across_tenants", default="")


@contextmanager
def across_tenants(reason: str) -> Iterator[None]:
    """Marks the few statements over all tenants (claims of due rows, expiry, counts, look-ups of the admin).

    The guard of the test suite fails on a statement that neither names its tenant nor runs inside this context.
    """
    token = _across.set(reason)
    try:
        yield
    finally:
        _across.reset(token)


def across_reason() -> str:
    """The reason of the enclosing `across_tenants`; empty outside of it."""
    return _across.get()


class TenantRow(models.Model):
    """Base of every table that holds a tenant's data."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("apikeys.Tenant", on_delete=models.DO_NOTHING, db_index=False, related_name="+")
    tenant_id: uuid.UUID

    class Meta:
        abstract = True

    def __str__(self) -> str:
        # Never text: log lines and the admin's history contain it.
        return f"{self._meta.model_name} {self.id}"

    def _do_update(self, base_qs: models.QuerySet[Self], *args: Any, **kwargs: Any) -> Any:
        return super()._do_update(base_qs.filter(tenant_id=self.tenant_id), *args, **kwargs)

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Self] | None = None,
    ) -> None:
        if "tenant_id" in self.get_deferred_fields():
            raise TypeError("load the tenant as well: only() and defer() must keep it")
        rows = from_queryset if from_queryset is not None else type(self)._base_manager.db_manager(using).all()
        super().refresh_from_db(using, fields, rows.filter(tenant_id=self.tenant_id))
        for field in self._meta.fields if fields is None else ():
            if isinstance(field, models.ForeignObject) and field.is_cached(self):
                field.delete_cached_value(self)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> NoReturn:
        raise TypeError("rows of a tenant are deleted by filter(tenant=…).delete()")


class TenantForeignKey(models.ForeignObject[_ST, _GT]):
    """A link to a row of the same tenant. `memory = TenantForeignKey("memories.Memory")` adds two fields to a model.

    `memory_key` is the column with the id of the other row; the model declares its type (`memory_key: uuid.UUID`).
    `memory` is the row itself; Django joins it by `(tenant, memory_key)` to `(tenant, id)`. The constraint in the
    database is a `TenantLink` of the migration. Migrations know Django's own fields only.
    """

    def __init__(self, to: type[models.Model] | str, *, related_name: str = "+", null: bool = False) -> None:
        # Created first: Django orders the fields of a model by their creation.
        self.key: models.UUIDField[Any, Any] = models.UUIDField(null=null)
        super().__init__(to, models.DO_NOTHING, ("tenant", ""), ("tenant", "id"), related_name=related_name, null=null)

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = False, **kwargs: Any
    ) -> None:
        self.from_fields = ("tenant", f"{name}_key")
        self.key.contribute_to_class(cls, f"{name}_key")
        super().contribute_to_class(cls, name, private_only, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.ForeignObject", args, kwargs

    def clone(self) -> models.ForeignObject[Any, Any]:  # type: ignore[override]
        """As in the state of a migration, which has the column as a field of its own."""
        _, _, args, kwargs = self.deconstruct()
        return models.ForeignObject(*args, **kwargs)


def tenant_tables() -> list[type[TenantRow]]:
    """All tables with tenants' data, of all apps; the target of a link comes before the table with the link."""
    found = [model for model in apps.get_models() if issubclass(model, TenantRow)]
    links: dict[type[TenantRow], set[type[TenantRow]]] = {model: set() for model in found}
    for model in found:
        for field in model._meta.get_fields():
            target = field.related_model if isinstance(field, models.ForeignObject) else None
            if target in links and target is not model:
                links[target].add(model)
    return list(TopologicalSorter(links).static_order())
