"""What the schemas of the tools allow is accepted: null for optional arguments, whole numbers, Unix times."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from memories.api.mcp import schemas
from memories.api.mcp.tools import TOOLS
from tests import build
from tests.api.test_mcp import OSLO, call, refused, request, rows, send, use
from tests.api.test_mcp_arguments import valid_arguments
from tests.build import Caller

INPUTS = {tool.name: schemas.of(tool.request()) for tool in TOOLS.values()}
OPTIONAL = [
    (tool, name)
    for tool, schema in INPUTS.items()
    for name in schema["properties"]
    if name not in schema.get("required", ())
]
INTEGERS = [(tool, name) for tool, name in OPTIONAL if "integer" in INPUTS[tool]["properties"][name]["type"]]
ALL = "Name of the project. Leave it out to read all projects of the API key."
ONE = "Name of the project. Leave it out to use the only project of the API key, or the default one."


def is_valid(tool: str, arguments: dict[str, Any]) -> bool:
    return bool(Draft202012Validator(INPUTS[tool]).is_valid(arguments))


@pytest.fixture
def valid(owner: Caller) -> dict[str, dict[str, Any]]:
    memory_id = use(owner, "add_memory", content=OSLO)["id"]
    return valid_arguments(memory_id, use(owner, "search_entities")["entities"][0]["id"])


def test_null_is_the_same_as_an_absent_argument(owner: Caller, valid: dict[str, dict[str, Any]]) -> None:
    assert len(OPTIONAL) == 56
    for tool in TOOLS:
        nulls = {name: None for of, name in OPTIONAL if of == tool and name not in valid[tool]}
        assert is_valid(tool, valid[tool] | nulls), tool
        if tool != "forget_memory":
            use(owner, tool, **valid[tool], **nulls)


def test_null_is_no_value_of_a_required_argument(owner: Caller, valid: dict[str, dict[str, Any]]) -> None:
    before = rows()
    for tool, schema in INPUTS.items():
        for name in schema.get("required", ()):
            arguments = valid[tool] | {name: None}
            assert not is_valid(tool, arguments)
            assert refused(call(owner, tool, **arguments)).startswith(f"validation_error: {name}: "), (tool, name)
        assert refused(call(owner, tool, **valid[tool], page=None)) == "validation_error: page: is not known here"
    assert rows() == before


def test_a_whole_number_may_be_written_with_a_point(owner: Caller, valid: dict[str, dict[str, Any]]) -> None:
    assert len(INTEGERS) == 7
    for tool, name in INTEGERS:
        most = INPUTS[tool]["properties"][name]["maximum"]
        for value in (1.0 if name != "max_tokens" else 100.0, float(most)):
            arguments = valid[tool] | {name: value}
            assert is_valid(tool, arguments)
            use(owner, tool, **arguments)
        said = f"validation_error: {name}: must be at most {most}"
        assert refused(call(owner, tool, **valid[tool], **{name: most + 1.0})) == said
        assert refused(call(owner, tool, **valid[tool], **{name: 1e300})) == said


@pytest.mark.parametrize("limit", ["1.5", "1e400", "-1e400", "NaN", "true", '"10"', '"10.0"', "[10.0]"])
@pytest.mark.parametrize("path", ["/mcp", "/api/v1/memories/recall"])
def test_no_other_number_is_a_whole_one(owner: Caller, limit: str, path: str) -> None:
    said = "limit: must be a whole number"
    if path == "/mcp":
        body = (
            '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"list_memories","arguments":{"limit":%s}}}'
        )
        assert refused(send(owner, body % limit).json()["result"]) == f"validation_error: {said}"
    else:
        response = owner.post(path, f'{{"query": "Oslo", "limit": {limit}}}')
        assert response.status_code == 400
        assert response.json()["detail"] == ("The body is not valid JSON." if limit == "NaN" else said)


def test_a_whole_number_with_a_point_in_every_dialect(owner: Caller) -> None:
    for content in (OSLO, "I drink tea."):
        owner.store(content)
    search = {"query": "Oslo tea", "threshold": 0, "user_id": "default"}
    recalled = owner.post("/api/v1/memories/recall", search | {"limit": 1.0}).json()
    assert len(recalled["memories"]) == 1
    found = owner.post("/v2/memories/search/", {"query": "Oslo", "filters": {"user_id": "default"}, "top_k": 1.0})
    assert (found.status_code, len(found.json())) == (200, 1)


def test_a_unix_time_is_a_timestamp(owner: Caller) -> None:
    for number, timestamp in enumerate((1_767_225_600, 1_767_225_600_000.0, "1767225600", "2026-01-01T00:00:00Z")):
        arguments = {"content": OSLO, "user_id": f"user{number}", "timestamp": timestamp}
        assert is_valid("add_memory", arguments)
        memory_id = use(owner, "add_memory", **arguments)["id"]
        assert use(owner, "get_memory", memory_id=memory_id)["valid_from"] == "2026-01-01T00:00:00Z"
    assert not is_valid("add_memory", {"content": OSLO, "timestamp": True})


def test_the_example_of_a_text_becomes_two_memories(owner: Caller) -> None:
    description = INPUTS["add_memory"]["properties"]["content"]["description"]
    example = description.partition(': "')[2].removesuffix('"')
    assert example == "I live in Lisbon. I work at Acme."
    stored = use(owner, "add_memory", content=example)
    assert stored["extracted_facts"] == ["User lives in Lisbon", "User works at Acme"]


def test_the_description_of_a_project_is_true() -> None:
    described = {
        tool: s["properties"]["project"]["description"] for tool, s in INPUTS.items() if "project" in s["properties"]
    }
    reads = ("list_memories", "search_entities", "user_profile")
    searches = ("add_memory", "search_memories", "get_context")
    assert described == dict.fromkeys(reads, ALL) | dict.fromkeys(searches, ONE)


def test_tools_read_the_projects_that_they_say(owner: Caller) -> None:
    for project, content in {"default": OSLO, "work": "Bob works at Acme."}.items():
        use(owner, "add_memory", content=content, project=project)
    for caller in (owner, build.caller(project_ids=["default", "work"])):
        assert use(caller, "list_memories")["total"] == 2
        assert {e["name"] for e in use(caller, "search_entities")["entities"]} >= {"Acme", "Oslo"}
        assert use(caller, "user_profile")["total_memories"] == 2
    searched = {"query": "Oslo Acme Bob", "threshold": 0}
    assert use(owner, "search_memories", **searched)["total"] == 1
    assert use(owner, "get_context", **searched)["total"] == 1
    (found,) = use(build.caller(project_ids=["work"]), "search_memories", **searched)["memories"]
    assert found["content"] == "Bob works at Acme"


def test_a_key_of_several_projects_is_told_their_names(eager: None) -> None:
    caller = build.caller(project_ids=["work", "home"])
    said = "project: this API key has several projects: name one of them (home, work)"
    for tool, arguments in {"add_memory": {"content": OSLO}, "search_memories": {"query": OSLO}}.items():
        assert refused(call(caller, tool, **arguments)) == f"validation_error: {said}"
    assert caller.post("/api/v1/memories", {"content": OSLO}).json()["detail"] == said
    assert caller.post("/v1/memories", {"content": OSLO}).json()["error"]["message"] == said
    assert (
        caller.post("/v1/memories/", {"messages": [{"role": "user", "content": OSLO}], "user_id": "ann"}).json()[
            "detail"
        ]
        == said
    )
    assert rows() == [0, 0, 0, 0]


def test_results_are_as_their_schemas_say(owner: Caller, valid: dict[str, dict[str, Any]]) -> None:
    for tool in send(owner, request("tools/list")).json()["result"]["tools"]:
        validator = Draft202012Validator(tool["outputSchema"])
        result = use(owner, tool["name"], **valid[tool["name"]]) if tool["name"] != "forget_memory" else None
        assert result is None or list(validator.iter_errors(result)) == [], tool["name"]
