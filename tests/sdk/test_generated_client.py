"""A Python client that openapi-python-client generates from the contract, against the running service."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import leaks
from tests.clients import environment
from tests.e2e.running import Service

ROOT = Path(__file__).resolve().parent.parent.parent
CONTRACTS = ROOT / "contracts"
OPERATIONS = [
    (operation["tags"][0].lower(), operation["operationId"])
    for item in yaml.safe_load((CONTRACTS / "openapi.yaml").read_text())["paths"].values()
    for operation in item.values()
]
SCRIPT = Path(__file__).with_name("generated_use.py")


@pytest.fixture(scope="session")
def python() -> Path:
    """An environment of its own: the generator excludes the release of typer that the service has."""
    return environment.made(Path(__file__).with_name("requirements.txt"))


@pytest.fixture(scope="session")
def generated(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the package `memproject_client`."""
    folder = tmp_path_factory.mktemp("generated")
    command = ["generate", "--path", CONTRACTS / "openapi.yaml", "--config", CONTRACTS / "python_client.yaml"]
    output = ["--meta", "none", "--output-path", folder / "memproject_client", "--fail-on-warning"]
    run(python.with_name("openapi-python-client"), *command, *output)
    return folder


def run(*command: str | Path) -> str:
    """The output of a command that must succeed, without the caller's environment."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=110, check=False, env={"PYTHONIOENCODING": "utf-8"}
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def used(python: Path, generated: Path, service: Service) -> tuple[str, dict[str, Any]]:
    """The user that the script stored for, and its output."""
    user = f"user-{uuid.uuid4().hex}"
    leaks.net.remember(user)
    return user, json.loads(run(python, "-I", "-X", "utf8", SCRIPT, generated, service.url, service.key, user))


def test_it_has_a_module_for_each_operation(generated: Path) -> None:
    api = generated / "memproject_client" / "api"
    modules = {(path.parent.name, path.stem) for path in api.glob("*/*.py") if path.stem != "__init__"}
    assert modules == set(OPERATIONS)
    assert len(modules) == len(OPERATIONS)


def test_it_stores_and_recalls_by_both_dialects(used: tuple[str, dict[str, Any]]) -> None:
    user, responses = used
    stored, (hit,) = responses["stored"], responses["recalled"]["memories"]
    assert (stored["status"], [m["content"] for m in stored["memories"]]) == ("success", ["Ada builds boats in Bergen"])
    assert (hit["id"], hit["content"]) == (stored["id"], "Ada builds boats in Bergen")
    assert [m["content"] for m in responses["listed"]["memories"]] == ["Ada builds boats in Bergen"]

    (result,), (found,) = responses["added"]["data"]["results"], responses["found"]["data"]["results"]
    assert (result["event"], result["content"]) == ("ADD", "Bob teaches chess in Oslo")
    assert (found["id"], found["content"]) == (result["id"], "Bob teaches chess in Oslo")
    memory = responses["memory"]["data"]
    assert (memory["id"], memory["content"], memory["user_id"]) == (result["id"], result["content"], f"{user}-v1")


def test_errors_and_exports_are_typed_too(used: tuple[str, dict[str, Any]]) -> None:
    user, responses = used
    assert responses["missing"]["error"]["code"] == "not_found"
    first, *_, last = [json.loads(line) for line in responses["exported"].splitlines()]
    assert (first["format"], last["line"]) == ("memproject", "end")
    assert user in responses["exported"]
