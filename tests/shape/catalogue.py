"""What PostgreSQL's own catalogue says about our tables. Each check gives what breaks its rule, as readable lines."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.apps import apps
from django.db import connection, models
from django.db.models import ForeignObject

from core.tenancy import TenantForeignKey, TenantRow

OURS = ("apikeys", "core", "entities", "memories", "webhooks")
TENANT = "apikeys_tenant"
# Django makes these by itself for the two local tables; no migration of ours declares them.
IMPLICIT = {"apikeys_tenant_pkey", "apikeys_apikey_pkey"}
EXTENSIONS = {"plpgsql", "vector"}

INDEXES = """
SELECT t.relname, i.relname, x.indisprimary, x.indisunique, obj_description(x.indexrelid, 'pg_class'),
       pg_get_expr(x.indpred, x.indrelid),
       ARRAY(SELECT pg_get_indexdef(x.indexrelid, place, true) FROM generate_series(1, x.indnkeyatts) place)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relname = ANY(%s) ORDER BY 1, 2
"""
FOREIGN_KEYS = """
SELECT c.conname, t.relname, r.relname, c.condeferrable AND c.condeferred,
       ARRAY(SELECT a.attname FROM unnest(c.conkey) WITH ORDINALITY k(n, o)
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.o),
       ARRAY(SELECT a.attname FROM unnest(c.confkey) WITH ORDINALITY k(n, o)
             JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY k.o)
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
WHERE c.contype = 'f' AND (t.relname = ANY(%s) OR r.relname = ANY(%s)) ORDER BY 1
"""
VECTORS = """
SELECT t.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attstorage::text
FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid JOIN pg_type y ON y.oid = a.atttypid
WHERE t.relname = ANY(%s) AND y.typname IN ('vector', 'halfvec', 'sparsevec') AND NOT a.attisdropped ORDER BY 1
"""


class Index(NamedTuple):
    table: str
    name: str
    primary: bool
    unique: bool
    comment: str | None
    predicate: str | None
    columns: list[str]


class Link(NamedTuple):
    """A foreign key of the database."""

    name: str
    table: str
    target: str
    deferred: bool
    columns: list[str]
    target_columns: list[str]


# --- what there is ---------------------------------------------------------------------------------------------------
def our_models() -> list[type[models.Model]]:
    return [model for app in OURS for model in apps.get_app_config(app).get_models()]


def tenant_models() -> list[type[TenantRow]]:
    return [model for model in our_models() if issubclass(model, TenantRow)]


def composite_links() -> list[tuple[type[TenantRow], TenantForeignKey[Any, Any]]]:
    """Every link between two tenant tables that a model declares."""
    links = [(model, field) for model in tenant_models() for field in model._meta.fields]
    return [(model, field) for model, field in links if isinstance(field, TenantForeignKey)]


def key_of(link: TenantForeignKey[Any, Any]) -> str:
    """The column that, with the tenant's, makes the link."""
    return str(link.from_fields[1])


def link_name(model: type[TenantRow], link: TenantForeignKey[Any, Any]) -> str:
    return f"{model._meta.db_table}_{key_of(link)}_link"


def _rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _tables(of: list[Any]) -> list[str]:
    return [model._meta.db_table for model in of]


def indexes(tables: list[str]) -> list[Index]:
    return [Index(*row) for row in _rows(INDEXES, tables)]


def links() -> list[Link]:
    """Foreign keys from or to tenant tables."""
    tables = _tables(tenant_models())
    return [Link(*row) for row in _rows(FOREIGN_KEYS, tables, tables)]


# --- what breaks a rule ----------------------------------------------------------------------------------------------
def keys_without_tenant() -> list[str]:
    """A sharded database refuses a primary key or unique index that doesn't begin with the tenant."""
    found = indexes(_tables(tenant_models()))
    wrong = [f"{i.name}: {i.columns}" for i in found if i.unique and i.columns[0] != "tenant_id"]
    wrong += [f"{i.name}: {i.columns}" for i in found if i.primary and i.columns != ["tenant_id", "id"]]
    keyed = {i.table for i in found if i.primary}
    return wrong + [f"{table} has no primary key" for table in _tables(tenant_models()) if table not in keyed]


def links_that_leave_their_tenant() -> list[str]:
    """Foreign keys of tenant tables are composite, or they are the one to the tenant's own row."""
    tables = set(_tables(tenant_models()))
    wrong = []
    for link in links():
        to_tenant = link.target == TENANT and link.columns == ["tenant_id"] and link.target_columns == ["id"]
        composite = (
            {link.table, link.target} <= tables
            and len(link.columns) == 2
            and link.columns[0] == "tenant_id"
            and link.target_columns == ["tenant_id", "id"]
        )
        if not (to_tenant or composite):
            wrong.append(f"{link.name}: {link.table} {link.columns} → {link.target} {link.target_columns}")
        elif not link.deferred:
            wrong.append(f"{link.name}: is not DEFERRABLE INITIALLY DEFERRED")
    linked = {link.table for link in links() if link.target == TENANT}
    return wrong + [f"{table} has no link to its tenant" for table in sorted(tables - linked)]


def links_unlike_their_models() -> list[str]:
    """Each TenantForeignKey has its constraint, and each composite constraint its TenantForeignKey."""
    declared = {
        (link_name(model, field), model._meta.db_table, key_of(field), field.related_model._meta.db_table)
        for model, field in composite_links()
    }
    there = {(link.name, link.table, link.columns[-1], link.target) for link in links() if link.target != TENANT}
    wrong = [f"{name}: declared by a model, not in the database" for name, *_ in sorted(declared - there)]
    wrong += [f"{name}: in the database, not declared by a model" for name, *_ in sorted(there - declared)]
    for model in tenant_models():
        others = [f for f in model._meta.fields if isinstance(f, ForeignObject) and not isinstance(f, TenantForeignKey)]
        wrong += [f"{model._meta.label}.{f.name}: is no TenantForeignKey" for f in others if f.name != "tenant"]
    return wrong


def indexes_without_comment() -> list[str]:
    """Every index says which query it serves."""
    return [i.name for i in indexes(_tables(our_models())) if not i.comment and i.name not in IMPLICIT]


def moving_predicates() -> list[str]:
    """A partial index can't depend on the present time."""
    clocks = ("now()", "CURRENT_", "LOCALTIME", "timestamp()")
    found = indexes(_tables(our_models()))
    return [f"{i.name}: {i.predicate}" for i in found if any(clock in (i.predicate or "") for clock in clocks)]


def vectors_not_plain() -> list[str]:
    """Vectors have no fixed dimensions, and those that search reads stand in their rows."""
    there = {name: (kind, storage) for name, kind, storage in _rows(VECTORS, _tables(our_models()))}
    wrong = [f"{name} is {kind}" for name, (kind, _) in there.items() if kind != "halfvec"]
    searched = "memories_embedding.vector"
    return wrong if there.get(searched, ("", ""))[1] == "p" else [*wrong, f"{searched} doesn't have STORAGE PLAIN"]


def extensions_unlike_ours() -> list[str]:
    there = {name for (name,) in _rows("SELECT extname FROM pg_extension")}
    return sorted(f"{name}: {'missing' if name in EXTENSIONS else 'not ours'}" for name in there ^ EXTENSIONS)


CHECKS = (
    keys_without_tenant,
    links_that_leave_their_tenant,
    links_unlike_their_models,
    indexes_without_comment,
    moving_predicates,
    vectors_not_plain,
    extensions_unlike_ours,
)
