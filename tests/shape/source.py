"""Rules that import-linter can't see, read from the source. Each check gives `file:line: what is wrong`."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.shape.names import Taint, chain, functions, string

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("memproject", "core", "apikeys", "webhooks", "entities", "memories")
MAX_MODULE_LINES, MAX_FUNCTION_LINES = 400, 60


@dataclass(frozen=True)
class Module:
    """`path` is relative to the project; `text` its source."""

    path: str
    text: str

    @functools.cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @functools.cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]

    def at(self, node: ast.AST, said: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {said}"


@functools.cache
def modules() -> list[Module]:
    """All that runs in the service, without migrations."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    names = [path.relative_to(ROOT).as_posix() for path in paths if "migrations" not in path.parts]
    return [Module(name, (ROOT / name).read_text()) for name in names]


# --- one writer ------------------------------------------------------------------------------------------------------
WRITTEN = frozenset({"Memory", "Revision", "Passage", "Embedding"})
REVERSE = frozenset({"revisions", "passages", "embeddings"})
APPLY, ERASE = "memories/pipeline/apply.py", "memories/pipeline/erase.py"
TRANSFER = "memories/pipeline/memory_transfer.py"
# An erasure deletes, and an import adds what was decided elsewhere; neither changes a row that is there.
BESIDE = {ERASE: {"delete"}, TRANSFER: {"bulk_create"}}
VERBS = {"create", "bulk_create", "get_or_create", "update_or_create", "update", "bulk_update", "delete", "save"}
VERBS |= {f"a{verb}" for verb in VERBS}
RAW_WRITE = re.compile(
    r'\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|COPY|TRUNCATE)\s+"?memories_(memory|revision|passage|embedding)\b',
    re.IGNORECASE,
)


def writes_past_apply(module: Module) -> Iterator[str]:
    """Memories, revisions, passages and vectors are written by `apply` alone; BESIDE it, each with one verb."""
    if module.path == APPLY:
        return
    allowed = BESIDE.get(module.path, set())
    taint = Taint(module.tree, WRITTEN, REVERSE if "memories.models" in module.text else frozenset())
    for call in module.calls:
        verb = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if verb not in VERBS - allowed:
            continue
        saved = verb in ("save", "asave") and module.path.startswith("memories/")
        if saved or taint.reaches(call.func, call):
            yield module.at(call, f".{verb}() of what only {APPLY} may write")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and RAW_WRITE.search(string(node)) and module.path != ERASE:
            yield module.at(node, f"SQL that writes what only {APPLY} may write")


# --- what happens only in one place ----------------------------------------------------------------------------------
ENQUEUE = {"delay", "apply_async", "send_task", "delay_on_commit", "apply_async_on_commit", "signature"}


def enqueues_past_enqueue_on_commit(module: Module) -> Iterator[str]:
    if module.path == "core/enqueue.py":
        return
    for call in module.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in ENQUEUE:
            yield module.at(call, f".{call.func.attr}() outside core/enqueue.py")


def hidden_imports(module: Module) -> Iterator[str]:
    """Own code is imported at the top, where import-linter and a reader see it; only AppConfig.ready can't."""
    ready = {id(f) for c in ast.walk(module.tree) for f in _ready_of(c)}
    for function in functions(module.tree):
        if id(function) in ready:
            continue
        for node in ast.walk(function):
            if any(name.split(".")[0] in (*PACKAGES, "") for name in _imported(node)):
                yield module.at(node, "an import of own code inside a function")


def _ready_of(node: ast.AST) -> list[ast.stmt]:
    if not isinstance(node, ast.ClassDef) or "AppConfig" not in [name for base in node.bases for name in chain(base)]:
        return []
    return [f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "ready"]


