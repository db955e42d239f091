"""Fills the service's own database by COPY: what a hundred thousand stores would write, in minutes.

The rows are built by the pipeline's own functions (`reconcile`, `apply.store_rows`), as if each session had been
posted as messages, word for word; only their way into the tables is another. Django must be set up.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any, LiteralString, cast

import numpy as np
import psycopg
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Func, Value
from django.db.models.expressions import RawSQL
from django.db.models.sql import Query
from pgvector import HalfVector
from pgvector.django import HalfVectorField
from pgvector.psycopg import register_vector
from psycopg import sql
from psycopg.types.json import Jsonb

from apikeys import services
from apikeys.scopes import Role
from apikeys.types import Principal
from benchmarks.conversation import TURNS, ConversationTurn, turns
from core.clock import iso, now
from core.tenancy import TenantRow, tenant_tables
from memories.embeddings import registry
from memories.embeddings.base import Encoded, TokenMatrix
from memories.embeddings.token_embeddings import DIMENSIONS
from memories.models import Owner, Source
from memories.pipeline.owner_state import OwnerState
from memories.pipeline.plan import Planner
from memories.pipeline.rows import Batch, Embedded, embedded_texts
from memories.pipeline.writes import extract, of_statements
from memories.services.store import source_of
from memories.types import Item, SourceState, StoreCommand

CACHE = Path(settings.BASE_DIR) / ".cache" / "bench"
POOL = 100_000  # turns with a vector of their own; what is loaded beside the scope that is asked repeats them
BLOCK = 2_000  # memories of one transaction, and texts of one file of vectors
EMBED_AT_ONCE = 64
ERASE_AT_ONCE = 50  # users

# COPY takes values alone: what the database computes is copied as text, and computed on the way into the table.
STAGE = "CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {columns} FROM {table} WHERE false"
UNSTAGE = "INSERT INTO {table} ({names}) SELECT {columns} FROM staged"
COPY = "COPY {table} ({names}) FROM STDIN (FORMAT BINARY)"


def load(user: str, count: int, *, each: int | None = None) -> float:
    """Write the first `count` turns of the conversation as memories of `user`, who has none; → memories a second.

    With `each` they belong to `user`-0, `user`-1, … who get as many apiece, and turns repeat after POOL. Vectors that
    are not in the cache are computed first, and don't count.
    """
    if each is not None and BLOCK % each:
        raise ValueError(f"each must divide {BLOCK}")
    if each is None and count > POOL:
        raise ValueError(f"one user has at most {POOL} memories")
    caller = Principal(services.default_tenant().id, caller="benchmark", role=Role.EDITOR)
    took, done = 0.0, 0
    with psycopg.connect(**_parameters()) as raw:
        register_vector(raw)
        for block in _blocks(count):
            found = embedded([turn.text for turn in block])
            begun = time.perf_counter()
            rows: list[models.Model] = []
            for start in range(0, len(block), each or BLOCK):
                part = slice(start, start + (each or BLOCK))
                whose = user if each is None else f"{user}-{(done + start) // each}"
                rows += _rows(caller, whose, block[part], _part(found, part))
                if each is not None or done == 0:
                    rows.append(_owner(caller, whose, each or count))
            with raw.transaction():
                _write(raw, rows)
            took += time.perf_counter() - begun
            done += len(block)
    return done / took


def erase(prefix: str) -> None:
    """Delete whatever users whose id begins with `prefix` have in the default tenant, a batch of users at a time."""
    tenant = services.default_tenant().id
    known = Owner.objects.filter(tenant=tenant, user_id__startswith=prefix).order_by("user_id")
    while users := list(known.values_list("user_id", flat=True)[:ERASE_AT_ONCE]):
        with transaction.atomic():
            for model in tenant_tables():
                if model._meta.app_label == "memories":
                    _belonging(model, tenant, users).delete()


def settle() -> None:
    """Let the planner know what is there, and drop what was erased."""
    with connection.cursor() as cursor:
        for model in tenant_tables():
            if model._meta.app_label == "memories":
                cursor.execute(f"VACUUM (ANALYZE) {connection.ops.quote_name(model._meta.db_table)}")


def embedded(texts: Sequence[str]) -> Encoded:
    """What the service's models make of each text, from the cache if these were asked for before."""
    encoder = registry.encoder()
    # The name of the array is a part of the key: files of an earlier version name it otherwise.
    name = hashlib.sha256("\0".join(("token_embeddings", *texts)).encode()).hexdigest()[:32]
    path = CACHE / encoder.embedder.model.replace("/", "_") / f"{name}.npz"
    if path.exists():
        return _read(path)
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))  # texts of a length need no padding
    parts = [order[at : at + EMBED_AT_ONCE] for at in range(0, len(order), EMBED_AT_ONCE)]
    vectors = np.zeros((len(texts), encoder.embedder.dimensions), np.float16)
    matrices: list[TokenMatrix] = [np.zeros((0, DIMENSIONS), np.int8)] * len(texts)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        computed = pool.map(lambda part: encoder.encode([texts[row] for row in part]), parts)
        for rows, found in zip(parts, computed, strict=True):
            vectors[rows] = found.vectors
            for row, own in zip(rows, found.token_embeddings or (), strict=bool(found.token_embeddings)):
                matrices[row] = own
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(
        unfinished, vectors=vectors, token_embeddings=np.concatenate(matrices), counts=[len(own) for own in matrices]
    )
    unfinished.replace(path)
    return _read(path)


