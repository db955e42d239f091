"""The committed OpenAPI document, and whether an answer fits it."""

from __future__ import annotations

import functools
from typing import Any

from jsonschema import Draft202012Validator

from contracts.document import ApiOperation, Document, load


@functools.cache
def document() -> Document:
    return load()


def plain(schema: Any) -> Any:
    """The schema with its references put in, and OpenAPI's `nullable` said as JSON Schema says it."""
    if isinstance(schema, list):
        return [plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return plain(document().resolve(schema))
    inner = {key: plain(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if schema.get("nullable") else inner


def misfits(operation: ApiOperation, status: int, body: Any) -> list[str]:
    """What is wrong with the answer, as the document has it."""
    media = operation.media(status)
    schema = plain(operation.raw["responses"][str(status)]["content"][media]["schema"])
    return [f"{'.'.join(map(str, e.path))}: {e.message}" for e in Draft202012Validator(schema).iter_errors(body)]