def _imported(node: ast.AST) -> list[str]:
    """Modules that a node imports; "" for a relative import."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return ["" if node.level else str(node.module)]
    if isinstance(node, ast.Call) and chain(node.func)[-1:] in (["import_module"], ["__import__"], ["import_string"]):
        return [said for said in map(string, node.args) if said]
    return []


def signal_receivers(module: Module) -> Iterator[str]:
    """What a save does stands where it is saved, not in a receiver somewhere else."""
    for node in ast.walk(module.tree):
        from_models = isinstance(node, ast.ImportFrom) and (
            node.module == "django.db.models.signals"
            or (node.module == "django.db.models" and any(alias.name == "signals" for alias in node.names))
        )
        named = isinstance(node, ast.Import) and any(a.name == "django.db.models.signals" for a in node.names)
        used = isinstance(node, ast.Attribute) and chain(node)[-2:] == ["models", "signals"]
        if from_models or named or used:
            yield module.at(node, "a signal of models")


# --- text and SQL ----------------------------------------------------------------------------------------------------
LOGGERS = {"log", "logger", "logging", "getLogger"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
SAYS_TOO_MUCH = {"authorization", "body", "content", "evidence", "key", "metadata", "password", "payload", "prompt"}
SAYS_TOO_MUCH |= {"query", "queries", "secret", "text", "token", "url"}


def texts_in_logs(module: Module) -> Iterator[str]:
    """Logs hold ids, kinds and numbers: no text, no secret, and no exception, whose message may quote one."""
    caught = {h.name for h in ast.walk(module.tree) if isinstance(h, ast.ExceptHandler) and h.name}
    for call in module.calls:
        names = chain(call.func)
        if len(names) > 1 and names[-1] in LEVELS and names[-2] in LOGGERS:
            said = [*call.args, *(k.value for k in call.keywords if k.arg not in ("exc_info", "stack_info"))]
            for name in sorted({name for argument in said for name in _mentioned(argument)}):
                if name in caught or name.lower().split("_")[-1].removesuffix("s") in SAYS_TOO_MUCH | {"querie"}:
                    yield module.at(call, f"`{name}` in a log line")


def _mentioned(node: ast.AST) -> Iterator[str]:
    """The last names of what an expression shows: `text` of `source.text`, nothing of `len(text)`."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Call):
        if chain(node.func)[-1:] not in (["len"], ["type"]):
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                yield from _mentioned(argument)
            if isinstance(node.func, ast.Attribute):
                yield from _mentioned(node.func.value)
    elif isinstance(node, ast.Subscript):
        yield from _mentioned(node.value)
        yield string(node.slice)
    elif isinstance(node, ast.Dict):
        yield from map(string, filter(None, node.keys))
        for value in node.values:
            yield from _mentioned(value)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _mentioned(child)


EXECUTES = {"execute", "executemany", "raw", "extra", "RawSQL", "SQL", "RunSQL", "stream", "copy", "callproc"}


def built_sql(module: Module) -> Iterator[str]:
    """SQL is a constant with placeholders; names come in through psycopg's own composition."""
    built = {
        target.id
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value and _is_built(node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for call in module.calls:
        if chain(call.func)[-1:] and chain(call.func)[-1] in EXECUTES and call.args:
            first = call.args[0]
            if _is_built(first) or (isinstance(first, ast.Name) and first.id in built):
                yield module.at(call, "SQL put together from strings")


def _is_built(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        constant = isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant)
        return isinstance(node.op, ast.Mod | ast.Add) and not constant
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        composed = isinstance(node.func.value, ast.Call) and chain(node.func.value.func)[-1:] == ["SQL"]
        return node.func.attr in ("format", "format_map", "join", "replace") and not composed
    return False


CYPHER = re.compile(r"\b(MATCH|MERGE|CREATE) \(|\bUNWIND \$|\bDETACH DELETE\b")
ASKS = (["client", "read"], ["client", "write"], ["client", "run_autocommit"])


def built_cypher(module: Module) -> Iterator[str]:
    """Cypher is a constant of a module, with parameters; mypy holds what is passed on to LiteralString."""
    for function in functions(module.tree):
        for node in ast.walk(function):
            if CYPHER.search(string(node)):
                yield module.at(node, "Cypher inside a function")
    for call in module.calls:
        if chain(call.func)[-2:] in ASKS:
            for node in (inner for said in call.args for inner in ast.walk(said)):
                if isinstance(node, ast.expr) and _is_built(node):
                    yield module.at(node, "Cypher put together from strings")


# --- size ------------------------------------------------------------------------------------------------------------
def too_long(module: Module) -> Iterator[str]:
    lines = len(module.text.splitlines())
    if lines > MAX_MODULE_LINES:
        yield f"{module.path}:1: {lines} lines"
    for function in functions(module.tree):
        length = (function.end_lineno or 0) - function.lineno + 1
        if length > MAX_FUNCTION_LINES:
            yield module.at(function, f"{function.name} has {length} lines")


# --- responses -------------------------------------------------------------------------------------------------------
BASES = {"core/http/base.py", "core/http/responses.py"}


def second_descriptions(module: Module) -> Iterator[str]:
    """A response is rendered by the serializer that is its schema: no plain serializers, no dictionaries by hand."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and module.path not in BASES:
            bases = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
            if any(chain(base)[-1:] == ["Serializer"] for base in bases):
                yield module.at(node, "a serializer that is neither a RequestSerializer nor a ResponseSerializer")
    for call in module.calls:
        if chain(call.func)[-1:] == ["Response"] and call.args and isinstance(call.args[0], ast.Dict | ast.DictComp):
            yield module.at(call, "a response that no serializer renders")


CHECKS = (
    writes_past_apply,
    enqueues_past_enqueue_on_commit,
    hidden_imports,
    signal_receivers,
    texts_in_logs,
    built_sql,
    built_cypher,
    second_descriptions,
    too_long,
)