def _read(path: Path) -> Encoded:
    with np.load(path) as kept:
        ends = np.cumsum(kept["counts"])
        matrices = tuple(np.split(kept["token_embeddings"], ends[:-1]))
        return Encoded(kept["vectors"], matrices if len(kept["token_embeddings"]) else None)


# --- rows ------------------------------------------------------------------------------------------------------------
def _blocks(count: int) -> Iterator[list[ConversationTurn]]:
    """`count` turns, a transaction's worth at a time; after POOL of them the first ones again."""
    while count > 0:
        stream = turns(min(count, POOL))
        while block := list(itertools.islice(stream, BLOCK)):
            yield block
        count -= POOL


def _part(found: Encoded, part: slice) -> Encoded:
    return Encoded(found.vectors[part], None if found.token_embeddings is None else found.token_embeddings[part])


def _rows(caller: Principal, user: str, said: Sequence[ConversationTurn], encoded: Encoded) -> list[models.Model]:
    """All rows of a user's turns; each session is one accepted write."""
    rows: list[models.Model] = []
    done = 0
    for name, found in itertools.groupby(said, key=lambda turn: turn.session):
        items = tuple(Item(t.text, "user", t.speaker, t.said_at, iso(t.said_at)) for t in found)
        source = source_of(caller, StoreCommand(items, user_id=user, run_id=name, infer=False))
        rows += _applied(source, items, _part(encoded, slice(done, done + len(items))))
        done += len(items)
    return rows


def _applied(source: Source, items: Sequence[Item], encoded: Encoded) -> list[models.Model]:
    """The rows that a pass writes for a store whose texts are all new."""
    write, encoder = of_statements(source, extract(items, infer=False)), registry.encoder()
    token_model = encoder.token_encoder.token_model if encoder.token_encoder else ""
    spans, _ = embedded_texts(write.contents)
    texts = {}
    for row, (digest, cut) in enumerate(zip(write.digests, spans, strict=True)):
        own = _part(encoded, slice(row, row + 1))
        vector = own.vectors.astype(np.float32)
        texts[digest] = Embedded(cut, vector, encoder.embedder.model, own.token_embeddings, token_model)
    empty = OwnerState(source.tenant_id, source.project, source.user_id, 0)
    changes = Planner(empty, texts).plan([write])
    source.state, source.finished_at, source.tsv = SourceState.APPLIED.value, now(), None
    source.result = changes.writes[0].result
    rows = (row for table in fields(Batch) for row in getattr(changes.batch, table.name))
    return [source, *rows, *changes.outcomes]


