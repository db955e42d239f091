"""The first document's variables and both documents' numbers: what the environment says is what happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

from memories.models import Memory, Source
from tests.build import Caller, caller
from tests.contract.seeds.inventory import MEM0, rows

ROOT = settings.BASE_DIR
DOCUMENTED = dict(one.text.split("=") for one in rows(MEM0) if one.section == "Configuration")
ANOTHER = {
    "API_PORT": "8181",
    "API_HOST": "::1",
    "API_KEY": "another",
    "MAX_MEMORY_SIZE": "20",
    "SEARCH_LIMIT": "3",
    "DEFAULT_USER_ID": "nobody",
}
READ = """
import json
from django.conf import settings
from memproject import gunicorn
print(json.dumps({"bind": gunicorn.bind} | {name: str(getattr(settings, name)) for name in %r}))
"""


def started_with(names: list[str], **environment: str) -> dict[str, str]:
    """What a process that serves reads from this environment."""
    kept = {key: value for key, value in os.environ.items() if key not in DOCUMENTED}
    done = subprocess.run(
        [sys.executable, "-c", READ % names],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("said", [DOCUMENTED, ANOTHER], ids=["documented", "another"])
def test_each_variable_of_the_environment_is_the_services(said: dict[str, str]) -> None:
    host = f"[{said['API_HOST']}]" if ":" in said["API_HOST"] else said["API_HOST"]
    assert started_with(list(DOCUMENTED), **said) == said | {"bind": f"{host}:{said['API_PORT']}"}


def test_the_documented_values_are_the_defaults() -> None:
    own = {"API_HOST": "127.0.0.1", "API_KEY": ""}  # no key that everybody could read in a document
    assert started_with(list(DOCUMENTED)) == DOCUMENTED | own | {"bind": "127.0.0.1:8080"}


@pytest.mark.parametrize("name", ["AUTH_ENABLED", "REMEMBRA_AUTH_ENABLED"])
def test_authentication_is_on_unless_switched_off_under_either_name(name: str) -> None:
    assert [started_with(["AUTH_ENABLED"], **said)["AUTH_ENABLED"] for said in ({}, {name: "true"})] == ["True"] * 2
    assert started_with(["AUTH_ENABLED"], **{name: "false"})["AUTH_ENABLED"] == "False"


def test_a_text_of_the_documented_size_is_taken_and_a_longer_one_is_not(no_worker: None) -> None:
    agent, most = caller(), int(DOCUMENTED["MAX_MEMORY_SIZE"])
    refused = agent.post("/v1/memories", {"content": "x" * (most + 1), "infer": False})
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, "content")
    assert Source.objects.filter(tenant=agent.row.tenant_id).count() == 0
    assert agent.post("/v1/memories", {"content": "x" * most, "infer": False}).status_code == 202


def test_a_search_gives_the_documented_number_of_results_at_most(owner: Caller) -> None:
    most = int(DOCUMENTED["SEARCH_LIMIT"])
    items = [{"content": f"Ann has read book {n}", "skip_extraction": True} for n in range(most + 1)]
    assert owner.post("/api/v1/memories/batch", {"items": items}).json()["succeeded"] == most + 1
    found = owner.get(f"/v1/memories/search?query=book&threshold=0&limit={most}").json()["data"]
    assert len(found["results"]) == most
    assert owner.get(f"/v1/memories/search?query=book&limit={most + 1}").status_code == 400


def test_who_names_no_user_means_the_documented_one(owner: Caller) -> None:
    owner.post("/v1/memories", {"content": "I live in Oslo"})
    (memory,) = Memory.objects.filter(tenant=owner.row.tenant_id)
    assert memory.user_id == DOCUMENTED["DEFAULT_USER_ID"]


def test_the_documented_numbers_of_requests_are_the_defaults() -> None:
    documented: dict[str, Any] = {"v1": "100/m", "burst": "20/10s", "store": "30/m", "recall": "60/m", "delete": "10/m"}
    assert documented.items() <= settings.RATE_LIMITS.items()
