"""Requests and responses of mem0's clients about projects, profiles, exports and feedback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from rest_framework import serializers

from core.http.base import RequestSerializer
from core.http.fields import (
    IdentifierField,
    MetadataField,
    StrictBooleanField,
    StrictChoiceField,
    StrictListField,
    TextField,
    TimestampField,
)
from core.http.responses import PublicIdField, ResponseSerializer
from core.ids import MEMORY
from memories.api import examples as ex
from memories.api.platform.responses import PlatformMemoryOut
from memories.api.platform.serializers import NAME_A_PROJECT, PlatformFilteredIn
from memories.services.profile import Profile
from memories.types import MemoryRecord

MAX_INSTRUCTIONS = 4_000
MAX_EXPORT_ID = 100_000  # characters; a filter with 1,000 ids of memories has 27,000
FEEDBACKS = ("POSITIVE", "NEGATIVE", "VERY_NEGATIVE")
ORG = "ten_01890a5dac967b2e8b7c3f0a9d1e2f43"


# --- projects --------------------------------------------------------------------------------------------------------
class InstructionsField(TextField):
    """Instructions for the language model; an empty text or null removes them."""

    def __init__(self) -> None:
        super().__init__(max_length=MAX_INSTRUCTIONS, required=False, allow_null=True, allow_blank=True)


class UsecaseField(TextField):
    """A text or a whole number, kept as a text."""

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(str(data) if type(data) is int else data)


class PlatformUpdateProjectIn(RequestSerializer):
    """At least one setting; null removes it. Instructions and categories are given to the language model."""

    custom_instructions = InstructionsField()
    agent_custom_instructions = InstructionsField()
    custom_categories = StrictListField(child=MetadataField(), required=False, allow_null=True, max_length=100)
    retrieval_criteria = StrictListField(child=MetadataField(), required=False, allow_null=True, max_length=100)
    enable_graph = StrictBooleanField(required=False, allow_null=True)
    version = TextField(max_length=16, required=False, allow_null=True)
    inclusion_prompt = InstructionsField()
    exclusion_prompt = InstructionsField()
    memory_depth = TextField(max_length=64, required=False, allow_null=True)
    usecase_setting = UsecaseField(max_length=64, required=False, allow_null=True)
    multilingual = StrictBooleanField(required=False, allow_null=True)
    decay = StrictBooleanField(required=False, allow_null=True)


class PlatformProjectMemberIn(RequestSerializer):
    """Read and refused: there are no members."""


@dataclass(frozen=True, slots=True)
class ProjectRecord:
    """A project with its settings."""

    org_id: str
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)


class PlatformProjectOut(ResponseSerializer):
    id = serializers.CharField(source="name")
    name = serializers.CharField()
    org_id = serializers.CharField()
    custom_instructions = serializers.CharField(allow_null=True)
    agent_custom_instructions = serializers.CharField(allow_null=True)
    custom_categories = serializers.ListField(child=MetadataField(), allow_null=True)
    retrieval_criteria = serializers.ListField(child=MetadataField(), allow_null=True)
    enable_graph = serializers.BooleanField(allow_null=True)
    version = serializers.CharField(allow_null=True)
    inclusion_prompt = serializers.CharField(allow_null=True)
    exclusion_prompt = serializers.CharField(allow_null=True)
    memory_depth = serializers.CharField(allow_null=True)
    usecase_setting = serializers.CharField(allow_null=True)
    multilingual = serializers.BooleanField(allow_null=True)
    decay = serializers.BooleanField(allow_null=True)

    selectable = True
    example = ProjectRecord(ORG, "default", {"custom_instructions": "Keep the tastes of the user."})

    def to_representation(self, instance: ProjectRecord) -> dict[str, Any]:
        known = {"id": instance.name, "name": instance.name, "org_id": instance.org_id}
        return {name: known.get(name, instance.values.get(name)) for name in map(str, self.fields)}


# --- profiles --------------------------------------------------------------------------------------------------------
class PlatformProfileSettingsIn(RequestSerializer):
    enabled = StrictBooleanField(required=False)
    entities = MetadataField(required=False, help_text="`{user: {schema, custom_instructions}}`.")
    project_id = IdentifierField(required=False, help_text=NAME_A_PROJECT)


class PlatformProfileSettingsOut(ResponseSerializer):
    enabled = serializers.BooleanField()
    entities = MetadataField()
    capabilities = MetadataField(help_text="`generation`: profiles by a schema; always false.")

    example: ClassVar[Any] = {}

    def to_representation(self, instance: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "enabled": instance.get("enabled", True),
            "entities": instance.get("entities", {}),
            "capabilities": {"generation": False},
        }


class PlatformProfileJobIn(RequestSerializer):
    operation = StrictChoiceField(["trigger", "sample"])
    entity_type = StrictChoiceField(["user"], required=False)
    entity_id = IdentifierField(required=False, allow_null=True)


@dataclass(frozen=True, slots=True)
class ProfileJob:
    """A request to generate a profile: profiles are computed when they are read, so there is nothing to do."""

    operation: str
    job_id: str = "not_enabled"
    status: str = "not_enabled"
    status_url: str = "/v2/profiles/jobs/not_enabled/"
    entity_type: str = "user"
    entity_count_reserved: int = 0
    event_id: str | None = None
    replayed: bool = False
    sampled: int = 0
    entity_ids: Sequence[str] = ()


class PlatformProfileJobOut(ResponseSerializer):
    job_id = serializers.CharField()
    status = serializers.CharField(help_text="Always `not_enabled`: profiles are computed when they are read.")
    status_url = serializers.CharField()
    operation = serializers.CharField()
    entity_type = serializers.CharField()
    entity_count_reserved = serializers.IntegerField()
    event_id = serializers.CharField(allow_null=True)
    replayed = serializers.BooleanField()
    sampled = serializers.IntegerField()
    entity_ids = serializers.ListField(child=serializers.CharField())

    example = ProfileJob("trigger")


@dataclass(frozen=True, slots=True)
class ProfileJobState:
    id: str = "not_enabled"
    operation: str = "trigger"
    entity_type: str = "user"
    status: str = "not_enabled"
    total: int = 0
    enumeration_complete: bool = True
    completed: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0


class PlatformJobStateOut(ResponseSerializer):
    id = serializers.CharField()
    operation = serializers.CharField()
    entity_type = serializers.CharField()
    status = serializers.CharField()
    total = serializers.IntegerField()
    enumeration_complete = serializers.BooleanField()
    completed = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField()


class PlatformProfileJobStateOut(ResponseSerializer):
    job = PlatformJobStateOut(source="*")

    example = ProfileJobState()


@dataclass(frozen=True, slots=True)
class EntityProfile:
    """The profile of a user. `entity_id` is the user's id."""

    entity_id: str
    profile: Profile

    @property
    def has_memories(self) -> bool:
        return self.profile.stats.total_memories > 0


