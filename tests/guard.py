"""Every statement on a tenant's table names the tenant, for each table it touches. PostgreSQL's own parser decides.

That proves isolation (no row of another tenant can be meant) and distribution (the statement can be planned on the one
node that holds the tenant). Under `across_tenants` a statement may name no tenant, but even then tables are joined by
the tenant and locks need one tenant. Functions stay out of where a sharded database refuses them, everywhere.

What it can't see: statements sent past Django's cursors (`cursor.copy`, `cursor.stream`, a raw connection).
"""

from __future__ import annotations

import functools
import json
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakSet

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from pglast.parser import ParseError, parse_sql_json

from core.tenancy import TenantRow, across_reason
from tests.shape.statements import (
    COLUMN,
    STATEMENTS,
    Derived,
    Level,
    Node,
    conditions_of,
    escaping,
    gives_values,
    halves,
    level_of,
    names_of,
    nodes,
    statements_in,
)

ROOT = Path(__file__).resolve().parent.parent

PLACEHOLDER = re.compile(r"%%|%[sbt]|%\(\w+\)[sbt]")
WRAPPERS = ("ExplainStmt", "PrepareStmt", "DeclareCursorStmt", "CreateTableAsStmt")
# Statements about tables, transactions and settings, not about rows.
UNCHECKED = re.compile(
    r"(Create|Alter|Drop|Define|Comment|Rename|Index|Reindex|Truncate|Vacuum|Cluster|Grant|Transaction|Variable|"
    r"ConstraintsSet|Deallocate|Discard|ClosePortal|Fetch|Listen|Notify|Unlisten|View)\w*Stmt"
)
VOLATILE = frozenset(
    [
        "clock_timestamp",
        "timeofday",
        "random",
        "random_normal",
        "gen_random_uuid",
        "uuidv4",
        "uuidv7",
        "uuid_generate_v1",
        "uuid_generate_v4",
        "nextval",
        "setval",
    ]
)


@dataclass(frozen=True)
class Finding:
    """A statement that breaks a rule, and the line of this project that sent it."""

    problems: tuple[str, ...]
    sql: str
    where: str

    def __repr__(self) -> str:
        return f"\n{self.where}: {'; '.join(self.problems)}\n    {self.sql[:2000]}\n"


# --- what is wrong with a statement ----------------------------------------------------------------------------------
@functools.cache
def tenant_tables() -> frozenset[str]:
    return frozenset(model._meta.db_table for model in apps.get_models() if issubclass(model, TenantRow))


@functools.cache
def _names_some() -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(sorted(tenant_tables()))})\b")


@functools.lru_cache(maxsize=20_000)
def problems(sql: str, *, across: bool = False) -> tuple[str, ...]:
    """What is wrong with this SQL (placeholders as psycopg has them); `across` for work that is marked so."""
    if not _names_some().search(sql):
        return ()
    try:
        tree = json.loads(parse_sql_json(_numbered(sql)))
    except ParseError as error:
        return (f"the parser can't read it: {error}",)
    found = [problem for entry in tree["stmts"] for problem in _of_any(entry["stmt"], across)]
    return tuple(dict.fromkeys(found))


def _numbered(sql: str) -> str:
    number = iter(range(1, 100_000))
    return PLACEHOLDER.sub(lambda match: "%" if match[0] == "%%" else f"${next(number)}", sql)


def _of_any(node: Node, across: bool) -> Iterator[str]:
    ((kind, body),) = node.items()
    if (kind in WRAPPERS or kind == "CopyStmt") and "query" in body:
        yield from _of_any(body["query"], across)
    elif kind == "CopyStmt":
        yield from _of_copy(body, across)
    elif kind in STATEMENTS:
        yield from _of_statement(kind, body, None, {}, across)
    elif not UNCHECKED.fullmatch(kind) and any(v["relname"] in tenant_tables() for v in _tables_in(body)):
        yield f"{kind}: the guard can't read this kind of statement"


def _tables_in(body: Node) -> Iterator[Node]:
    yield from nodes(body, "RangeVar", nested=True)
    yield from nodes(body, "relation", nested=True)


def _of_copy(body: Node, across: bool) -> Iterator[str]:
    table = body["relation"]["relname"]
    if table not in tenant_tables():
        return
    if not body.get("is_from"):
        if not across:
            yield f"COPY of all of {table}"
    elif COLUMN not in [column["String"]["sval"] for column in body.get("attlist", [])]:
        yield f"COPY into {table} without {COLUMN}"


def _of_statement(kind: str, body: Node, outer: Level | None, ctes: Derived, across: bool) -> Iterator[str]:
    """The problems of one statement and of all inside it. `ctes`: those in sight."""
    known = dict(ctes)
    clause = body.get("withClause", {})
    for cte in nodes(clause, "CommonTableExpr"):
        ((inner_kind, inner),) = cte["ctequery"].items()
        visible = {**known, cte["ctename"]: True} if clause.get("recursive") else known
        yield from _of_statement(inner_kind, inner, outer, visible, across)
        known[cte["ctename"]] = inner_kind != "SelectStmt" or gives_values(inner, visible, tenant_tables())
    if sides := halves(body):
        for side in sides:
            yield from _of_statement("SelectStmt", side, outer, known, across)
        return
    level = level_of(body, outer, known, tenant_tables())
    yield from _of_tables(kind, body, level, across)
    yield from _of_correlation(body, level)
    yield from _of_joins(body, level)
    yield from _of_writes(kind, body)
    for part, value in body.items():
        if part != "withClause":
            for inner_kind, inner in statements_in(value):
                yield from _of_statement(inner_kind, inner, level, known, across)


