"""What a statement says about the tenant, read from PostgreSQL's own parse tree. Pure: SQL and table names in.

A *term* is what a tenant's column can be compared with: the alias of a tenant's table (for its `tenant_id`),
`alias.column` of a table without tenants, or VALUE for what is known before the statement looks at any row. Conditions
tie terms together; a table is bound when its `tenant_id` is tied, over any number of steps, to a VALUE.

Outer joins keep rows for which their ON isn't true. So a table is either SURE (every row of the result has that
tenant) or only MATCHED (it has, or the row is null), and what an ON says holds in some directions only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Node = dict[str, Any]
Derived = Mapping[str, bool]  # names of CTEs, and whether their columns are values

STATEMENTS = ("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt")
COLUMN = "tenant_id"
VALUE = "$"
MATCHED, SURE = 1, 2


class Tie(NamedTuple):
    """Two terms that are equal. Not `one` if the value is one of several (`= ANY (…)`, `IN (…)`, OR)."""

    left: str
    right: str
    one: bool = True


class Rule(NamedTuple):
    """If `given` is bound at least as `needs`, then `then` is bound as `gives`."""

    given: str
    needs: int
    then: str
    gives: int
    one: bool


@dataclass
class Level:
    """One SELECT, INSERT, UPDATE or DELETE: what it reads, under which names, and what ties them."""

    outer: Level | None
    ctes: Derived
    tables: frozenset[str]  # the names of all tenant tables
    tenants: dict[str, str] = field(default_factory=dict)  # alias → tenant table
    plain: set[str] = field(default_factory=set)
    derived: dict[str, bool] = field(default_factory=dict)  # CTEs, subqueries, functions → whether they give values
    merged: list[str] = field(default_factory=list)  # whose tenant_id a USING made one column
    rules: list[Rule] = field(default_factory=list)

    @property
    def aliases(self) -> set[str]:
        return {*self.tenants, *self.plain, *self.derived}

    @property
    def gives_values(self) -> bool:
        """Whether this level's columns are values to whoever reads them: its own tenants are checked here, and
        nothing of it comes from a table that holds several tenants' ids."""
        return bool(self.tenants) or not (self.plain or False in self.derived.values())

    def loose(self, *, one: bool = False, given: Iterable[str] = ()) -> list[str]:
        """Each tenant table that isn't bound, to `one` value where that is asked for, with its alias."""
        bound = dict.fromkeys((VALUE, *given), SURE)
        rules = [rule for rule in self.rules if rule.one or not one]
        grown = True
        while grown:
            grown = False
            for rule in rules:
                if bound.get(rule.given, 0) >= rule.needs and bound.get(rule.then, 0) < rule.gives:
                    bound[rule.then] = rule.gives
                    grown = True
        return [
            table if alias == table else f"{table} {alias}"
            for alias, table in self.tenants.items()
            if alias not in bound
        ]


