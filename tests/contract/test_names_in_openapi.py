"""The names of the OpenAPI document: a generated client has them as its methods, modules and classes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.http import tags
from tests.document import document

RAW = document().raw
OPERATIONS: dict[str, dict[str, Any]] = {operation.name: operation.raw for operation in document().operations}
PREFIXES = {"/api/v1": "", "/v1": "v1_"}  # the paths without a dialect have SERVICE
SERVICE, PLATFORM = "service_", "platform_"  # PLATFORM: paths that end in a slash
VERBS = (
    "add|create|decide|delete|export|find|get|ingest|list|merge|patch|recall|restore|revoke|rotate|run|search|split"
    "|store|supersede|test|update"
)
SUMMARY = 60


def bare(name: str) -> str:
    """The operationId of an operation without the prefix of its dialect, which must be there."""
    path = name.partition(" ")[2]
    prefix = next((found for start, found in PREFIXES.items() if path.startswith(f"{start}/")), SERVICE)
    prefix = PLATFORM if path.endswith("/") else prefix
    operation_id = str(OPERATIONS[name]["operationId"])
    assert operation_id.startswith(prefix)
    return operation_id.removeprefix(prefix)


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_ids_have_one_scheme(name: str) -> None:
    assert re.fullmatch(rf"({VERBS})(_[a-z]+)+", bare(name))


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_a_summary_and_a_description(name: str) -> None:
    operation = OPERATIONS[name]
    assert re.fullmatch(r"[A-Z][a-z]+ .*[^.]", operation["summary"])
    assert len(operation["summary"]) <= SUMMARY
    assert re.fullmatch(r"[A-Z`].*\.", operation["description"])
    assert operation["description"] != f"{operation['summary']}."


def test_tags_are_a_fixed_list_with_descriptions() -> None:
    assert RAW["tags"] == [{"name": tag.name, "description": tag.description} for tag in tags.TAGS]
    used = [operation["tags"] for operation in OPERATIONS.values()]
    assert {len(names) for names in used} == {1}
    assert {names[0] for names in used} == {tag.name for tag in tags.TAGS}
    for tag in tags.TAGS:
        assert re.fullmatch(r"[A-Z][a-z]+", tag.name)
        assert re.fullmatch(r"[A-Z].+\.", tag.description)


def test_the_same_noun_has_the_same_tag_in_both_dialects() -> None:
    assert tags.tag_of("/v1/memories/{memory_id}") is tags.tag_of("/api/v1/memories/{memory_id}")
    assert tags.tag_of("/health") is tags.tag_of("/api/v1/health")
    with pytest.raises(KeyError, match="unheard-of"):
        tags.tag_of("/api/v1/unheard-of")


def test_components_have_names_that_a_client_can_show() -> None:
    """No suffixes of serializers or of collisions; the only digit is that of `V1`, the dialect."""
    names = RAW["components"]["schemas"]
    assert [n for n in names if not re.fullmatch(r"(V1)?([A-Z][a-z]+)+", n)] == []
    assert [n for n in names if re.match("Patched|Remembra", n) or re.search("(Enum|In|Out|Serializer)$", n)] == []


def test_bodies_are_requests_and_requests_are_no_responses() -> None:
    bodies, responses = set(), set()
    for operation in OPERATIONS.values():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            bodies.add(content["schema"]["$ref"].rpartition("/")[2])
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                responses.add(content["schema"].get("$ref", "").rpartition("/")[2])
    assert [name for name in bodies if not name.endswith("Request")] == []
    assert [name for name in responses if name.endswith("Request")] == []


def test_the_document_names_its_server() -> None:
    assert RAW["servers"] == [{"url": "/", "description": "This service"}]
