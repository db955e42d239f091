"""`/api/v1`: the fields of its requests. `project` and `project_id` are the same field."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from core.http.base import RequestSerializer, TolerantRequestSerializer
from core.http.fields import (
    IdentifierField,
    MetadataField,
    QueryIntegerField,
    StrictBooleanField,
    StrictFloatField,
    StrictIntegerField,
    StrictListField,
    TextField,
    TimestampField,
)
from memories.api.common import (
    FiltersField,
    FutureTimestampField,
    QueryFiltersField,
    TimedIn,
    TimedListIn,
    TTLField,
)
from memories.api.messages import TIME, ClientTimestampField, ContentField, RoleField

CONTENT = 50_000


class ScopedIn(RequestSerializer):
    """`project` may also be called `project_id`."""

    user_id = IdentifierField(required=False)
    project = IdentifierField(required=False)
    project_id = IdentifierField(required=False, help_text="The same as project.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        other = attrs.pop("project_id", None)
        if other is not None and attrs.setdefault("project", other) != other:
            raise serializers.ValidationError({"project": "project and project_id are one field: send one of them"})
        return attrs


class StoreMemoryIn(TolerantRequestSerializer, ScopedIn):
    content = ContentField(max_length=CONTENT)
    metadata = MetadataField(required=False)
    ttl = TTLField(required=False)
    expires_at = FutureTimestampField(required=False)
    memory_type = TextField(max_length=64, required=False)
    skip_extraction = StrictBooleanField(default=False, help_text="true: store the text verbatim as one memory.")
    speaker = IdentifierField(required=False)
    role = RoleField(required=False)
    session_id = IdentifierField(required=False, help_text="Id of the conversation.")
    agent_id = IdentifierField(required=False)
    timestamp = ClientTimestampField(required=False, help_text=TIME)


class RecallMemoriesIn(TimedIn, ScopedIn):
    query = TextField(
        max_length=10_000, required=False, help_text="The question. Without it, the memories that match `filters`."
    )
    filters = FiltersField(required=False, help_text="The filter grammar.")
    exclude = StrictListField(
        child=IdentifierField(), required=False, max_length=1000, help_text="Ids of memories to exclude."
    )
    archived = StrictBooleanField(default=False, help_text="true: also return archived memories.")
    include_superseded = StrictBooleanField(default=False, help_text="true: also return superseded memories.")
    slim = StrictBooleanField(default=False, help_text="true: limit the context to 800 tokens.")
    limit = StrictIntegerField(min_value=1, max_value=50, default=10)
    threshold = StrictFloatField(min_value=0, max_value=1, default=0.4)
    max_tokens = StrictIntegerField(min_value=100, max_value=128_000, default=4000)
    enable_hybrid = StrictBooleanField(default=True, help_text="false: search by embeddings only.")
    enable_rerank = StrictBooleanField(
        default=settings.RERANK_DEFAULT, help_text="false: rank without comparing token embeddings."
    )
    reference_time = TimestampField(
        required=False, help_text='The time from which "yesterday" in the question counts. Default: now.'
    )
    explain = StrictBooleanField(default=False, help_text="true: explain the score of each memory.")
    session_id = IdentifierField(required=False)
    agent_id = IdentifierField(required=False)


class MemoryListQuery(TimedListIn, ScopedIn):
    page = QueryIntegerField(min_value=1, max_value=1_000_000, required=False)
    offset = QueryIntegerField(min_value=0, max_value=100_000_000, required=False)
    limit = QueryIntegerField(min_value=1, max_value=1000, default=100)
    cursor = IdentifierField(required=False)
    filters = QueryFiltersField(required=False, help_text="JSON: the filter grammar.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ("page", "offset", "cursor")) > 1:
            raise serializers.ValidationError({"page": "page, offset and cursor exclude each other"})
        return super().validate(attrs)


class MemoryRetrieveQuery(TimedIn):
    pass


class UpdateMemoryIn(RequestSerializer):
    """At least one field."""

    content = TextField(max_length=CONTENT, required=False)
    metadata = MetadataField(required=False, help_text="Merged into the existing metadata.")
    memory_type = TextField(max_length=64, required=False)
    ttl = TTLField(required=False)
    expires_at = FutureTimestampField(required=False, allow_null=True, help_text="null: never expires.")
    pinned = StrictBooleanField(required=False)
    importance = StrictFloatField(min_value=0, max_value=1, required=False)


class DeleteMemoriesIn(ScopedIn):
    """Exactly one of `memory_ids`, `all`, `entity`, `filters` and `project`; `project` may also narrow `entity` and
    `filters`. Unknown fields are refused."""

    memory_ids = StrictListField(child=IdentifierField(), required=False, allow_empty=False, max_length=1000)
    all = StrictBooleanField(required=False)
    entity = TextField(max_length=512, required=False, help_text="An entity's name, alias or id.")
    filters = FiltersField(required=False, help_text="The filter grammar.")

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError({str(unknown[0])[:64]: "is not known here; nothing was deleted"})
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        named = [n for n in ("memory_ids", "all", "entity", "filters") if n in attrs]
        if len(named) != 1 and not (not named and "project" in attrs):
            raise serializers.ValidationError(
                {"memory_ids": "send exactly one of memory_ids, all, entity, filters and project; nothing was deleted"}
            )
        if "project" in attrs and {"memory_ids", "all"} & set(attrs):
            raise serializers.ValidationError({"project": "goes with entity and filters only; nothing was deleted"})
        if attrs.get("all") is False:
            raise serializers.ValidationError({"all": "must be true; nothing was deleted"})
        return attrs


class DeleteMemoriesQuery(RequestSerializer):
    """The same in the query string, as the published Python client sends it."""

    memory_id = IdentifierField(required=False)
    entity = TextField(max_length=512, required=False)
    all_memories = serializers.BooleanField(required=False)
    user_id = IdentifierField(required=False)
    project_id = IdentifierField(required=False)

    def to_internal_value(self, data: Any) -> Any:
        if unknown := sorted(set(data) - set(self.fields)):
            raise serializers.ValidationError({unknown[0][:64]: "is not known here; nothing was deleted"})
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """→ the fields of DeleteMemoriesIn."""
        if "all_memories" in attrs and not attrs["all_memories"]:
            raise serializers.ValidationError({"all_memories": "must be true; nothing was deleted"})
        names = {"memory_id": "memory_ids", "entity": "entity", "all_memories": "all", "project_id": "project"}
        said = {names.get(name, name): value for name, value in attrs.items()}
        if "memory_ids" in said:
            said["memory_ids"] = [said["memory_ids"]]
        named = [n for n in ("memory_ids", "entity", "all") if n in said]
        if len(named) != 1 and not (not named and "project" in said):
            raise serializers.ValidationError(
                {"memory_id": "send exactly one of memory_id, entity, all_memories and project_id; nothing was deleted"}
            )
        if "project" in said and {"memory_ids", "all"} & set(said):
            raise serializers.ValidationError({"project_id": "goes with entity only; nothing was deleted"})
        return said
