"""The image and the compose file, as far as they can be checked without an engine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from memproject.embedded import neo4j_server

DOCKER = Path(__file__).resolve().parent.parent.parent / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LASTING = [name for name in SERVICES if name != "migrate"]
OURS = ["web", "worker-pipeline", "worker-long", "worker-maintenance", "beat", "migrate"]


@pytest.mark.skipif(shutil.which("hadolint", path=str(Path(sys.executable).parent)) is None, reason="no wheel")
def test_the_linter_is_content() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, DOCKER / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_not_roots_and_holds_the_model() -> None:
    text = (DOCKER / "Dockerfile").read_text()
    _, build, final = re.split(r"^FROM ", text, flags=re.MULTILINE)
    assert "--require-hashes" in build
    assert "memories.embeddings.weights" in build
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert "pip install" not in final
    assert "HEALTHCHECK" in final


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_watched(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "redis"])
def test_a_stop_waits_for_running_work(name: str) -> None:
    """Redis holds nothing that a stop could lose."""
    assert SERVICES[name]["stop_grace_period"] == "30s"


def test_nothing_but_the_web_port_is_published() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert SERVICES["web"]["ports"] == ["127.0.0.1:${API_PORT:-8080}:8080"]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_and_may_gain_nothing(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].rpartition(":")
    assert re.search(r"\d+\.\d+", tag)
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]


def test_migrations_are_a_job_that_the_others_wait_for() -> None:
    assert SERVICES["migrate"]["restart"] == "no"
    for name in ("web", "worker-pipeline", "worker-long", "worker-maintenance", "beat"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


@pytest.mark.parametrize("name", OURS)
def test_secrets_come_from_the_environment(name: str) -> None:
    environment = SERVICES[name]["environment"]
    for secret in ("SECRET_KEY", "KEY_PEPPERS"):
        assert environment[secret].startswith(f"${{{secret}:?")
    assert "${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]


def test_the_queues_are_all_served() -> None:
    commands = [SERVICES[name]["command"] for name in ("worker-pipeline", "worker-long", "worker-maintenance")]
    served = [queue for command in commands for queue in command[command.index("-Q") + 1].split(",")]
    assert sorted(served) == ["bulk", "deliver", "graph", "long", "maintenance", "store"]


def test_the_graph_is_there_when_it_is_asked_for() -> None:
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["neo4j"]
    assert SERVICES["neo4j"]["image"] == f"neo4j:{neo4j_server.version()}-community"


def test_the_example_names_what_must_be_set() -> None:
    named = re.findall(r"^([A-Z0-9_]+)=", (DOCKER / ".env.example").read_text(), re.MULTILINE)
    wanted = re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", (DOCKER / "compose.yml").read_text())
    assert set(wanted) == set(named)
