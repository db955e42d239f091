"""Default descriptions of parameters and request fields in the OpenAPI document, by their names."""

from __future__ import annotations

from typing import Any

MEANINGS = {
    "agent_id": "Id of the agent.",
    "all": "`true`: all memories of the user.",
    "all_memories": "`true`: all memories of the user.",
    "archived": "`true`: also return archived memories.",
    "as_of": "System time of the read (ISO 8601): the state that the service had stored then.",
    "content": "The text.",
    "StoreMemory.content": "The text: a string, or parts as chat SDKs send them; see Messages.",
    "V1AddMemories.content": "The text: a string, or parts as chat SDKs send them; see Messages.",
    "cursor": "The `next_cursor` of the previous page.",
    "depth": "Maximum number of relations between the entities.",
    "dry_run": "`true`: count the memories without changing them.",
    "entity": "An entity's name, alias or id.",
    "entity_id": "Id of the entity, `ent_…`.",
    "entity_type": "The same as `type`.",
    "event_id": "Id of the write, `evt_…`.",
    "expires_at": "Time of expiry, ISO 8601.",
    "explain": "`true`: explain the score of each memory.",
    "extract_from": "The role whose messages facts are extracted from.",
    "from": "Id of the first entity of the path, `ent_…`.",
    "importance": "Importance of the memory, 0 to 1.",
    "include_history": "`true`: also relations that have ended.",
    "items": "The memories to store; each item is a body of `POST /api/v1/memories`.",
    "key_id": "Id of the API key, `key_…`.",
    "UpdateKey.name": "The purpose of the key.",
    "CreateKey.role": "`viewer` reads, `editor` also writes and deletes, `admin` also manages keys and webhooks.",
    "limit": "Maximum number of results.",
    "max_depth": "Maximum number of relations of the path.",
    "max_tokens": "Maximum length of `context` in tokens; `memories` is not affected.",
    "memory_id": "Id of the memory, `mem_…`.",
    "memory_ids": "Ids of memories, `mem_…`.",
    "memory_type": "The type of the memory, a word of your choice.",
    "Message.content": "The text of the message: a string, null, or parts as chat SDKs send them; see Messages.",
    "Message.name": "Name of the speaker.",
    "Message.role": "Role of the speaker: `user`, `assistant`, `system`, `developer`, `tool`, `function` …",
    "MessagePart.text": "The text; its type is `text`, `input_text`, `output_text` or missing.",
    "MessagePart.type": "The type of the part.",
    "messages": "The messages in their order.",
    "metadata": "A JSON object of at most 16 KB.",
    "min_importance": "Minimum importance of the stored facts, 0 to 1.",
    "offset": "Number of results to skip; the response is an array.",
    "options": "Options of the extraction.",
    "page": "Number of the page, from 1.",
    "pinned": "`true`: the memory never decays.",
    "project": "Name of the project.",
    "project_id": "The same as `project`.",
    "project_ids": "Only these projects.",
    "query": "The question, in natural language.",
    "rate_limit_tier": "The tier that sets the rate limits of the key.",
    "reason": "The reason, kept in the history.",
    "receipt_id": "Id of the receipt, `ers_…`.",
    "reference_time": "The time from which `today` in the question counts (ISO 8601).",
    "run_id": "Id of the conversation.",
    "session_id": "Id of the conversation.",
    "speaker": "Name of the speaker.",
    "StoreMemory.role": "Role of the speaker: `user`, `assistant` …",
    "tenant_id": "Id of the tenant, `ten_…`.",
    "UpdateTenant.name": "Name of the tenant.",
    "CreateTenant.name": "Name of the tenant.",
    "threshold": "Minimum score, 0 to 1.",
    "to": "Id of the last entity of the path, `ent_…`.",
    "ttl": "Time to live, such as `30d`; see TTL.",
    "type": "Only entities of this type.",
    "url": "The URL that receives the messages, http or https.",
    "user_id": "Id of the end user. Default: the user that the key is bound to, else `DEFAULT_USER_ID`.",
    "valid_at": "Valid time of the read (ISO 8601): the memories that were true then.",
    "review_id": "Id of the review, `rvw_…`.",
    "webhook_id": "Id of the webhook, `whk_…`.",
}


def describe(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: add the missing descriptions of parameters and of fields of requests."""
    for item in result["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                _fill(parameter, parameter["name"])
    for name, schema in result["components"]["schemas"].items():
        if name.endswith("Request"):
            for field, said in schema.get("properties", {}).items():
                _fill(said, f"{name.removesuffix('Request')}.{field}", field)
    return result


def _fill(said: dict[str, Any], *names: str) -> None:
    """Set the description of the first known name; `<component>.<field>` names a field of one request."""
    for name in names:
        if name in MEANINGS and "description" not in said:
            said["description"] = MEANINGS[name]
            if "$ref" in said:  # OpenAPI 3.0 ignores siblings of $ref
                said["allOf"] = [{"$ref": said.pop("$ref")}]
