"""Export and import of entities and their relations. See `core/serialization.py`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from core.serialization import IDENTITY, IdRemapper, Line, LineError, RowFormat, batches
from core.tenancy import TenantRow
from entities import names
from entities.graph import outbox
from entities.models import Alias, Entity, EntityRevision, Evidence, Mention, Merge, Relation
from entities.services.disambiguation import next_disambiguator
from entities.services.unit_of_work import mark_user
from entities.services.unreferenced import Keys, Unreferenced, find_unreferenced
from entities.types import GraphKind

BATCH_SIZE = 500

_TIMES = ("recorded_at", "retired_at")
_MERGE = {"merge": "merge"}
ENTITY = RowFormat("entity", Entity, ("created_at",))
MERGE = RowFormat(
    "merge",
    Merge,
    ("source_key", "target_key", "actor", "recorded_at", "undone_at"),
    {"source": "entity", "target": "entity"},
)
NAME = RowFormat(
    "name",
    EntityRevision,
    (
        *("entity_key", "name", "type", "disambiguator", "confidence", "merged_into_key", "merge_key", "actor"),
        "candidates",
        *_TIMES,
    ),
    {"entity": "entity", "merged_into": "entity", **_MERGE},
)
ALIAS = RowFormat("alias", Alias, ("entity_key", "name", "merge_key", *_TIMES), {"entity": "entity", **_MERGE})
MENTION = RowFormat(
    "mention",
    Mention,
    ("entity_key", "memory_key", "type", "qualifier", "confidence", "merge_key", *_TIMES),
    {"entity": "entity", "memory": "memory", **_MERGE},
)
RELATION = RowFormat(
    "relation",
    Relation,
    (
        *("source_key", "target_key", "type", "properties", "confidence", "valid_from", "valid_to", "merge_key"),
        *_TIMES,
    ),
    {"source": "entity", "target": "entity", **_MERGE},
)
EVIDENCE = RowFormat(
    "evidence",
    Evidence,
    ("relation_key", "alias_key", "memory_key", "properties", "merge_key", *_TIMES),
    {"relation": "relation", "alias": "alias", "memory": "memory", **_MERGE},
)
ROW_FORMATS = (ENTITY, MERGE, NAME, ALIAS, MENTION, RELATION, EVIDENCE)
_BY_NAME = {kind.name: kind for kind in ROW_FORMATS}
_SCOPED = (Entity, EntityRevision, Relation)  # tables that repeat the owner's columns
_NAMED = (EntityRevision, Alias)


def has_entities(tenant_id: uuid.UUID, project: str, user_id: str) -> bool:
    return Entity.objects.filter(tenant=tenant_id, project=project, user_id=user_id).exists()


def lines(tenant_id: uuid.UUID, project: str, user_id: str, gone: Sequence[uuid.UUID] = ()) -> Iterator[Line]:
    """The entities of an owner, by kind and id, without the rows that only the memories `gone` support.

    Call it in a transaction: it uses cursors.
    """
    hidden = find_unreferenced(tenant_id, gone) if gone else None
    for line, row in _lines(tenant_id, project, user_id):
        if hidden is None:
            yield line
        elif (shown := _shown(line, row, hidden)) is not None:
            yield shown


def _shown(line: Line, row: Any, hidden: Unreferenced) -> Line | None:
    """The line without links to hidden rows; None if its own row is hidden."""
    dead: dict[type[Any], tuple[str, Keys]] = {
        Entity: ("id", hidden.entities),
        Merge: ("id", hidden.merges),
        EntityRevision: ("entity_key", hidden.entities),
        Alias: ("id", hidden.aliases),
        Relation: ("id", hidden.relations),
        Mention: ("memory_key", hidden.memories),
        Evidence: ("memory_key", hidden.memories),
    }
    column, keys = dead[type(row)]
    if getattr(row, column) in keys:
        return None
    if getattr(row, "merge_key", None) in hidden.merges:
        line["merge"] = None
    if getattr(row, "merged_into_key", None) in hidden.entities:
        line["merged_into"] = None
    if row.id in hidden.properties:
        line["properties"] = hidden.properties[row.id]
    if row.id in hidden.names:
        name = hidden.names[row.id]
        line |= {"name": name, "disambiguator": next_disambiguator(row, name=name)}
    return line


def _lines(tenant_id: uuid.UUID, project: str, user_id: str) -> Iterator[tuple[Line, Any]]:
    mine = {"tenant": tenant_id, "project": project, "user_id": user_id}
    entities = Entity.objects.filter(**mine).order_by("id")
    relations = Relation.objects.filter(**mine).order_by("id")
    yield from _to_lines(ENTITY, entities)
    yield from _below(MERGE, tenant_id, entities, "target_key")
    yield from _below(NAME, tenant_id, entities, "entity_key")
    yield from _below(ALIAS, tenant_id, entities, "entity_key")
    yield from _below(MENTION, tenant_id, entities, "entity_key")
    yield from _to_lines(RELATION, relations)
    yield from _below(EVIDENCE, tenant_id, relations, "relation_key")
    for keys in _ids(entities):
        aliases = Alias.objects.filter(tenant=tenant_id, entity_key__in=keys).order_by("id")
        yield from _below(EVIDENCE, tenant_id, aliases, "alias_key")


def _below(kind: RowFormat, tenant_id: uuid.UUID, above: QuerySet[Any], link: str) -> Iterator[tuple[Line, Any]]:
    """The rows that refer to the rows `above`."""
    for keys in _ids(above):
        yield from _to_lines(kind, kind.model._base_manager.filter(tenant=tenant_id, **{f"{link}__in": keys}))


def _to_lines(kind: RowFormat, rows: QuerySet[Any]) -> Iterator[tuple[Line, Any]]:
    for row in rows.order_by("id").iterator(chunk_size=BATCH_SIZE):
        yield {"line": kind.name, **kind.line(row)}, row


def _ids(rows: QuerySet[Any]) -> Iterator[list[uuid.UUID]]:
    return batches(rows.values_list("id", flat=True).iterator(chunk_size=BATCH_SIZE), BATCH_SIZE)


def row(line: Line, tenant_id: uuid.UUID, project: str, user_id: str, remapper: IdRemapper = IDENTITY) -> TenantRow:
    """The unsaved row of a line of one of ROW_FORMATS. Raises LineError."""
    kind = _BY_NAME[line["line"]]
    columns = kind.read({name: value for name, value in line.items() if name != "line"}, remapper)
    if kind is EVIDENCE and (columns["relation_key"] is None) == (columns["alias_key"] is None):
        raise LineError("relation", "must be null where alias is not, and the other way round")
    if kind.model in _SCOPED:
        columns |= {"project": project, "user_id": user_id}
    if kind.model in _NAMED:
        columns["normalised"] = names.normal(columns["name"])
    return kind.model(tenant_id=tenant_id, **columns)


def write(tenant_id: uuid.UUID, rows: Sequence[TenantRow]) -> None:
    """Insert rows of one owner, under its lock, and add them to the graph outbox."""
    mark_user(
        tenant_id,
        [row for row in rows if isinstance(row, Alias)],
        {row.id: row for row in rows if isinstance(row, Entity)},
    )
    for kind in ROW_FORMATS:
        kind.model._base_manager.bulk_create([r for r in rows if isinstance(r, kind.model)], batch_size=BATCH_SIZE)
    outbox.note(tenant_id, GraphKind.ENTITY, {r.id for r in rows if isinstance(r, Entity)})
    outbox.note(tenant_id, GraphKind.RELATION, {r.id for r in rows if isinstance(r, Relation)})
    outbox.note(tenant_id, GraphKind.MEMORY, {r.memory_key for r in rows if isinstance(r, Mention)})
