"""MCP's published client for Node and its inspector, unmodified, against a service with the default models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import fasteners
import pytest

from tests import leaks
from tests.clients import environment
from tests.clients.mcp_clients import stdio_command
from tests.e2e.running import Service

HOME = Path(__file__).parent / "mcp_node"
BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
OSLO = "Ann lives in Oslo"
TOOLS = [
    "add_memory",
    "search_memories",
    "get_context",
    "list_memories",
    "get_memory",
    "update_memory",
    "forget_memory",
    "memory_history",
    "search_entities",
    "entity_neighbors",
    "user_profile",
]


@pytest.fixture(scope="session")
def modules() -> Path:
    """The packages as the lock file has them; installed when they aren't there, or others are."""
    installed, wanted = HOME / "node_modules" / ".package-lock.json", HOME / "package-lock.json"
    cache = environment.ROOT / ".cache"
    (cache / "clients").mkdir(parents=True, exist_ok=True)
    with fasteners.InterProcessLock(cache / "clients" / "mcp_node.lock"):  # the tests run in several processes
        if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
            command = [BIN / "npm", "ci", "--cache", cache / "npm", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(command, cwd=HOME, env=ENVIRONMENT, capture_output=True, text=True, timeout=250)
            assert done.returncode == 0, done.stderr
    return HOME / "node_modules"


def run(*command: str | Path) -> tuple[int, str, str]:
    done = subprocess.run(command, cwd=HOME, env=ENVIRONMENT, capture_output=True, text=True, timeout=110)
    return done.returncode, done.stdout, done.stderr


class NodeClient:
    """Each `ask` is one connection with several calls."""

    def __init__(self, **options: Any) -> None:
        self._options = options

    def ask(self, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
        leaks.net.remember(calls)
        status, out, errors = run(BIN / "node", "client.mjs", json.dumps({**self._options, "calls": calls}))
        assert status == 0, errors
        return list(json.loads(out))

    def use(self, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
        """The structured contents of calls of tools that succeed."""
        answers = self.ask(*[("callTool", {"name": tool, "arguments": arguments}) for tool, arguments in calls])
        assert not any(answer.get("gave", {"isError": True}).get("isError") for answer in answers), answers
        return [answer["gave"]["structuredContent"] for answer in answers]


@pytest.fixture(params=["http", "stdio"])
def client(request: pytest.FixtureRequest, modules: Path, service: Service, bound_key: str) -> NodeClient:
    if request.param == "http":
        return NodeClient(url=f"{service.url}/mcp", key=bound_key)
    return NodeClient(command=stdio_command(Path(sys.executable), service, bound_key))


def test_the_client_lists_and_calls_every_tool(client: NodeClient, user: str) -> None:
    listed, resources, prompts = client.ask(("listTools", {}), ("listResources", {}), ("listPrompts", {}))
    assert [tool["name"] for tool in listed["gave"]["tools"]] == TOOLS
    assert [r["uri"] for r in resources["gave"]["resources"]] == [f"memproject://users/{user}/profile"]
    assert [prompt["name"] for prompt in prompts["gave"]["prompts"]] == ["use_memory"]

    (added,) = client.use(("add_memory", {"content": OSLO, "metadata": {"topic": "home"}}))
    memory = {"memory_id": added["id"]}
    question = {"query": "Where does Ann live?"}
    found, context, page, read, changed, history, entities, profile = client.use(
        ("search_memories", question),
        ("get_context", question),
        ("list_memories", {}),
        ("get_memory", memory),
        ("update_memory", memory | {"pinned": True}),
        ("memory_history", memory),
        ("search_entities", {"query": "Ann"}),
        ("user_profile", {}),
    )
    assert [hit["content"] for hit in found["memories"]] == [OSLO]
    assert context["context"] == f"{OSLO}."
    assert ([m["content"] for m in page["memories"]], page["total"]) == ([OSLO], 1)
    assert (read["content"], read["metadata"], read["user_id"]) == (OSLO, {"topic": "home"}, user)
    assert changed == {"status": "success", "id": added["id"], "content": OSLO}
    assert {revision["content"] for revision in history["revisions"]} == {OSLO}
    assert (profile["total_memories"], [fact["content"] for fact in profile["facts"]]) == (1, [OSLO])
    near, erased = client.use(
        ("entity_neighbors", {"entity_id": entities["entities"][0]["id"]}), ("forget_memory", memory)
    )
    assert [node["name"] for node in near["nodes"]] == ["Ann", "Oslo"]
    assert erased["deleted_memories"] == 1
    assert client.use(("list_memories", {}))[0]["total"] == 0


def test_errors_reach_the_client(client: NodeClient) -> None:
    unknown, wrong, extra = client.ask(
        ("callTool", {"name": "unknown", "arguments": {}}),
        ("callTool", {"name": "search_memories", "arguments": {"query": "Ann", "limit": 0}}),
        ("callTool", {"name": "list_memories", "arguments": {"page": 2}}),
    )
    assert unknown["code"] == -32602
    assert wrong["gave"]["isError"]
    assert wrong["gave"]["content"] == [{"type": "text", "text": "validation_error: limit: must be at least 1"}]
    assert extra["gave"]["content"] == [{"type": "text", "text": "validation_error: page: is not known here"}]


def inspect(modules: Path, service: Service, key: str, *options: str) -> tuple[int, Any, str]:
    leaks.net.remember(key)
    cli = modules / "@modelcontextprotocol" / "inspector" / "clients" / "launcher" / "build" / "index.js"
    target = ["--cli", f"{service.url}/mcp", "--transport", "http", "--header", f"Authorization: Bearer {key}"]
    status, out, errors = run(BIN / "node", cli, *target, *options)
    return status, json.loads(out) if out.strip() else None, errors


def test_the_inspector_finds_nothing_wrong(modules: Path, service: Service, bound_key: str, user: str) -> None:
    status, listed, errors = inspect(modules, service, bound_key, "--method", "tools/list", "--strict")
    assert (status, [tool["name"] for tool in listed["tools"]]) == (0, TOOLS), (listed, errors)
    call = ("--method", "tools/call", "--tool-name")
    status, added, errors = inspect(modules, service, bound_key, *call, "add_memory", "--tool-arg", f"content={OSLO}")
    assert (status, added["structuredContent"]["extracted_facts"]) == (0, [OSLO]), errors
    query = "query=Where does Ann live?"
    status, found, errors = inspect(
        modules, service, bound_key, *call, "search_memories", "--tool-arg", query, "limit=1"
    )
    assert (status, [m["content"] for m in found["structuredContent"]["memories"]]) == (0, [OSLO]), errors
    uri = f"memproject://users/{user}/profile"
    status, profile, errors = inspect(modules, service, bound_key, "--method", "resources/read", "--uri", uri)
    assert (status, json.loads(profile["contents"][0]["text"])["total_memories"]) == (0, 1), errors
    status, _, errors = inspect(modules, service, bound_key, "--method", "prompts/get", "--prompt-name", "use_memory")
    assert status == 0, errors
    status, _, _ = inspect(modules, service, "no-key", "--method", "tools/list")
    assert status != 0