def _owner(caller: Principal, user: str, count: int) -> Owner:
    writes = -(-count // TURNS)
    return Owner(
        tenant_id=caller.tenant_id, project=caller.default_project, user_id=user, version=writes, passages=count
    )


# --- into the tables -------------------------------------------------------------------------------------------------
def _parameters() -> dict[str, Any]:
    """Django's own connection would have to learn another way of reading vectors."""
    known = connection.get_connection_params()
    return {name: value for name, value in known.items() if name not in ("context", "cursor_factory")}


def _write(raw: psycopg.Connection[Any], rows: Sequence[models.Model]) -> None:
    by_table: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        by_table.setdefault(type(row), []).append(row)
    with raw.cursor() as cursor:  # links are checked at the commit: any order will do
        for model, its_rows in by_table.items():
            _copy(cursor, model, its_rows)


def _copy(cursor: psycopg.Cursor[Any], model: type[models.Model], rows: Sequence[models.Model]) -> None:
    # What is null in every row is left out: a tsvector can't be copied, and an applied write has none.
    columns = [c for c in model._meta.concrete_fields if any(getattr(row, c.attname) is not None for row in rows)]
    names = {column.attname: sql.Identifier(str(column.column)) for column in columns}
    computed = {name: value for name in names if isinstance(value := getattr(rows[0], name), Func)}
    table, target = sql.Identifier(model._meta.db_table), sql.Identifier("staged" if computed else model._meta.db_table)
    if computed:
        given = [sql.SQL("''::text AS {}").format(n) if name in computed else n for name, n in names.items()]
        cursor.execute(sql.SQL(STAGE).format(columns=sql.SQL(", ").join(given), table=table))
    listed = sql.SQL(", ").join(names.values())
    with cursor.copy(sql.SQL(COPY).format(table=target, names=listed)) as copy:
        copy.set_types([_type_of(column, computed) for column in columns])
        makers = [(column.attname, _maker(column, computed)) for column in columns]
        for row in rows:
            copy.write_row([_value(getattr(row, name), make) for name, make in makers])
    if computed:
        moved = {name: _moved(model, expression, name) for name, expression in computed.items()}
        taken = sql.SQL(", ").join(moved[name][0] if name in moved else n for name, n in names.items())
        values = [value for name in names if name in moved for value in moved[name][1]]
        cursor.execute(sql.SQL(UNSTAGE).format(table=table, names=listed, columns=taken), values)
        cursor.execute("DROP TABLE staged")


def _type_of(column: models.Field[Any, Any], computed: dict[str, Func]) -> str:
    """PostgreSQL's name of a column's type, as psycopg knows it."""
    named = str(column.db_type(connection)).partition("(")[0]
    return "text" if column.attname in computed else named


def _maker(column: models.Field[Any, Any], computed: dict[str, Func]) -> Callable[[Any], Any] | None:
    """What makes psycopg's value of a model's; None where they are the same."""
    if column.attname in computed:
        return _text_of
    if isinstance(column, models.JSONField):
        return Jsonb
    return HalfVector if isinstance(column, HalfVectorField) else None


def _value(value: Any, make: Callable[[Any], Any] | None) -> Any:
    return value if make is None or value is None else make(value)


def _moved(model: type[models.Model], expression: Func, name: str) -> tuple[sql.Composable, Sequence[Any]]:
    """The same expression over a column of the staging table, and its parameters."""
    over = _over(expression, RawSQL(connection.ops.quote_name(name), ()))
    compiled, values = Query(model).get_compiler(connection=connection).compile(over)
    return sql.SQL(cast(LiteralString, compiled)), values


def _text_of(expression: Func) -> Any:
    """The text that the innermost function of a computed column reads."""
    last = expression.get_source_expressions()[-1]
    return last.value if isinstance(last, Value) else _text_of(last)


def _over(expression: Func, column: RawSQL) -> Func:
    """The expression with a column in place of its text."""
    over = expression.copy()
    *others, last = over.get_source_expressions()
    over.set_source_expressions([*others, column if isinstance(last, Value) else _over(last, column)])
    return over


def _belonging(model: type[TenantRow], tenant_id: uuid.UUID, users: Sequence[str]) -> models.QuerySet[TenantRow]:
    """The rows of these users: by their own column, or by what they are linked to."""
    rows: models.QuerySet[Any] = model._base_manager.filter(tenant=tenant_id)
    if any(column.attname == "user_id" for column in model._meta.concrete_fields):
        return rows.filter(user_id__in=users)
    for link in model._meta.get_fields():
        if isinstance(link, models.ForeignObject) and not isinstance(link, models.ForeignKey):
            target = cast(type[TenantRow], link.related_model)
            return rows.filter(**{f"{link.from_fields[1]}__in": _belonging(target, tenant_id, users).values("id")})
    return rows.none()