class PlatformProfileOut(ResponseSerializer):
    profile = MetadataField(help_text="Facts, topics, entities and counts; empty without memories.")
    status = serializers.ChoiceField(["succeeded", "insufficient_data"])
    entity_type = serializers.CharField()
    entity_id = serializers.CharField()
    updated_at = TimestampField(allow_null=True, source="profile.stats.last_memory_at")
    generation_count = serializers.IntegerField()

    def get_profile(self, found: EntityProfile) -> dict[str, Any]:
        if not found.has_memories:
            return {}
        profile = found.profile
        return {
            "facts": [fact.content for fact in profile.facts],
            "topics": [topic.topic for topic in profile.topics],
            "entities": [entity.name for entity in profile.entities],
            "memory_types": profile.memory_types,
            "total_memories": profile.stats.total_memories,
        }

    def get_status(self, found: EntityProfile) -> str:
        return "succeeded" if found.has_memories else "insufficient_data"

    def get_entity_type(self, found: EntityProfile) -> str:
        return "user"

    def get_generation_count(self, found: EntityProfile) -> int:
        return int(found.has_memories)


# --- exports, summaries and feedback ---------------------------------------------------------------------------------
class PlatformExportIn(PlatformFilteredIn):
    """`schema` and `export_instructions` are read and change nothing."""


class PlatformGetExportIn(PlatformFilteredIn):
    memory_export_id = TextField(
        max_length=MAX_EXPORT_ID, required=False, allow_null=True, help_text="The id of an export."
    )


@dataclass(frozen=True, slots=True)
class ExportCreated:
    id: str
    message: str = "Memory export request received. The export is ready."


class PlatformExportCreatedOut(ResponseSerializer):
    message = serializers.CharField()
    id = serializers.CharField(help_text="It has the filters of the export; the memories are read with it.")

    example = ExportCreated("eyJmaWx0ZXJzIjp7InVzZXJfaWQiOiJ1c2VyXzEyMyJ9fQ:1vK2aB:k0…")


@dataclass(frozen=True, slots=True)
class ExportedMemories:
    memories: Sequence[MemoryRecord]

    @property
    def count(self) -> int:
        return len(self.memories)


class PlatformExportOut(ResponseSerializer):
    memories = PlatformMemoryOut(many=True)
    count = serializers.IntegerField()

    example = ExportedMemories((ex.MEMORY,))


@dataclass(frozen=True, slots=True)
class Summary:
    summary: str
    status: str = "succeeded"


class PlatformSummaryOut(ResponseSerializer):
    status = serializers.ChoiceField(["succeeded", "insufficient_data"])
    summary = serializers.CharField(help_text="The newest memories, one on each line.")

    example = Summary(ex.MEMORY.content)


class PlatformFeedbackIn(RequestSerializer):
    memory_id = IdentifierField()
    feedback = StrictChoiceField(FEEDBACKS, required=False, allow_null=True, help_text="null removes the feedback.")
    feedback_reason = TextField(max_length=2_000, required=False, allow_null=True, allow_blank=True)


@dataclass(frozen=True, slots=True)
class FeedbackRecord:
    memory: MemoryRecord
    feedback: str | None
    feedback_reason: str | None


class PlatformFeedbackOut(ResponseSerializer):
    id = PublicIdField(MEMORY, source="memory.id")
    feedback = serializers.CharField(allow_null=True)
    feedback_reason = serializers.CharField(allow_null=True)

    example = FeedbackRecord(ex.MEMORY, "POSITIVE", "It was right.")