def _of_tables(kind: str, body: Node, level: Level, across: bool) -> Iterator[str]:
    verb = kind.removesuffix("Stmt").upper()
    if across:
        for name in level.loose(given=[*level.tenants][:1]):
            yield f"{verb} joins {name} without the tenant"
    else:
        for name in level.loose():
            yield f"{verb} of {name} without the tenant"
    if body.get("lockingClause"):
        for name in level.loose(one=True):
            yield f"a lock on {name} for more than one tenant"


def _of_correlation(body: Node, level: Level) -> Iterator[str]:
    """Django writes both of these for exclude() across a composite link: it correlates on the first column alone."""
    conditions = conditions_of(body)
    if level.outer is not None and level.tenants:
        far = [names for names in escaping(conditions, level.aliases, level) if _is_known(names[-2], level.outer)]
        if far and all(names[-1] == COLUMN for names in far):
            yield "a subquery tied to its outer row by the tenant alone"
    for link in nodes(conditions, "SubLink"):
        if names_of(link.get("testexpr", {}))[-1:] == [COLUMN] and _reads_tenants(link["subselect"], level):
            yield "a subquery tied to its outer row by IN on the tenant alone"


def _of_joins(body: Node, level: Level) -> Iterator[str]:
    """Citus refuses a join whose ON has a parameter of its own: once folded to false, it takes the tenant along."""
    if not level.tenants:
        return
    for join in nodes(body, "JoinExpr"):
        quals = join.get("quals", {})
        parts = quals["BoolExpr"]["args"] if quals.get("BoolExpr", {}).get("boolop") == "AND_EXPR" else [quals]
        if any("ParamRef" in part.get("TypeCast", {}).get("arg", part) for part in parts):
            yield "a bare parameter as a part of an ON clause"


def _reads_tenants(subquery: Node, level: Level) -> bool:
    return any(level_of(body, level, level.ctes, level.tables).tenants for _, body in statements_in(subquery))


def _is_known(alias: str, level: Level | None) -> bool:
    return level is not None and (alias in level.aliases or _is_known(alias, level.outer))


def _of_writes(kind: str, body: Node) -> Iterator[str]:
    table = body.get("relation", {}).get("relname")
    if table not in tenant_tables():
        return
    if kind == "InsertStmt" and COLUMN not in [column["ResTarget"]["name"] for column in body.get("cols", [])]:
        yield f"INSERT into {table} without {COLUMN}"
    values = body.get("selectStmt", {}).get("SelectStmt", {}).get("valuesLists")
    if kind == "InsertStmt" and next(nodes(values, "SubLink", nested=True), None) is not None:
        yield f"INSERT into {table} with a subquery in VALUES"
    if kind == "UpdateStmt":
        for name in sorted(_functions(body) & VOLATILE):
            yield f"UPDATE of {table} with the volatile function {name}"
    conflict = body.get("onConflictClause", {})
    for name in sorted(_functions([conflict.get("targetList"), conflict.get("whereClause")])):
        yield f"ON CONFLICT of {table} with the function {name}: use excluded.*"


def _functions(node: Any) -> set[str]:
    """Names of all functions called below a node, CURRENT_TIMESTAMP and its like included."""
    called = {call["funcname"][-1]["String"]["sval"] for call in nodes(node, "FuncCall", nested=True)}
    return called | {value["op"] for value in nodes(node, "SQLValueFunction", nested=True)}


# --- watching every connection ---------------------------------------------------------------------------------------
_collecting: list[list[Finding]] = []
_watched: WeakSet[BaseDatabaseWrapper] = WeakSet()


@contextmanager
def guarded() -> Iterator[list[Finding]]:
    """Check what every thread's connection sends, and collect what is wrong. Inside another one it takes its place.

    Findings are collected, not raised: an error would be swallowed by whatever handles errors, and by on_commit hooks.
    """
    findings: list[Finding] = []
    _collecting.append(findings)
    if len(_collecting) == 1:
        connection_created.connect(_watch, dispatch_uid="tests.guard")
        for connection in connections.all(initialized_only=True):
            _watch(connection)
    try:
        yield findings
    finally:
        _collecting.pop()
        if not _collecting:
            connection_created.disconnect(dispatch_uid="tests.guard")
            for connection in list(_watched):
                connection.execute_wrappers.remove(_check)
            _watched.clear()


def _watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if _check not in connection.execute_wrappers:
        # First: a wrapper's context manager takes away the last one when it ends, and that must be its own.
        connection.execute_wrappers.insert(0, _check)
        _watched.add(connection)


def _check(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    text = _as_text(sql)
    found = problems(text, across=bool(across_reason()))
    if found and (finding := Finding(found, text, _sender())) not in _collecting[-1]:
        _collecting[-1].append(finding)
    return execute(sql, params, many, context)


def _as_text(sql: Any) -> str:
    """SQL as psycopg takes it: str, bytes, or one of its composed statements."""
    if isinstance(sql, str):
        return sql
    return sql.decode() if isinstance(sql, bytes) else str(sql.as_string(None))


def _sender() -> str:
    """The innermost line of this project on the stack."""
    for frame in reversed(traceback.extract_stack()):
        path = Path(frame.filename)
        if path.is_relative_to(ROOT) and "site-packages" not in path.parts and path != Path(__file__):
            return f"{path.relative_to(ROOT)}:{frame.lineno}"
    return "?"
