"""Which names of a module stand for rows of certain models: enough of a data flow to see who writes them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef
KEEPS_ROWS = {"list", "tuple", "sorted", "set", "iter", "next", "reversed", "enumerate", "zip"}


def functions(tree: ast.AST) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def string(node: ast.AST) -> str:
    """The value of a string constant, else nothing."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def chain(node: ast.AST) -> list[str]:
    """`a.b(x)[0].c` → ["a", "b", "c"]: the names along a chain of attributes, calls and subscripts."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        return [*chain(node.value), node.attr]
    if isinstance(node, ast.Call):
        return chain(node.func)
    return chain(node.value) if isinstance(node, ast.Subscript | ast.Await) else []


class Taint:
    """Which expressions of a module lead to rows of `models`, or over the managers named `reverse`."""

    def __init__(self, tree: ast.Module, models: frozenset[str], reverse: frozenset[str]) -> None:
        self.models = set(models)
        self.reverse = reverse
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                self.models |= {alias.asname for alias in node.names if alias.asname and alias.name in models}
        self.inside: dict[ast.AST, set[str]] = {}
        self._enter(tree, set())

    def reaches(self, node: ast.AST, at: ast.AST) -> bool:
        """Whether the chain `node`, standing at `at`, begins with such rows or passes through them."""
        return self._leads(node, self.inside.get(at, set()))

    def _enter(self, scope: ast.AST, outer: set[str]) -> None:
        """Find the names of one function (or the module), then those of the functions in it."""
        names = outer | self._declared(scope)
        body = list(_own(scope))
        for _ in range(3):  # a name may stand for another one that is found later
            for node in body:
                names |= self._bound(node, names)
        for node in body:
            self.inside[node] = names
            if isinstance(node, ast.ClassDef | Function):
                self._enter(node, names)

    def _declared(self, scope: ast.AST) -> set[str]:
        """Arguments that are annotated so, and `self` of a class about these models."""
        if isinstance(scope, ast.ClassDef):
            about = scope.name in self.models or any(self._mentions(base) for base in scope.bases)
            return {"self"} if about else set()
        if not isinstance(scope, Function):
            return set()
        every = [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs]
        return {a.arg for a in every if a.annotation is not None and self._mentions(a.annotation)}

    def _mentions(self, annotation: ast.AST) -> bool:
        """`Revision`, `QuerySet[Revision]`, `"Revision | None"` or `RevisionQuerySet`."""
        words = {n.id for n in ast.walk(annotation) if isinstance(n, ast.Name)}
        words |= {word for n in ast.walk(annotation) for word in string(n).replace("[", " ").replace("]", " ").split()}
        return any(word == model or word == f"{model}QuerySet" for word in words for model in self.models)

    def _bound(self, node: ast.AST, names: set[str]) -> set[str]:
        """Names that a statement or expression binds to such rows."""
        if isinstance(node, ast.Assign) and self._gives(node.value, names):
            return {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
        if isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value and self._gives(node.value, names):
            return {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        if isinstance(node, ast.For | ast.comprehension):
            within = [node.iter, *(node.iter.elts if isinstance(node.iter, ast.Tuple | ast.List) else [])]
            parts = [part for item in within for part in (item.elts if isinstance(item, ast.Tuple) else [item])]
            if any(self._gives(part, names) for part in parts):
                return {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        return set()

    def _gives(self, value: ast.AST, names: set[str]) -> bool:
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in KEEPS_ROWS:
            return any(self._gives(argument, names) for argument in value.args)
        return self._leads(value, names)

    def _leads(self, node: ast.AST, names: set[str]) -> bool:
        if isinstance(node, ast.IfExp):
            return self._leads(node.body, names) or self._leads(node.orelse, names)
        if isinstance(node, ast.BoolOp):
            return any(self._leads(value, names) for value in node.values)
        if isinstance(node, ast.Attribute):
            return node.attr in self.reverse | self.models or self._leads(node.value, names)
        if isinstance(node, ast.Call):
            through = isinstance(node.func, ast.Name) and node.func.id in KEEPS_ROWS
            return self._leads(node.func, names) or (through and any(self._leads(a, names) for a in node.args))
        if isinstance(node, ast.Subscript | ast.Await):
            return self._leads(node.value, names)
        return isinstance(node, ast.Name) and node.id in names | self.models


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a scope, those of functions and classes inside it left out."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, ast.ClassDef | Function):
            yield from _own(child)
