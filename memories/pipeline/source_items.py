"""The messages of an accepted write: one raw text, and each message as a span of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.dateparse import parse_datetime

from core.clock import iso
from memories.models import Source
from memories.types import Item


def joined(items: Sequence[Item]) -> tuple[str, list[dict[str, Any]]]:
    """All items as one raw text, and each item as a span of it with its speaker and time."""
    parts: list[str] = []
    spans: list[dict[str, Any]] = []
    at = 0
    for item in items:
        said: dict[str, Any] = {"start": at, "stop": at + len(item.content)}
        optional = {
            "role": item.role,
            "speaker": item.speaker,
            "said_at": iso(item.said_at) if item.said_at else None,
            "client_timestamp": item.client_timestamp,
        }
        spans.append(said | {name: value for name, value in optional.items() if value is not None})
        if item.content:
            parts.append(item.content)
            at += len(item.content) + 1
    return "\n".join(parts), spans


def items_of(source: Source) -> list[Item]:
    """The items of a write, cut out of its raw text."""
    return [
        Item(
            source.text[i["start"] : i["stop"]],
            i.get("role"),
            i.get("speaker"),
            parse_datetime(i["said_at"]) if i.get("said_at") else None,
            i.get("client_timestamp"),
        )
        for i in source.payload["items"]
    ]
