"""MCP's published Python client, unmodified, against a service with the default extractor and embedder: every tool,
resource and prompt, over HTTP and over `memproject-mcp`, in the era of sessions and in the one of single requests."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients import environment
from tests.clients.api_keys import create_key
from tests.clients.mcp_clients import KINDS, McpClient, Raised
from tests.e2e.running import Service

OSLO, ACME = "Ann lives in Oslo", "Ann works at Acme"
UNKNOWN = "mem_" + "0" * 32
# name: (read-only, destructive)
TOOLS = {
    "add_memory": (False, False),
    "search_memories": (True, False),
    "get_context": (True, False),
    "list_memories": (True, False),
    "get_memory": (True, False),
    "update_memory": (False, True),
    "forget_memory": (False, True),
    "memory_history": (True, False),
    "search_entities": (True, False),
    "entity_neighbors": (True, False),
    "user_profile": (True, False),
}


@pytest.fixture(scope="session")
def python() -> Path:
    return environment.made(environment.HERE / "mcp_requirements.txt")


@pytest.fixture
def started(python: Path, service: Service) -> Iterator[Callable[..., McpClient]]:
    """Starts clients of the service; the fixture ends them."""
    running: list[McpClient] = []

    def start(key: str, transport: str = "http", mode: str = "auto") -> McpClient:
        running.append(McpClient(python, service, key, transport, mode))
        return running[-1]

    yield start
    for client in running:
        client.end()


@pytest.fixture
def kind() -> tuple[str, str]:
    return "http", "auto"


@pytest.fixture
def client(started: Callable[..., McpClient], bound_key: str, kind: tuple[str, str]) -> McpClient:
    return started(bound_key, *kind)


def texts(listed: Any) -> list[str]:
    return [memory["content"] for memory in listed["memories"]]


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_it_lists_every_tool(client: McpClient, kind: tuple[str, str]) -> None:
    server = client.ask("server")
    assert server["version"] == ("2026-07-28" if kind[1] == "auto" else "2025-11-25")
    assert server["instructions"].startswith("A long-term memory.")
    tools = client.ask("list_tools")["tools"]
    hints = {tool["name"]: tool["annotations"] for tool in tools}
    assert {name: (h["readOnlyHint"], h["destructiveHint"]) for name, h in hints.items()} == TOOLS
    assert all(h["idempotentHint"] and not h["openWorldHint"] for h in hints.values())
    for tool in tools:
        assert tool["title"] == tool["annotations"]["title"]
        assert len(tool["description"]) > 50
        assert tool["inputSchema"]["additionalProperties"] is False
        assert all(field["description"] for field in tool["inputSchema"]["properties"].values())
        assert tool["outputSchema"]["required"]
    add = next(tool["inputSchema"] for tool in tools if tool["name"] == "add_memory")
    assert add["required"] == ["content"]
    assert (add["properties"]["content"]["minLength"], add["properties"]["content"]["maxLength"]) == (1, 50_000)
    search = next(tool["inputSchema"] for tool in tools if tool["name"] == "search_memories")
    limit = search["properties"]["limit"]
    assert (limit["type"], limit["minimum"], limit["maximum"], limit["default"]) == (["integer", "null"], 1, 50, 10)


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_every_tool_gives_exact_values(client: McpClient, user: str) -> None:
    added = client.use("add_memory", content=f"{OSLO}.", metadata={"topic": "home"}, session_id="s1")
    memory_id = added["id"]
    assert (added["status"], added["extracted_facts"], added["duplicate_of"]) == ("success", [OSLO], None)
    again = client.use("add_memory", content=f"{OSLO}.")
    assert (again["status"], again["id"], again["duplicate_of"]) == ("duplicate", memory_id, memory_id)
    client.use("add_memory", content=ACME, session_id="s1")

    found = client.use("search_memories", query="Where does Ann live?", limit=1)
    assert (texts(found), found["total"], found["memories"][0]["metadata"]) == ([OSLO], 1, {"topic": "home"})
    assert 0.4 <= found["memories"][0]["score"] <= 1
    assert texts(client.use("search_memories", query="Ann", threshold=0, filters={"topic": "home"})) == [OSLO]

    context = client.call("get_context", query="Where does Ann live?", limit=1, max_tokens=100)
    assert (context.text, context.data["total"], context.data["context_omitted"]) == (f"{OSLO}.", 1, 0)
    assert context.data["context"] == context.text

    first = client.use("list_memories", limit=1)
    assert (texts(first), first["total"]) == ([ACME], 2)
    second = client.use("list_memories", limit=1, cursor=first["next_cursor"])
    assert (texts(second), second["next_cursor"]) == ([OSLO], None)

    memory = client.use("get_memory", memory_id=memory_id)
    assert (memory["content"], memory["user_id"], memory["session_id"]) == (OSLO, user, "s1")
    assert (memory["status"], memory["entities"]) == ("active", ["Ann", "Oslo"])

    changed = client.use("update_memory", memory_id=memory_id, content="Ann lives in Bergen", importance=0.9)
    assert changed == {"status": "success", "id": memory_id, "content": "Ann lives in Bergen"}
    history = client.use("memory_history", memory_id=memory_id)
    revisions = [(revision["action"], revision["content"]) for revision in history["revisions"]]
    assert revisions == [("UPDATE", "Ann lives in Bergen"), ("ADD", OSLO)]

    entities = client.use("search_entities", query="ann", type="PERSON")
    assert [(e["name"], e["type"], e["memory_count"]) for e in entities["entities"]] == [("Ann", "PERSON", 2)]
    near = client.use("entity_neighbors", entity_id=entities["entities"][0]["id"], depth=1)
    assert [(n["name"], n["distance"]) for n in near["nodes"]] == [("Ann", 0), ("Acme", 1), ("Bergen", 1)]
    relations = {(e["source"], e["type"], e["target"]) for e in near["edges"]}
    assert relations == {("Ann", "WORKS_AT", "Acme"), ("Ann", "LIVES_IN", "Bergen")}

    profile = client.use("user_profile")
    assert (profile["user_id"], profile["total_memories"], profile["memory_types"]) == (user, 2, {"fact": 2})
    assert {fact["content"] for fact in profile["facts"]} == {"Ann lives in Bergen", ACME}

    assert client.use("forget_memory", memory_id=memory_id)["deleted_memories"] == 1
    gone = client.call("get_memory", memory_id=memory_id)
    assert (gone.is_error, gone.text) == (True, f"not_found: Memory with ID '{memory_id}' not found")
    assert texts(client.use("list_memories")) == [ACME]


def test_a_text_is_stored_verbatim(client: McpClient) -> None:
    said = "I live in Oslo. I drink tea."
    assert client.use("add_memory", content=said, verbatim=True, memory_type="note")["extracted_facts"] == [said]
    (memory,) = client.use("list_memories")["memories"]
    assert (memory["content"], memory["memory_type"]) == (said, "note")


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_resources_and_the_prompt(client: McpClient, user: str) -> None:
    memory_id = client.use("add_memory", content=OSLO)["id"]
    (listed,) = client.ask("list_resources")["resources"]
    assert (listed["uri"], listed["mimeType"]) == (f"memproject://users/{user}/profile", "application/json")
    templates = client.ask("list_resource_templates")["resourceTemplates"]
    named = ["memproject://users/{user_id}/profile", "memproject://memories/{memory_id}"]
    assert [template["uriTemplate"] for template in templates] == named
    (profile,) = client.ask("read_resource", uri=listed["uri"])["contents"]
    assert f'"user_id": "{user}", "total_memories": 1' in profile["text"]
    (memory,) = client.ask("read_resource", uri=f"memproject://memories/{memory_id}")["contents"]
    assert f'"id": "{memory_id}", "content": "{OSLO}"' in memory["text"]

    (prompt,) = client.ask("list_prompts")["prompts"]
    assert (prompt["name"], [argument["name"] for argument in prompt["arguments"]]) == ("use_memory", ["user_id"])
    (message,) = client.ask("get_prompt", name="use_memory", arguments={"user_id": user})["messages"]
    assert message["role"] == "user"
    assert message["content"]["text"].startswith(
        f'You have a long-term memory, which you reach with tools. Send user_id "{user}"'
    )


@pytest.mark.parametrize("kind", [("http", "auto"), ("http", "legacy")], ids="-".join)
def test_an_unknown_name_is_an_error_of_the_protocol(client: McpClient) -> None:
    for method, arguments in (
        ("read_resource", {"uri": f"memproject://memories/{UNKNOWN}"}),
        ("read_resource", {"uri": "memproject://users/somebody-else/profile"}),
        ("read_resource", {"uri": "file:///etc/passwd"}),
        ("get_prompt", {"name": "unknown"}),
        ("get_prompt", {"name": "use_memory", "arguments": {"user_id": "somebody-else"}}),
        ("call_tool", {"name": "unknown", "arguments": {}}),
    ):
        with pytest.raises(Raised) as raised:
            client.ask(method, **arguments)
        assert raised.value.code == -32602, arguments


def test_a_bound_key_reaches_no_other_user(
    client: McpClient, started: Callable[..., McpClient], service: Service, user: str
) -> None:
    other = started(service.key)
    secret = other.use("add_memory", content="Bob lives in Rome", user_id=f"other-{user}")["id"]
    for tool, arguments in {
        "add_memory": {"content": OSLO},
        "search_memories": {"query": "Bob"},
        "get_context": {"query": "Bob"},
        "list_memories": {},
        "search_entities": {},
        "user_profile": {},
    }.items():
        result = client.call(tool, **arguments, user_id=f"other-{user}")
        said = "permission_denied: user_id: this API key acts for one user and may not name another"
        assert (result.is_error, result.text) == (True, said)
    for tool in ("get_memory", "memory_history", "forget_memory"):
        result = client.call(tool, memory_id=secret)
        assert (result.is_error, result.text) == (True, f"not_found: Memory with ID '{secret}' not found")
    assert client.call("update_memory", memory_id=secret, content=OSLO).is_error
    (entity,) = other.use("search_entities", query="Bob", user_id=f"other-{user}")["entities"]
    assert client.call("entity_neighbors", entity_id=entity["id"]).text.startswith("not_found: ")

    assert texts(other.use("list_memories", user_id=f"other-{user}")) == ["Bob lives in Rome"]
    assert client.use("list_memories")["total"] == 0


def test_a_viewer_is_told_that_it_may_not_write(
    client: McpClient, started: Callable[..., McpClient], service: Service, admin_key: str, user: str
) -> None:
    memory_id = client.use("add_memory", content=OSLO)["id"]
    viewer = started(create_key(service, admin_key, role="viewer", user_id=user))
    assert texts(viewer.use("search_memories", query="Where does Ann live?")) == [OSLO]
    for tool, scope, arguments in (
        ("add_memory", "memories:write", {"content": ACME}),
        ("update_memory", "memories:write", {"memory_id": memory_id, "content": ACME}),
        ("forget_memory", "memories:delete", {"memory_id": memory_id}),
    ):
        result = viewer.call(tool, **arguments)
        said = f"permission_denied: This API key may not call {tool}: it lacks {scope}."
        assert (result.is_error, result.text) == (True, said)
    assert texts(client.use("list_memories")) == [OSLO]


def test_the_program_of_the_guide(python: Path, service: Service, bound_key: str, tmp_path: Path) -> None:
    guide = (environment.ROOT / "docs" / "guides" / "mcp.md").read_text()
    (program,) = re.findall(r"^```python\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    file = tmp_path / "program.py"
    file.write_text(program.replace("<key>", bound_key).replace("http://localhost:8080", service.url))
    done = subprocess.run([python, "-I", file], capture_output=True, text=True, timeout=110, env={}, check=False)
    assert done.stdout == "User moved to Lisbon\n", done.stderr


# An agent's language model: what it does with a message of the user, and how it answers with the result of the tool.
SCRIPT: dict[str, tuple[str, str, Callable[[Any], str]]] = {
    "Hi, I'm Ann. I moved to Lisbon last week and I'm allergic to peanuts.": (
        "add_memory",
        "content",
        lambda stored: f"I will remember {len(stored['memories'])} things.",
    ),
    "Which snacks should I avoid?": (
        "search_memories",
        "query",
        lambda found: "Avoid peanuts." if "peanuts" in found["memories"][0]["content"] else "I don't know.",
    ),
    "In which city do I live?": (
        "get_context",
        "query",
        lambda found: "Lisbon." if "moved to Lisbon" in found["context"] else "I don't know.",
    ),
}


def converse(client: McpClient, *messages: str) -> list[str]:
    """One session of the agent: it reads its prompt, and lets its model call a tool for each message."""
    assert client.ask("get_prompt", name="use_memory")["messages"]
    offered = {tool["name"] for tool in client.ask("list_tools")["tools"]}
    replies = []
    for message in messages:
        tool, argument, reply = SCRIPT[message]
        assert tool in offered
        replies.append(reply(client.use(tool, **{argument: message})))
    return replies


@pytest.mark.parametrize("kind", KINDS[1:3], ids="-".join)
def test_an_agent_remembers_in_its_second_session(
    started: Callable[..., McpClient], bound_key: str, kind: tuple[str, str]
) -> None:
    introduction, snacks, city = SCRIPT
    (reply,) = converse(started(bound_key, *kind), introduction)
    assert reply.startswith("I will remember ")
    assert converse(started(bound_key, *kind), snacks, city) == ["Avoid peanuts.", "Lisbon."]
