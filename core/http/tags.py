"""The tags of the OpenAPI document: each operation has one, by the first segment of its path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DIALECTS = ("/api/v1", "/v1")
PLATFORM = "Platform"


@dataclass(frozen=True)
class Tag:
    """`segments`: first segments of the paths under the dialect's prefix."""

    name: str
    description: str
    segments: tuple[str, ...]


TAGS = (
    Tag("Memories", "Store, recall, list, update and delete memories.", ("memories", "ingest")),
    Tag("Events", "The state of accepted writes.", ("events",)),
    Tag("Reviews", "Pairs of memories with a proposal that an editor accepts or rejects.", ("reviews",)),
    Tag("Decay", "Decay scores of memories, and the clean-up of expired and decayed memories.", ("temporal",)),
    Tag("Users", "Profiles of end users.", ("users",)),
    Tag("Entities", "Entities that memories mention, with their aliases and relations.", ("entities",)),
    Tag("Graph", "The graph of entities and relations of a user.", ("graph",)),
    Tag("Export", "Export of all data of a user.", ("export",)),
    Tag("Erasures", "Signed receipts of erasures.", ("erasures",)),
    Tag("Webhooks", "Webhooks and their deliveries.", ("webhooks",)),
    Tag("Keys", "API keys of a tenant.", ("keys",)),
    Tag("Tenants", "Tenants; only the master key manages them.", ("tenants",)),
    Tag(PLATFORM, "The platform of mem0, for its published clients. The paths end in a slash.", ()),
    Tag("Service", "Health, status and metrics of the service.", ("health", "status", "metrics")),
)


def tag_of(path: str) -> Tag:
    """KeyError: no tag has the path's first segment; add it to TAGS."""
    if path.endswith("/"):
        return next(tag for tag in TAGS if tag.name == PLATFORM)
    for dialect in DIALECTS:
        path = path.removeprefix(f"{dialect}/")
    segment = path.strip("/").partition("/")[0]
    return {segment: tag for tag in TAGS for segment in tag.segments}[segment]


def add_tags(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: list the tags with their descriptions, in the order of TAGS."""
    return result | {"tags": [{"name": tag.name, "description": tag.description} for tag in TAGS]}
