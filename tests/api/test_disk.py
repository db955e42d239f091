"""With less free space than MIN_FREE_DISK_MB nothing is stored by any operation; everything else goes on."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client, override_settings

from apikeys.scopes import Role, Scope
from core import disk
from memories.models import Memory, Source
from tests.api.operations import Operation, operations
from tests.api.samples import World
from tests.build import Caller, caller, tenant

MORE_THAN_ANY_DISK = 1 << 40  # MB
WRITES = [operation for operation in operations() if operation.scope is Scope.WRITE]
OTHERS = [operation for operation in operations() if operation.scope is not Scope.WRITE]


@pytest.fixture
def owner(lasting_db: None) -> Caller:
    return caller()


def low(folder: Path) -> Any:
    return override_settings(POSTGRES_DIR=str(folder), MIN_FREE_DISK_MB=MORE_THAN_ANY_DISK)


def test_there_are_writes() -> None:
    assert {"POST /v1/memories", "POST /api/v1/memories", "POST /api/v1/memories/batch"} <= set(map(str, WRITES))


@pytest.mark.parametrize("operation", WRITES, ids=str)
def test_a_write_is_refused_and_writes_nothing(world: World, operation: Operation, tmp_path: Path) -> None:
    asked = world.good(operation)
    before = world.rows()
    with low(tmp_path):
        refused = asked.send(world.owner.secret)
    assert refused.status_code == 503, refused.content
    assert refused["Retry-After"] == "1"
    body = refused.json()
    if operation.template.endswith("/"):
        assert (body["detail"], body["code"]) == (disk.NEARLY_FULL, "unavailable")
    elif operation.template.startswith("/api/"):
        assert (body["detail"], body["error"]["code"]) == (disk.NEARLY_FULL, "service_unavailable")
    else:
        assert body["success"] is False
        assert (body["error"]["message"], body["error"]["code"]) == (disk.NEARLY_FULL, "SERVICE_UNAVAILABLE")
    assert world.rows() == before


@pytest.mark.parametrize("operation", OTHERS, ids=str)
def test_reads_deletions_and_keys_go_on(world: World, operation: Operation, tmp_path: Path) -> None:
    asked = world.unknown(operation)
    with low(tmp_path):
        answered = asked.send(world.owner.secret)
    assert answered.status_code != 503, answered.content


def test_recall_answers_a_deletion_erases_and_a_store_works_again(owner: Caller, tmp_path: Path) -> None:
    stored = owner.store("I live in Oslo", user_id="disk")
    kept = owner.store("I drink tea", user_id="disk")
    with low(tmp_path):
        assert owner.recalled("Where do I live?", user_id="disk")[0] == "User lives in Oslo"
        assert owner.post("/api/v1/memories", {"content": "I own a boat", "user_id": "disk"}).status_code == 503
        assert owner.delete(f"/api/v1/memories/{stored['id']}").status_code == 200
    assert Source.objects.filter(tenant=owner.row.tenant_id, user_id="disk").count() == 2
    assert Memory.objects.filter(tenant=owner.row.tenant_id, user_id="disk").count() == 1
    assert owner.store("I own a boat", user_id="disk")["id"] != kept["id"]


def test_an_import_is_refused(owner: Caller, tmp_path: Path) -> None:
    owner.store("I live in Oslo", user_id="disk-import")
    file = tmp_path / "out.jsonl"
    call_command("export_memories", tenant="default", output=file, user="disk-import")
    other = tenant()
    with low(tmp_path), pytest.raises(CommandError, match="nearly full"):
        call_command("import_memories", str(file), tenant=other.slug, stdout=StringIO())
    assert Source.objects.filter(tenant=other.id).count() == 0
    call_command("import_memories", str(file), tenant=other.slug, stdout=StringIO())
    assert caller(other).recalled("Where do I live?", user_id="disk-import") == ["User lives in Oslo"]


def test_health_status_and_numbers_show_it(world: World, tmp_path: Path) -> None:
    viewer, master = caller(role=Role.VIEWER), Caller(str(world.secret("the master")))
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    with override_settings(POSTGRES_DIR=str(tmp_path), MIN_FREE_DISK_MB=0):
        found = viewer.get("/status").json()["data"]["disk"]
        assert (set(found), found["status"], found["min_free_mb"]) == (
            {"status", "free_mb", "min_free_mb"},
            "healthy",
            0,
        )
        assert found["free_mb"] == pytest.approx(free / disk.MB, rel=0.5)
        assert Client().get("/health").json()["dependencies"]["disk"] == "healthy"
        assert master.get("/v1/metrics").json()["data"]["disk_free_bytes"] == pytest.approx(free, rel=0.5)
        assert b"\nmemproject_disk_free_bytes " in master.get("/metrics").content
    with low(tmp_path):
        data = viewer.get("/status").json()["data"]
        assert (data["status"], data["disk"]["status"]) == ("degraded", "unhealthy")
        health = Client().get("/health")
        assert (health.status_code, health.json()["status"]) == (200, "degraded")
        assert health.json()["dependencies"]["disk"] == "unhealthy"
    assert b"memproject_disk_free_bytes" not in master.get("/metrics").content
    assert master.get("/v1/metrics").json()["data"]["disk_free_bytes"] is None


def test_the_disk_of_another_machine_is_not_watched(owner: Caller, tmp_path: Path) -> None:
    with override_settings(POSTGRES_DIR="", MIN_FREE_DISK_MB=MORE_THAN_ANY_DISK):
        assert owner.store("I live in Bonn", user_id="disk-elsewhere")["id"]
    with override_settings(POSTGRES_DIR=str(tmp_path / "gone"), MIN_FREE_DISK_MB=MORE_THAN_ANY_DISK):
        assert owner.store("I live in Rome", user_id="disk-elsewhere")["id"]