# --- walking the tree ------------------------------------------------------------------------------------------------
def statements_in(node: Any) -> Iterator[tuple[str, Node]]:
    """The statements nested in `node`, without looking into them."""
    if isinstance(node, list):
        for item in node:
            yield from statements_in(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in STATEMENTS:
                yield key, value
            else:
                yield from statements_in(value)


def nodes(node: Any, kind: str, *, nested: bool = False) -> Iterator[Node]:
    """All nodes of a kind below `node`; those of nested statements too where `nested`."""
    if isinstance(node, list):
        for item in node:
            yield from nodes(item, kind, nested=nested)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == kind:
                yield value
            if nested or key not in STATEMENTS:
                yield from nodes(value, kind, nested=nested)


def names_of(node: Node) -> list[str]:
    """The parts of a column's name; nothing for any other expression."""
    return [f["String"].get("sval", "") for f in node.get("ColumnRef", {}).get("fields", []) if "String" in f]


def halves(body: Node) -> list[Node]:
    """Both sides of a UNION, INTERSECT or EXCEPT."""
    return [body["larg"], body["rarg"]] if body.get("op", "SETOP_NONE") != "SETOP_NONE" else []


# --- terms and ties --------------------------------------------------------------------------------------------------
def term(node: Node, level: Level) -> str | None:
    """What an expression is as one side of a comparison; None if it can bind nothing."""
    while "TypeCast" in node:
        node = node["TypeCast"]["arg"]
    names = names_of(node)
    if len(names) > 1:
        return _qualified(names[-2], names[-1], level)
    if names:
        return _bare(names[0], level)
    columns = [{"ColumnRef": column} for column in nodes(node, "ColumnRef")]
    return VALUE if all(term(column, level) == VALUE for column in columns) else None


def _qualified(alias: str, column: str, level: Level) -> str | None:
    here: Level | None = level
    while here is not None:
        if alias in here.tenants:
            return None if column != COLUMN else alias if here is level else VALUE
        if alias in here.plain:
            return f"{alias}.{column}" if here is level else None
        if alias in here.derived:
            return VALUE if here.derived[alias] else None
        here = here.outer
    return VALUE  # `excluded`, or the row of an INSERT


def _bare(column: str, level: Level) -> str | None:
    if not level.tenants:
        return None if level.plain else VALUE
    if column != COLUMN:
        return None
    if len(level.tenants) == 1:
        return next(iter(level.tenants))
    return level.merged[0] if level.merged else None


def ties_of(node: Node | None, level: Level) -> list[Tie]:
    """What is equal wherever a condition is true: AND adds up, OR keeps what all its parts say."""
    if not node:
        return []
    if "BoolExpr" in node:
        parts = [ties_of(part, level) for part in node["BoolExpr"]["args"]]
        operator = node["BoolExpr"]["boolop"]
        if operator == "AND_EXPR":
            return [tie for part in parts for tie in part]
        return _common(parts) if operator == "OR_EXPR" else []
    if "A_Expr" in node:
        return _compared(node["A_Expr"], level)
    if "SubLink" in node:
        return _in_subquery(node["SubLink"], level)
    return []


def _common(parts: list[list[Tie]]) -> list[Tie]:
    pairs = [{(tie.left, tie.right) for tie in part} for part in parts]
    return [Tie(left, right, one=VALUE not in (left, right)) for left, right in set.intersection(*pairs)]


def _compared(node: Node, level: Level) -> list[Tie]:
    """`a = b`, `a = ANY (b)`, `a IN (b, c)`, and the same with rows of columns."""
    if node["kind"] not in ("AEXPR_OP", "AEXPR_OP_ANY", "AEXPR_IN") or not _is_equality(node["name"]):
        return []
    right = node["rexpr"]
    rows = [_columns(row) for row in (right["List"]["items"] if "List" in right else [right])]
    ties = []
    for place, left in enumerate(_columns(node["lexpr"])):
        terms = {term(row[place], level) if place < len(row) else None for row in rows}
        found = (term(left, level), terms.pop() if len(terms) == 1 else None)
        if None not in found and found[0] != found[1]:
            low, high = sorted(str(side) for side in found)
            ties.append(Tie(low, high, one=node["kind"] != "AEXPR_OP_ANY" and len(rows) == 1))
    return ties


def _in_subquery(node: Node, level: Level) -> list[Tie]:
    """`a IN (SELECT …)` binds `a` if the subquery's rows are of known tenants."""
    if node["subLinkType"] != "ANY_SUBLINK" or not _is_equality(node.get("operName")):
        return []
    if not gives_values(node["subselect"]["SelectStmt"], level.ctes, level.tables):
        return []
    sides = [term(column, level) for column in _columns(node["testexpr"])]
    return [Tie(VALUE, side, one=False) for side in sides if side not in (None, VALUE)]


def _columns(node: Node) -> list[Node]:
    return node["RowExpr"]["args"] if "RowExpr" in node else [node]


def _is_equality(name: list[Node] | None) -> bool:
    return name is None or name[-1]["String"]["sval"] == "="


def rules_of(ties: Iterable[Tie], kind: str, left: Sequence[str], right: Sequence[str], sure: bool) -> Iterator[Rule]:
    """What follows from the ties of a join's ON, or of a WHERE (an inner join's). `sure`: no outer join further out
    can null these rows."""
    for tie in ties:
        for given, then in ((tie.left, tie.right), (tie.right, tie.left)):
            if then != VALUE:
                for needs, gives in _steps(kind, given, then, left, right, sure):
                    yield Rule(given, needs, then, gives, tie.one)


def _steps(
    kind: str, given: str, then: str, left: Sequence[str], right: Sequence[str], sure: bool
) -> list[tuple[int, int]]:
    if kind == "JOIN_INNER":
        return [(MATCHED, SURE)] if sure else [(MATCHED, MATCHED), (SURE, SURE)]
    if kind == "JOIN_FULL":  # rows of either side stay unless something else throws out those without a partner
        return [(SURE, SURE)] if given != VALUE else []
    nullable = right if kind == "JOIN_LEFT" else left
    if then.split(".")[0] in nullable:
        return [(MATCHED, MATCHED)]
    return [(SURE, SURE)] if given.split(".")[0] in nullable else []


# --- levels ----------------------------------------------------------------------------------------------------------
def level_of(body: Node, outer: Level | None, ctes: Derived, tables: frozenset[str]) -> Level:
    """The level of a statement that is no UNION, with all its conditions read."""
    level = Level(outer, ctes, tables)
    items = [*body.get("fromClause", []), *body.get("usingClause", [])]
    if "relation" in body and "override" not in body:  # UPDATE and DELETE, not INSERT
        items.insert(0, {"RangeVar": body["relation"]})
    for item in items:
        _read(item, level, sure=True)
    level.rules += rules_of(ties_of(body.get("whereClause"), level), "JOIN_INNER", (), (), sure=True)
    return level


def _read(item: Node, level: Level, *, sure: bool) -> list[str]:
    """Enter a FROM item into `level`; → its aliases."""
    ((kind, body),) = item.items()
    if kind == "JoinExpr":
        return _read_join(body, level, sure=sure)
    if kind == "RangeTableSample":
        return _read(body["relation"], level, sure=sure)
    alias = body.get("alias", {}).get("aliasname", body.get("relname", ""))
    if kind == "RangeSubselect":
        level.derived[alias] = gives_values(body["subquery"]["SelectStmt"], level.ctes, level.tables)
    elif kind != "RangeVar":
        level.derived[alias] = True  # a function of values
    elif body["relname"] in level.ctes and "schemaname" not in body:
        level.derived[alias] = level.ctes[body["relname"]]
    elif body["relname"] in level.tables:
        level.tenants[alias] = body["relname"]
    else:
        level.plain.add(alias)
    return [alias]


def _read_join(body: Node, level: Level, *, sure: bool) -> list[str]:
    kind = body["jointype"]
    left = _read(body["larg"], level, sure=sure and kind in ("JOIN_INNER", "JOIN_LEFT"))
    right = _read(body["rarg"], level, sure=sure and kind in ("JOIN_INNER", "JOIN_RIGHT"))
    ties = ties_of(body.get("quals"), level)
    if {"String": {"sval": COLUMN}} in body.get("usingClause", []):
        ties += _using(left, right, level)
    level.rules += rules_of(ties, kind, left, right, sure)
    return left + right


def _using(left: list[str], right: list[str], level: Level) -> list[Tie]:
    """`USING (tenant_id)`: one column of both sides."""
    sides = []
    for side in (left, right):
        found = next((alias for alias in side if alias in level.tenants), None)
        if found is not None and found not in level.merged:
            level.merged.append(found)
        sides.append(found or (VALUE if len(side) == 1 and level.derived.get(side[0]) else None))
    low, high = sorted(map(str, sides))
    return [Tie(low, high)] if None not in sides else []


def gives_values(body: Node, ctes: Derived, tables: frozenset[str]) -> bool:
    """Whether the columns of a subquery or CTE are values (see Level.gives_values)."""
    known = {**ctes, **{cte["ctename"]: True for cte in nodes(body.get("withClause"), "CommonTableExpr")}}
    if sides := halves(body):
        return all(gives_values(side, known, tables) for side in sides)
    return level_of(body, None, known, tables).gives_values


def conditions_of(body: Node) -> list[Any]:
    """The WHERE and every ON of a statement."""
    return [body.get("whereClause"), *(join.get("quals") for join in nodes(body.get("fromClause"), "JoinExpr"))]


def escaping(node: Any, known: set[str], level: Level) -> Iterator[list[str]]:
    """Names of columns below `node` whose alias neither `known` nor any statement below it introduces."""
    for column in nodes(node, "ColumnRef"):
        names = names_of({"ColumnRef": column})
        if len(names) > 1 and names[-2] not in known:
            yield names
    for _, body in statements_in(node):
        for part in halves(body) or [body]:
            inside = level_of(part, None, level.ctes, level.tables).aliases
            yield from escaping(part, known | inside, level)
