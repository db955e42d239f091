"""The source keeps the rules that import-linter can't see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from tests.shape import routes, source
from tests.shape.catalogue import OURS


def irreversible(operations: Sequence[Operation]) -> list[str]:
    return [operation.describe() for operation in operations if not operation.reversible]


@pytest.mark.parametrize("check", source.CHECKS, ids=lambda check: check.__name__)
def test_the_source_keeps_the_rules(check: Callable[[source.Module], Iterator[str]]) -> None:
    assert [found for module in source.modules() for found in check(module)] == []


def test_there_is_something_to_check() -> None:
    paths = {module.path for module in source.modules()}
    assert {source.APPLY, *source.BESIDE, "core/enqueue.py", "apikeys/apps.py"} <= paths


def test_every_route_has_a_scope_or_is_public() -> None:
    assert routes.unscoped() == []


def test_the_list_of_public_routes_is_true() -> None:
    names = {route.name for _, route in routes.routes()}
    assert names >= routes.PUBLIC
    assert len(names) > len(routes.PUBLIC)


def test_every_migration_can_be_undone() -> None:
    migrations = MigrationLoader(None).disk_migrations
    ours = {key: migration for key, migration in migrations.items() if key[0] in OURS}
    assert {app for app, _ in ours} == set(OURS)
    assert {key: wrong for key, m in ours.items() if (wrong := irreversible(m.operations))} == {}
