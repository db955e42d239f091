"""Retired names and phrases with the terms to use, and unique names of modules. Read from the source."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.shape.source import PACKAGES, ROOT

OWN_FILES = {"tests/shape/vocabulary.py", "tests/shape/test_vocabulary.py"}
CODE = (*PACKAGES, "benchmarks", "training", "contracts", "sdk/python", "tests")
TEXTS = (*PACKAGES, "contracts", "docs", "sdk/python/src", "sdk/javascript/src")
TEXT_FILES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", ".env.example", ".importlinter")
TEXT_FILES += (
    "Makefile",
    "sdk/python/README.md",
    "sdk/javascript/README.md",
    "docker/.env.example",
    "docker/compose.yml",
)
GENERATED = {"migrations", "node_modules", "dist"}
TEXT_KINDS = {".py", ".md", ".yaml", ".ts", ".html"}

# Identifiers, exactly as written but for leading underscores → the name to use. Words with a common other meaning
# ("known", "held", "asked", "gone") are not listed: a name of a local variable says nothing about its old use.
RETIRED_NAMES: dict[str, str] = {
    # time
    "Vantage": "TemporalView",
    "vantage": "temporal_view",
    "OPEN_THEN": "CURRENT_AS_OF",
    "KEPT_SINCE": "NOT_EXPIRED_SINCE",
    "BEGUN": "VALID_FROM_REACHED",
    "EVER": "MIN_DATETIME",
    "Moment": "PointInTime",
    "heir": "successor",
    "fade": "decay",
    "fading": "decay",
    "Fading": "DecayScan",
    "Faded": "DecayedMemory",
    "most_faded": "most_decayed",
    # writes
    "allocated_id": "reserved_id",
    "blanked": "redacted",
    "blanked_at": "redacted_at",
    "kick": "enqueue_on_commit",
    "kick_at": "next_attempt_at",
    "MOST": "MAX_…",
    "MOST_ATTEMPTS": "MAX_ATTEMPTS",
    "AT_ONCE": "BATCH_SIZE",
    "ENOUGH": "a threshold with its unit",
    "LONGEST": "MAX_LENGTH",
    "LONGEST_WAIT": "MAX_RETRY_AFTER",
    "OLDEST": "MIN_VERSION",
    "AGAIN": "RECHECK_SECONDS",
    "PASSES": "TRANSIENT_FAILURES",
    "without_recalled": "strip_echoes",
    "Deciding": "Reconciler",
    "touches": "precondition_id",
    "Known": "ExistingMemory, LoadedEntity",
    "Extracted": "ExtractionResult",
    "Extraction": "ExtractionResult",
    "Voice": "Attribution",
    "searchable": "fulltext",
    "whatever": "include_inactive",
    # export and import
    "carry": "serialization",
    "Salt": "IdRemapper",
    "Whose": "OwnerKey",
    "Brought": "ImportBatch",
    "everybody": "list_owners",
    # entities and graph
    "Knowledge": "ExtractedGraph",
    "Stated": "RelationMention",
    "Lesson": "GraphUpdate",
    "Learned": "GraphUpdateResult",
    "Roster": "EntityResolver",
    "Ledger": "UnitOfWork",
    "joining": "merge_rows",
    "loser": "source",
    "withdrawing": "retraction",
    "revive": "reinstate",
    "stating": "conflicting_memories",
    "walks": "traversal",
    "GraphAway": "GraphUnavailable",
    "GraphRefused": "GraphRejected",
    "believed": "health_cache",
    "NotFinishedError": "RebuildIncompleteError",
    # retrieval
    "SignOut": "FeatureContributionOut",
    "PieceEncoder": "TokenEncoder",
    "TokenVectors": "TokenMatrix",
    "RECALL_RECIPES": "RANKING_PROFILES",
    "hopeful": "candidates",
    "narrowed": "has_filters",
    # platform
    "Receipt": "IdempotencyRecord, Erasure",
    "Mismatch": "KeyReuseError",
    "Kept": "StoredResponse",
    "hears": "matches_subscription",
    "PATIENCE": "DISABLE_AFTER",
    "WAITS": "RETRY_DELAYS",
    "brief": "fast_client",
    "Remembered": "CachedProbe",
    "Flag": "StrictBooleanField",
    "Whole": "StrictIntegerField",
    "OneIn": "RetrieveQuery",
    "ListIn": "ListQuery",
    "ClosedInput": "StrictRequestSerializer",
    "names_objects": "ids_outside_path",
    "holds_secret": "response_is_secret",
    "in_one_transaction": "atomic",
    "cost_of": "request_weight",
    "unreadable": "parse_error",
    "granting": "creation_policy",
    "SaysRefusals": "ServiceErrorMessagesMixin",
    "KEEP": "UNSET",
    "upkeep": "maintenance",
    "retrywrites": "retry_failed_writes",
    "syncenvironmentkey": "sync_env_api_key",
    "Book": "PidFile",
    "Deaths": "RestartPolicy",
    "only_one": "instance_lock",
    # rules
    "FEASTS": "HOLIDAYS",
    "sayers": "speakers",
    "doers": "subjects",
    "kids": "children_with_dep",
}

# Phrases, as regular expressions over whole lines in any case → the plain term.
RETIRED_PHRASES: dict[str, str] = {
    r"\bvantage\b": "point in time",
    r"\bwho(m)?ever\b": "a noun: the caller, the worker, the operator",
    r"\bthose of which\b": "a noun",
    r"\b(is|are|was|were|be|been|goes|went|it) away\b": "unavailable",
    r"\bdoors?\b": "API",
    r"\b(of late|by the way)\b": "recently",
    r"\bnobody['’]s\b": "a subject",
    r"\bsign by sign\b|\bsums? of signs\b": "feature, sum of features",
    r"\bwhat came of\b": "the result of",
    r"\blast word\b": "current revision",
    r"\bsteps? back\b": "is retracted",
    r"\bword[- ]pieces?\b": "token",
    r"\b(is|are|was|were|be|been) told\b(?! apart)": "is sent to, is named",
    r"\bcomes? again\b": "recurs, is repeated",
    r"\btak(e|es|en|ing) (the|its|their) place\b": "replaces",
    r"\bfad(e|es|ed|ing)\b": "decay",
    r"\bone and the same\b": "equal",
    r"\bX-Recall-Recipe\b": "X-Ranking-Profile",
}
# file → phrase → why the word has its common meaning there
ALLOWED: dict[str, dict[str, str]] = {
    "docs/models.md": {"last word": "the last word of a sentence"},
    "memories/extraction/keep_features.py": {"last word": "the last word of a sentence"},
    "memories/extraction/llm/prompt.py": {
        "whoever": "the prompt: its figures were measured with these words",
        "takes its place": "the prompt",
    },
}

# File names that Django, DRF or the layers of an app give to a module; each app and layer may have its own.
CONVENTIONAL = {"__init__", "admin", "apps", "base", "errors", "fields", "models", "responses", "schema"}
CONVENTIONAL |= {"serializers", "tasks", "types", "urls", "views"}
# Resource modules: the admin page, the route and the service of one resource have the name of the resource.
LAYERS = {"admin", "api", "services", "pipeline", "models"}


def files(folders: tuple[str, ...], kinds: set[str]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT)
            if path.suffix in kinds and name.as_posix() not in OWN_FILES and not GENERATED & set(name.parts):
                yield path


def identifiers(text: str) -> Iterator[tuple[int, str]]:
    """(line, name) of each name that Python source defines or passes: classes, functions, arguments and variables."""
    for node in ast.walk(ast.parse(text)):
        line = getattr(node, "lineno", 1)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield line, node.name
        elif isinstance(node, ast.arg) or (isinstance(node, ast.keyword) and node.arg):
            yield line, str(node.arg)
        elif isinstance(node, ast.Name):
            yield line, node.id
        elif isinstance(node, ast.Attribute):
            yield line, node.attr


def retired_names(path: str, text: str) -> Iterator[str]:
    """`path:line: old → new` of each retired name in a Python module, its file name included."""
    for line, name in [(1, Path(path).stem), *identifiers(text)]:
        new = RETIRED_NAMES.get(name.lstrip("_"))
        if new is not None:
            yield f"{path}:{line}: {name} → {new}"


def retired_phrases(path: str, text: str, phrases: Mapping[str, str] = RETIRED_PHRASES) -> Iterator[str]:
    """`path:line: phrase → term` of each retired phrase in a text."""
    allowed = ALLOWED.get(path, {})
    for phrase, term in phrases.items():
        for found in re.finditer(phrase, text, re.IGNORECASE):
            if found[0].lower() not in allowed:
                yield f"{path}:{text.count(chr(10), 0, found.start()) + 1}: {found[0]} → {term}"


def all_retired_names() -> list[str]:
    paths = [(path.relative_to(ROOT).as_posix(), path.read_text()) for path in files(CODE, {".py"})]
    return [found for path, text in paths for found in retired_names(path, text)]


def all_retired_phrases() -> list[str]:
    paths = [*files(TEXTS, TEXT_KINDS), *(ROOT / name for name in TEXT_FILES)]
    return [
        found
        for path in paths
        for found in retired_phrases(path.relative_to(ROOT).as_posix(), path.read_text(errors="replace"))
    ]


def duplicate_modules() -> dict[str, list[str]]:
    """Names of modules that several packages have, where neither Django nor the layers of a resource give the name."""
    found = defaultdict(list)
    for path in files(PACKAGES, {".py"}):
        if path.stem not in CONVENTIONAL:
            found[path.stem].append(path.relative_to(ROOT).as_posix())
    return {name: paths for name, paths in sorted(found.items()) if len(paths) > 1 and not _is_resource(paths)}


def _is_resource(paths: list[str]) -> bool:
    """Whether the modules are layers of one app, each in another layer."""
    parts = [path.split("/") for path in paths]
    layers = [part[1] for part in parts]
    return len({part[0] for part in parts}) == 1 and set(layers) <= LAYERS and len(set(layers)) == len(layers)
