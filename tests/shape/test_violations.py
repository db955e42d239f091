"""Every contract and every check fails when it is violated: a check that can't fail proves nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, migrations
from rest_framework.views import APIView

from apikeys.api.permissions import Public, requires
from apikeys.scopes import Scope
from tests.shape import catalogue, routes, source
from tests.shape.source import Module
from tests.shape.spoilt import FAULTS, INNOCENT, Check
from tests.shape.test_code import irreversible

# --- import contracts ------------------------------------------------------------------------------------------------
# contract → (file, what is appended to it, the module that is reported as imported)
IMPORTS: dict[str, list[tuple[str, str, str]]] = {
    "apps": [
        ("core/http/base.py", "from apikeys import scopes", "apikeys.scopes"),
        ("core/tenancy.py", "if TYPE_CHECKING:\n    from apikeys.models import Tenant", "apikeys.models"),
        ("memories/tasks.py", "from memproject import sweeps", "memproject.sweeps"),
        ("entities/models/graph_outbox.py", "from memories import types", "memories.types"),
        ("apikeys/services.py", "import webhooks.models", "webhooks.models"),
    ],
    "memories": [
        ("memories/retrieval/retrieve.py", "from memories.pipeline import apply", "memories.pipeline"),
        ("memories/tasks.py", "from memories.services import store", "memories.services.store"),
        ("memories/filters.py", "import memories.models", "memories.models"),
        ("memories/helpers.py", "", ""),
    ],
    "recall": [
        ("memories/retrieval/score.py", "from memories.retrieval import retrieve", "memories.retrieval.retrieve"),
        ("memories/retrieval/read.py", "from memories.retrieval import render", "memories.retrieval.render"),
        ("memories/retrieval/helpers.py", "", ""),
    ],
    "entities": [
        ("entities/models/graph_outbox.py", "import entities.graph", "entities.graph"),
    ],
    "webhooks": [
        ("webhooks/signing.py", "import webhooks.models", "webhooks.models"),
    ],
    "apikeys": [
        ("apikeys/types.py", "from apikeys import models", "apikeys.models"),
    ],
    "core": [
        ("core/clock.py", "from core.http import base", "core.http.base"),
        ("core/idempotency/records.py", "from core.http import base", "core.http.base"),
        ("core/helpers.py", "", ""),
    ],
    "dialects": [
        ("memories/api/mem0/urls.py", "from memories.api.remembra import urls", "memories.api.remembra.urls"),
        ("core/http/remembra.py", "from core.http import mem0", "core.http.mem0"),
    ],
    "wiring": [
        ("memproject/embedded/redis_server.py", "import entities.models", "entities.models"),
    ],
    "bootstrap": [
        ("memproject/embedded/bootstrap.py", "import django", "django"),
    ],
    "api": [
        ("memories/api/mem0/views.py", "from memories.models import Memory", "memories.models"),
        ("memories/api/common.py", "import memories.retrieval.fuse", "memories.retrieval.fuse"),
        ("apikeys/api/permissions.py", "import apikeys.models", "apikeys.models"),
        ("entities/api/views.py", "import entities.graph", "entities.graph"),
    ],
    "into-apikeys": [
        ("memories/tasks.py", "from apikeys.models import Tenant", "apikeys.models"),
    ],
    "into-webhooks": [
        ("memories/tasks.py", "import webhooks.models", "webhooks.models"),
    ],
    "into-idempotency": [
        ("memories/tasks.py", "from core.idempotency.models import IdempotencyRecord", "core.idempotency.models"),
    ],
    "into-entities": [
        ("memories/tasks.py", "from entities.models import Entity", "entities.models"),
    ],
    "into-memories": [
        ("memproject/status/views.py", "from memories.models import Source", "memories.models"),
    ],
    "pure": [
        ("memories/types.py", "from django.db import models", "django"),
        ("memories/pipeline/reconcile.py", "from core import redis", "core.redis"),
        ("entities/names.py", "import urllib.request", "urllib"),
        ("memories/extraction/llm/grounding.py", "from django.conf import settings", "django"),
    ],
    "homes": [
        ("memories/services/store.py", "import openai", "openai"),
        ("webhooks/deliver.py", "import httpx2", "httpx2"),
        ("memories/retrieval/retrieve.py", "import spacy", "spacy"),
        ("entities/graph/projector.py", "import neo4j", "neo4j"),
        ("memories/embeddings/download.py", "import httpx2", "httpx2"),
        ("memories/extraction/llm/interpretation.py", "import pydantic", "pydantic"),
        ("memproject/status/metrics_report.py", "import prometheus_client", "prometheus_client"),
    ],
}
CASES = [(contract, *case) for contract, cases in IMPORTS.items() for case in cases]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages, to be spoilt."""
    copy = tmp_path_factory.mktemp("project")
    for package in source.PACKAGES:
        shutil.copytree(source.ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(source.ROOT / ".importlinter", copy)
    return copy


def lint(project: Path, *contracts: str) -> tuple[bool, str]:
    """Whether the contracts are kept, and what lint-imports says."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--cache-dir", str(project / "cache")]
    limited = [part for contract in contracts for part in ("--contract", contract)]
    result = subprocess.run(
        [*command, *limited],
        cwd=project,
        env=os.environ | {"COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode == 0, result.stdout + result.stderr


def test_the_project_keeps_all_contracts(project: Path) -> None:
    kept, said = lint(project)
    assert kept, said


def test_every_contract_is_violated_below(project: Path) -> None:
    lines = (project / ".importlinter").read_text().splitlines()
    assert {line.split(":")[-1].strip("]") for line in lines if line.startswith("[importlinter:")} == set(IMPORTS)


@pytest.mark.parametrize(("contract", "file", "line", "imported"), CASES, ids=[f"{c[0]}: {c[1]}" for c in CASES])
def test_an_import_breaks_its_contract(project: Path, contract: str, file: str, line: str, imported: str) -> None:
    path = project / file
    before = path.read_text() if path.exists() else None
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in made:
        (folder / "__init__.py").touch()
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        kept, said = lint(project, contract)
    finally:
        path.unlink() if before is None else path.write_text(before)
        for folder in made:
            shutil.rmtree(folder)
    assert not kept
    module = file.removesuffix(".py").replace("/", ".")
    assert (f"{module} -> {imported}" if imported else module.split(".")[-1]) in said


# --- source ----------------------------------------------------------------------------------------------------------
def named(cases: dict[Check, dict[str, Module]]) -> list[Any]:
    return [
        pytest.param(check, m, id=f"{check.__name__}: {n}") for check, some in cases.items() for n, m in some.items()
    ]


@pytest.mark.parametrize(("check", "module"), named(FAULTS))
def test_a_check_of_the_source_finds(check: Check, module: Module) -> None:
    assert list(check(module))


@pytest.mark.parametrize(("check", "module"), named(INNOCENT))
def test_a_check_of_the_source_lets_pass(check: Check, module: Module) -> None:
    assert list(check(module)) == []


def test_every_check_of_the_source_is_violated_above() -> None:
    assert set(FAULTS) == set(source.CHECKS)


# --- routes and migrations -------------------------------------------------------------------------------------------
class Handlers(APIView):
    def get(self) -> None: ...
    def delete(self) -> None: ...


@pytest.mark.parametrize(
    "permissions",
    [(), (Public,), (requires(GET=Scope.READ),), (requires(GET=Scope.READ, DELETE=Scope.DELETE, PUT=Scope.WRITE),)],
    ids=["none", "public", "a method without scope", "a scope without method"],
)
def test_a_route_without_its_scopes_is_found(permissions: tuple[type, ...]) -> None:
    view = type("View", (Handlers,), {"permission_classes": permissions})
    assert routes.wrong_scopes(view)


def test_a_route_with_its_scopes_passes() -> None:
    view = type("View", (Handlers,), {"permission_classes": (requires(GET=Scope.READ, DELETE=Scope.DELETE),)})
    assert routes.wrong_scopes(view) == []


def test_a_migration_that_cant_be_undone_is_found() -> None:
    assert irreversible([migrations.RunSQL("SELECT 1"), migrations.RunPython(print)]) != []
    assert irreversible([migrations.RunSQL("SELECT 1", migrations.RunSQL.noop)]) == []


# --- the catalogue ---------------------------------------------------------------------------------------------------
DDL: list[tuple[Callable[[], list[str]], str, str]] = [
    (catalogue.keys_without_tenant, "CREATE UNIQUE INDEX bad ON memories_memory (project, tenant_id)", "bad"),
    (catalogue.keys_without_tenant, "ALTER TABLE entities_alias ADD CONSTRAINT bad UNIQUE (name)", "bad"),
    (catalogue.keys_without_tenant, "CREATE UNIQUE INDEX bad ON memories_memory ((lower(user_id)))", "bad"),
    (
        catalogue.keys_without_tenant,
        "ALTER TABLE memories_usage DROP CONSTRAINT memories_usage_pkey, ADD CONSTRAINT bad PRIMARY KEY (id)",
        "bad",
    ),
    (
        catalogue.keys_without_tenant,
        "ALTER TABLE memories_usage DROP CONSTRAINT memories_usage_pkey",
        "memories_usage has no primary key",
    ),
    (
        catalogue.links_that_leave_their_tenant,
        "ALTER TABLE memories_memory ADD COLUMN key_id uuid CONSTRAINT bad REFERENCES apikeys_apikey (id)",
        "bad",
    ),
    (
        catalogue.links_that_leave_their_tenant,
        "ALTER TABLE memories_memory ADD CONSTRAINT bad UNIQUE (id); ALTER TABLE memories_usage "
        "ADD CONSTRAINT worse FOREIGN KEY (memory_key) REFERENCES memories_memory (id)",
        "worse",
    ),
    (
        catalogue.links_that_leave_their_tenant,
        "ALTER TABLE memories_usage ALTER CONSTRAINT memories_usage_memory_key_link NOT DEFERRABLE",
        "memories_usage_memory_key_link: is not DEFERRABLE",
    ),
    (
        catalogue.links_that_leave_their_tenant,
        "ALTER TABLE apikeys_tenant DROP CONSTRAINT apikeys_tenant_pkey CASCADE",
        "memories_memory has no link to its tenant",
    ),
    (
        catalogue.links_unlike_their_models,
        "ALTER TABLE memories_usage DROP CONSTRAINT memories_usage_memory_key_link",
        "memories_usage_memory_key_link: declared",
    ),
    (
        catalogue.links_unlike_their_models,
        "ALTER TABLE memories_source ADD CONSTRAINT bad FOREIGN KEY (tenant_id, reserved_id) "
        "REFERENCES memories_memory (tenant_id, id) DEFERRABLE INITIALLY DEFERRED",
        "bad: in the database",
    ),
    (catalogue.indexes_without_comment, "CREATE INDEX bad ON memories_memory (tenant_id, importance)", "bad"),
    (catalogue.indexes_without_comment, "COMMENT ON INDEX memories_live_text IS NULL", "memories_live_text"),
    (catalogue.vectors_not_plain, "ALTER TABLE memories_embedding ALTER vector SET STORAGE EXTERNAL", "STORAGE PLAIN"),
    (
        catalogue.vectors_not_plain,
        "ALTER TABLE memories_embedding DROP binary_code, ALTER vector TYPE halfvec(384)",
        "memories_embedding.vector is halfvec(384)",
    ),
    (catalogue.extensions_unlike_ours, "DROP EXTENSION vector CASCADE", "vector: missing"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("check", "ddl", "found"), DDL, ids=[f"{d[0].__name__}: {d[1][:50]}" for d in DDL])
def test_a_check_of_the_catalogue_finds(check: Callable[[], list[str]], ddl: str, found: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(ddl)
    assert any(found in line for line in check()), check()


@pytest.mark.django_db
def test_an_index_that_depends_on_the_present_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL refuses to make one, so that the check is shown one that isn't there."""
    bad = catalogue.Index("memories_memory", "bad", False, False, "", "(created_at > now())", ["tenant_id"])
    monkeypatch.setattr(catalogue, "indexes", lambda _: [bad])
    assert catalogue.moving_predicates() == ["bad: (created_at > now())"]


def test_every_check_of_the_catalogue_is_violated_above() -> None:
    assert {check for check, *_ in DDL} | {catalogue.moving_predicates} == set(catalogue.CHECKS)
