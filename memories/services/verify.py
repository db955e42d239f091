"""Verify an erasure: search erased data in every place where some could be left.

A receipt has no ids and no text, so the operator gives ids and words of the erased data. Both are compared without
regard to case and never shown; findings have only a place and a number.
"""

from __future__ import annotations

import hmac
import json
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from django.contrib.postgres.search import SearchVectorField
from django.db import connection
from psycopg import sql
from redis import RedisError

from core import redis
from core.errors import NotFound, Unavailable
from core.ids import RECEIPT, parse
from core.tenancy import TenantRow, across_tenants, tenant_tables
from entities.services import graph
from memories.languages import configuration
from memories.models import Erasure
from memories.pipeline import recall_counters
from memories.pipeline.erase import sign

_ID = re.compile(r"(?:[a-z]{3}_)?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})")

# A row as text: columns, arrays and JSON alike.
HOLDING: LiteralString = "SELECT count(*) FROM {table} AS t WHERE t.tenant_id = %(tenant)s AND {holds}"
SAYS = sql.SQL("strpos(lower(to_jsonb(t)::text), %(mark)s) > 0")
NAMES = sql.SQL("strpos(replace(lower(to_jsonb(t)::text), '-', ''), %(mark)s) > 0")  # an id in any notation
INDEXES = sql.SQL("t.{column} @@ plainto_tsquery(%(language)s::regconfig, %(mark)s)")
AND, EVERY = sql.SQL(" AND "), sql.SQL("TRUE")

# Tables that may still contain an erased id, and their rows that may not.
NAMING = {
    "memories.Source": sql.SQL("t.redacted_at IS NULL"),
    # The response of a deletion contains the deleted ids, beside its receipt.
    "core.IdempotencyRecord": sql.SQL(
        "coalesce(t.body, t.response_context) IS NOT NULL AND strpos(coalesce(t.body::text, ''), '\"ers_') = 0"
    ),
    # Receivers must learn of the deletion.
    "webhooks.Delivery": sql.SQL("t.body IS NOT NULL AND t.event NOT IN ('memory.deleted', 'memory.expired')"),
    "entities.GraphOutbox": sql.SQL("FALSE"),
}
# Rows that are marked as erased must be empty.
EMPTIED = {
    "memories.Source": sql.SQL(
        "t.redacted_at IS NOT NULL AND NOT (t.text = '' AND t.payload = '{}' AND t.result = '{}'"
        " AND t.tsv IS NULL AND t.vector IS NULL AND t.target_key IS NULL AND t.agent_id IS NULL AND t.run_id IS NULL)"
    ),
    "core.IdempotencyRecord": sql.SQL("t.erased_at IS NOT NULL AND coalesce(t.body, t.response_context) IS NOT NULL"),
    "webhooks.Delivery": sql.SQL("t.state = 'erased' AND t.body IS NOT NULL"),
}


@dataclass(frozen=True, slots=True)
class Probe:
    """One place, and the problem; `found` 0: none."""

    place: str
    found: int
    said: str = "rows hold what was erased"


def verify(receipt_id: str, things: Sequence[str]) -> Iterator[Probe]:
    """Search every place for `things`: ids, with their prefix or without, and words.

    Raises NotFound if there is no such receipt, Unavailable if a place cannot be searched: then nothing is proved.
    """
    key = parse(RECEIPT, receipt_id)
    with across_tenants("an operator verifies an erasure"):
        receipt = Erasure.objects.filter(id=key).first() if key else None
    if receipt is None:
        raise NotFound(f"Receipt with ID '{receipt_id}' not found")
    return _probes(receipt, [thing.strip() for thing in things if thing.strip()])


def _probes(receipt: Erasure, things: Sequence[str]) -> Iterator[Probe]:
    genuine = hmac.compare_digest(receipt.signature, sign(receipt))
    yield Probe("receipt", int(not genuine), "signature does not fit (another SECRET_KEY, or it was changed)")
    yield Probe("receipt", int(receipt.completed_at is None), "erasure is not complete")
    ids, words = _sorted(things)
    whole = receipt.scope.get("kind") == "tenant"
    for model in tenant_tables():
        yield Probe(_place(model), _in_table(model, receipt, ids, words, whole=whole))
    yield Probe("redis", _in_redis(ids, words), "keys hold what was erased")
    if graph.is_on():
        yield Probe("graph", _in_graph(receipt, ids, words), "objects hold what was erased")


def _place(model: type[TenantRow]) -> str:
    return f"table {model._meta.db_table}"


def _sorted(things: Sequence[str]) -> tuple[list[uuid.UUID], list[str]]:
    """(ids, words in lower case)"""
    ids, words = [], []
    for thing in things:
        if match := _ID.fullmatch(thing.lower()):
            ids.append(uuid.UUID("".join(match.groups())))
        else:
            words.append(thing.lower())
    return ids, words


def _in_table(
    model: type[TenantRow], receipt: Erasure, ids: Sequence[uuid.UUID], words: Sequence[str], *, whole: bool
) -> int:
    label = model._meta.label
    if model is Erasure:
        return sum(_count(model, receipt, SAYS, _as_json(word)) for word in words)
    if whole:
        return _count(model, receipt, EVERY)
    found = _count(model, receipt, EMPTIED[label]) if label in EMPTIED else 0
    naming = AND.join([NAMES, NAMING.get(label, EVERY)])
    found += sum(_count(model, receipt, naming, row_id.hex) for row_id in ids)
    indexed = [f.name for f in model._meta.concrete_fields if isinstance(f, SearchVectorField)]
    for word in words:
        found += _count(model, receipt, SAYS, _as_json(word))
        found += sum(_count(model, receipt, INDEXES.format(column=sql.Identifier(column)), word) for column in indexed)
    return found


def _count(model: type[TenantRow], receipt: Erasure, holds: sql.Composable, mark: str = "") -> int:
    asked = sql.SQL(HOLDING).format(table=sql.Identifier(model._meta.db_table), holds=holds)
    values: dict[str, Any] = {"tenant": receipt.tenant_id, "mark": mark, "language": configuration("")}
    with connection.cursor() as cursor:
        cursor.execute(asked, values)
        return int(cursor.fetchone()[0])


def _as_json(word: str) -> str:
    """The form of a word inside JSON text."""
    return json.dumps(word, ensure_ascii=False)[1:-1]


def _in_redis(ids: Sequence[uuid.UUID], words: Sequence[str]) -> int:
    """Waiting uses contain ids of memories for half a minute; uses of erased memories are dropped."""
    marks = [*words, *map(_as_json, words)]
    named = [mark for row_id in ids for mark in (str(row_id), row_id.hex)]
    found = 0
    try:
        for key, text in redis.contents():
            said = f"{key} {text}".lower()
            looked_for = marks if key == recall_counters.KEY else [*marks, *named]
            found += int(any(mark in said for mark in looked_for))
    except RedisError as error:
        raise Unavailable(f"Redis does not answer: {type(error).__name__}") from None
    return found


def _in_graph(receipt: Erasure, ids: Sequence[uuid.UUID], words: Sequence[str]) -> int:
    try:
        return graph.traces(receipt.tenant_id, [*map(str, ids), *words])
    except graph.FAILURES as error:
        raise Unavailable(f"Neo4j does not answer: {error}") from None
