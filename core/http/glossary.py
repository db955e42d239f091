"""What the API's names mean, said once: the OpenAPI document has it wherever an operation says nothing of its own."""

from __future__ import annotations

import inspect
from typing import Any

from core.http.base import RequestSerializer
from core.http.responses import ResponseSerializer

# For developers; drf-spectacular takes them for descriptions of the serializers without a docstring.
INHERITED = frozenset(map(inspect.getdoc, (RequestSerializer, ResponseSerializer)))
MEANINGS = {
    "agent_id": "The agent that speaks.",
    "all": "`true`: everything of the user.",
    "all_memories": "`true`: everything of the user.",
    "archived": "`true`: archived memories too.",
    "as_of": "As the service knew it at this time (ISO 8601).",
    "content": "The text.",
    "cursor": "The `next_cursor` of the page before.",
    "depth": "How many relations away.",
    "dry_run": "`true`: only say what would happen.",
    "entity": "An entity's name, alias or id.",
    "entity_id": "The entity's id, `ent_…`.",
    "entity_type": "The same as type.",
    "event_id": "The write's id, `evt_…`.",
    "expires_at": "When it expires, ISO 8601.",
    "explain": "`true`: say how each score came about.",
    "extract_from": "Whose messages facts are taken from.",
    "from": "The entity that the path begins with, `ent_…`.",
    "importance": "How much it matters, 0 to 1.",
    "include_history": "`true`: relations that no longer hold, too.",
    "items": "What to store, each as one body of `POST /api/v1/memories`.",
    "key_id": "The key's id, `key_…`.",
    "UpdateKeyIn.name": "What the key is for.",
    "CreateKeyIn.role": "What it may do: read, also write and delete, or also manage.",
    "limit": "How many at most.",
    "max_depth": "How long a path may be.",
    "max_tokens": "How long `context` may get; `memories` is not affected.",
    "memory_id": "The memory's id, `mem_…`.",
    "memory_ids": "Ids of memories, `mem_…`.",
    "memory_type": "What kind of memory it is, in a word of yours.",
    "MessageIn.content": "What was said.",
    "MessageIn.name": "The speaker's name.",
    "MessageIn.role": "Who said it: `user`, `assistant` …",
    "messages": "What was said, in order.",
    "metadata": "A JSON object of your own, at most 16 KB.",
    "min_importance": "Facts that matter less are left out, 0 to 1.",
    "offset": "How many to skip; the answer is a bare array.",
    "options": "How it is done.",
    "page": "Which page, from 1.",
    "pinned": "`true`: never decays.",
    "project": "The project.",
    "project_id": "The same as `project`.",
    "project_ids": "Limits it to these projects.",
    "query": "What is asked or looked for, in plain words.",
    "rate_limit_tier": "Which rate limits it has.",
    "reason": "Why, for the history.",
    "receipt_id": "The receipt's id, `ers_…`.",
    "reference_time": "What `today` means in the question (ISO 8601).",
    "run_id": "The conversation.",
    "session_id": "The conversation.",
    "speaker": "The speaker's name.",
    "StoreMemoryIn.role": "Who said it: `user`, `assistant` …",
    "tenant_id": "The tenant's id.",
    "UpdateTenantIn.name": "What it is called.",
    "CreateTenantIn.name": "What it is called.",
    "threshold": "The least score, 0 to 1.",
    "to": "The entity that the path ends with, `ent_…`.",
    "ttl": "How long it lives, such as `30d`; see TTL.",
    "type": "Of this kind alone.",
    "url": "Where the messages are sent, http or https.",
    "user_id": "Whose memories; a key that is bound to a user means that one.",
    "valid_at": "What was true at this time (ISO 8601).",
    "review_id": "The review's id, `rvw_…`.",
    "webhook_id": "The webhook's id.",
}


def describe(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: give parameters and fields of requests that have no description theirs."""
    for item in result["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                _fill(parameter, parameter["name"])
    for name, schema in result["components"]["schemas"].items():
        if schema.get("description") in INHERITED:
            del schema["description"]
        if name.endswith("Request"):
            for field, said in schema.get("properties", {}).items():
                _fill(said, f"{name.removeprefix('Patched').removesuffix('Request')}.{field}", field)
    return result


def _fill(said: dict[str, Any], *names: str) -> None:
    """The meaning of the first name that has one; a field of one operation goes by `<serializer>.<field>`."""
    for name in names:
        if name in MEANINGS and "description" not in said:
            said["description"] = MEANINGS[name]
            if "$ref" in said:  # nothing may stand beside a reference
                said["allOf"] = [{"$ref": said.pop("$ref")}]
