"""The structured results of MCP tools that differ from the responses of `/api/v1`."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from rest_framework import serializers

from core.http.responses import PublicIdField, ResponseSerializer
from core.ids import EVENT, MEMORY
from memories.api.remembra.responses import EntityReferenceOut, MemoryOut, RecalledMemoryOut


class SearchResultOut(ResponseSerializer):
    """Without the context, which would repeat the texts."""

    memories = RecalledMemoryOut(many=True, source="hits", help_text="Best first.")
    total = serializers.IntegerField()
    entities = EntityReferenceOut(many=True, help_text="The entities that these memories mention.")


class ContextOut(ResponseSerializer):
    context = serializers.CharField(help_text="The memories as lines of text.")  # type: ignore[assignment]  # DRF's own is not used here
    context_tokens = serializers.IntegerField()
    context_omitted = serializers.IntegerField(help_text="Number of found memories without a line in the context.")
    total = serializers.IntegerField(help_text="Number of found memories.")


class MemoryListOut(ResponseSerializer):
    memories = MemoryOut(many=True, help_text="Newest first.")
    total = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True, help_text="null on the last page.")


@dataclass(frozen=True, slots=True)
class ChangedMemory:
    """An update: `content` None while it is pending."""

    status: str
    id: UUID | None
    content: str | None = None
    event_id: UUID | None = None


class ChangedMemoryOut(ResponseSerializer):
    status = serializers.ChoiceField(["success", "pending"])
    id = PublicIdField(MEMORY)
    content = serializers.CharField(required=False)
    event_id = PublicIdField(EVENT, required=False)
