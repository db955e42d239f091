"""The responses of mem0's clients. One class each: record, schema and example."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from rest_framework import serializers

from core.http.fields import MetadataField, TimestampField
from core.http.responses import PublicIdField, ResponseSerializer, RoundedField, example_id
from core.ids import EVENT, MEMORY, REVISION
from core.metadata_keys import APP_ID, FEEDBACK
from memories.api import examples as ex
from memories.api.platform.serializers import ExpirationDateField
from memories.api.responses import RevisionOut
from memories.explanation_types import FeatureContribution, Why
from memories.types import (
    Decision,
    Hit,
    ItemResult,
    MemoryRecord,
    RevisionRecord,
    SourceKind,
    WriteResult,
)

STATES = {"pending": "PENDING", "running": "RUNNING", "succeeded": "SUCCEEDED", "failed": "FAILED"}
EVENTS = {kind: "ADD" if kind is SourceKind.STORE else "UPDATE" for kind in SourceKind}
REVISION_EVENTS = {"ADD": "ADD", "UPDATE": "UPDATE", "RESTORE": "ADD"}  # all others end a memory
# The ranking features that make up each part of `score_breakdown`.
BREAKDOWN = {
    "semantic": ("meaning", "meaning_context"),
    "bm25": ("words", "words_context", "words_share"),
    "entity": ("speaker",),
}


@dataclass(frozen=True, slots=True)
class Verified:
    """The tenant and the project of a key."""

    org_id: str
    project_id: str
    status: str = "ok"
    user_email: str | None = None


class PlatformPingOut(ResponseSerializer):
    status = serializers.CharField()
    org_id = serializers.CharField(help_text="Id of the tenant.")
    project_id = serializers.CharField(help_text="Name of the project of the key.")
    user_email = serializers.CharField(allow_null=True)

    example = Verified("ten_01890a5dac967b2e8b7c3f0a9d1e2f43", "default")


class PlatformMemoryOut(ResponseSerializer):
    id = PublicIdField(MEMORY)
    memory = serializers.CharField(source="content")
    user_id = serializers.CharField()
    agent_id = serializers.CharField(allow_null=True)
    app_id = serializers.CharField(allow_null=True)
    run_id = serializers.CharField(allow_null=True)
    metadata = MetadataField()
    categories = serializers.ListField(child=serializers.CharField(), help_text="`categories` of the metadata.")
    created_at = TimestampField()
    updated_at = TimestampField()
    expiration_date = ExpirationDateField(source="expires_at", allow_null=True)

    selectable = True
    example: ClassVar[Any] = ex.MEMORY

    def get_app_id(self, memory: MemoryRecord) -> Any:
        return memory.metadata.get(APP_ID)

    def get_categories(self, memory: MemoryRecord) -> list[str]:
        found = memory.metadata.get("categories")
        return [str(category) for category in found] if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class ScoreBreakdown:
    semantic: float
    bm25: float
    entity: float


class PlatformScoreBreakdownOut(ResponseSerializer):
    semantic = RoundedField(help_text="Likeness of the meaning of query and memory.")
    bm25 = RoundedField(help_text="Matching words.")
    entity = RoundedField(help_text="1: the query names the speaker.")


class PlatformFoundMemoryOut(PlatformMemoryOut):
    inherited_source = "memory"

    score = serializers.FloatField()
    score_breakdown = PlatformScoreBreakdownOut()

    example = Hit(ex.MEMORY, 0.92, 0.97, Why((FeatureContribution("meaning", 0.1, "", "meaning", 0.71),)))

    def get_score_breakdown(self, hit: Hit) -> ScoreBreakdown:
        values = {part.feature: part.value for part in hit.why.parts} if hit.why else {}
        parts = {name: [values[feature] for feature in named if feature in values] for name, named in BREAKDOWN.items()}
        return ScoreBreakdown(**{name: max(found, default=0.0) for name, found in parts.items()})


@dataclass(frozen=True, slots=True)
class ResultPage:
    """A page of a list; `next` and `previous` are addresses."""

    count: int
    next: str | None
    previous: str | None
    results: Sequence[Any]


def with_fields(body: dict[str, Any], fields: Sequence[str] | None) -> dict[str, Any]:
    """A rendered page or search result whose memories have only these fields; none named: all."""
    if not fields:
        return body
    return {**body, "results": [{name: one[name] for name in fields if name in one} for one in body["results"]]}


class PlatformMemoryPageOut(ResponseSerializer):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = PlatformMemoryOut(many=True)

    example = ResultPage(1, None, None, (ex.MEMORY,))


@dataclass(frozen=True, slots=True)
class FoundMemories:
    results: Sequence[Hit]


class PlatformSearchResultOut(ResponseSerializer):
    results = PlatformFoundMemoryOut(many=True)

    example = FoundMemories((PlatformFoundMemoryOut.example,))


@dataclass(frozen=True, slots=True)
class AddedMemories:
    """An added write; `write` None: no message had a text."""

    write: WriteResult | None
    skipped_parts: int = 0

    @property
    def items(self) -> Sequence[ItemResult]:
        return self.write.items if self.write else ()


class PlatformResultDataOut(ResponseSerializer):
    memory = serializers.CharField(source="content")


class PlatformWriteResultOut(ResponseSerializer):
    id = PublicIdField(MEMORY, source="memory_id")
    event = serializers.ChoiceField(["ADD", "UPDATE", "DELETE", "NOOP"])
    memory = serializers.CharField(source="content")
    data = PlatformResultDataOut(source="*")  # type: ignore[assignment]  # DRF uses this name itself

    example = ItemResult(example_id(ex.MEMORY_ID), ex.TEXT, Decision.ADD, created_at=ex.TIME)

    def get_event(self, result: ItemResult) -> str:
        return result.decision.value


class PlatformAddResultOut(ResponseSerializer):
    message = serializers.CharField()
    status = serializers.ChoiceField(["PENDING", "SUCCEEDED", "FAILED"])
    event_id = PublicIdField(EVENT, source="write.event_id", allow_null=True)
    results = PlatformWriteResultOut(many=True, source="items")
    skipped_parts = serializers.IntegerField(help_text="Parts of the messages without text: images, tool calls …")

    example = AddedMemories(
        WriteResult(
            event_id=example_id(ex.EVENT_ID),
            memory_id=example_id(ex.MEMORY_ID),
            state="succeeded",
            items=(PlatformWriteResultOut.example,),
            accepted_at=ex.TIME,
            finished_at=ex.TIME,
            expires_at=None,
            kind=SourceKind.STORE,
        )
    )
    pending_example = AddedMemories(replace(example.write, state="pending", items=(), finished_at=None))  # type: ignore[type-var]  # it has a write

    def get_status(self, written: AddedMemories) -> str:
        state = STATES[written.write.state] if written.write else "SUCCEEDED"
        return "PENDING" if state == "RUNNING" else state

    def get_event_id(self, written: AddedMemories) -> Any:
        return written.write.event_id if written.write else None

    def get_message(self, written: AddedMemories) -> str:
        return {
            "PENDING": "Memory processing is queued; read the event.",
            "FAILED": "The memories could not be added; read the event.",
        }.get(self.get_status(written), "Memories added successfully")


class PlatformMessageOut(ResponseSerializer):
    message = serializers.CharField()


@dataclass(frozen=True, slots=True)
class Said:
    message: str


class PlatformPendingUpdateOut(ResponseSerializer):
    id = PublicIdField(MEMORY, source="memory_id")
    message = serializers.CharField()
    status = serializers.CharField()
    event_id = PublicIdField(EVENT)

    example = replace(PlatformAddResultOut.pending_example.write, kind=SourceKind.UPDATE)  # type: ignore[type-var]  # as above

    def get_message(self, result: WriteResult) -> str:
        return "The update is queued; read the event."

    def get_status(self, result: WriteResult) -> str:
        return "PENDING"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One revision of a memory, and the text before it (None: it was the first, or the memory had ended)."""

    memory: MemoryRecord
    revision: RevisionRecord
    old_text: str | None

    @property
    def event(self) -> str:
        return REVISION_EVENTS.get(self.revision.action, "DELETE")


class PlatformHistoryEntryOut(ResponseSerializer):
    id = PublicIdField(REVISION, source="revision.id")
    memory_id = PublicIdField(MEMORY, source="memory.id")
    input = serializers.ListField(child=MetadataField(), help_text="The message that states it.")
    old_memory = serializers.CharField(source="old_text", allow_null=True)
    new_memory = serializers.CharField(allow_null=True, help_text="null if the memory ended.")
    user_id = serializers.CharField(source="memory.user_id")
    event = serializers.ChoiceField(["ADD", "UPDATE", "DELETE"])
    categories = serializers.ListField(child=serializers.CharField())
    metadata = MetadataField(source="revision.metadata")
    created_at = TimestampField(source="memory.created_at")
    updated_at = TimestampField(source="revision.recorded_at")

    example = HistoryEntry(ex.MEMORY, RevisionOut.example, None)

    def get_input(self, entry: HistoryEntry) -> list[dict[str, str]]:
        said = entry.revision.evidence or entry.revision.content
        return [{"role": "user", "content": said}] if entry.event != "DELETE" else []

    def get_new_memory(self, entry: HistoryEntry) -> str | None:
        return None if entry.event == "DELETE" else entry.revision.content

    def get_categories(self, entry: HistoryEntry) -> list[str]:
        return PlatformMemoryOut().get_categories(replace(entry.memory, metadata=entry.revision.metadata))


def _without_feedback(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key != FEEDBACK}


def history_entries(memory: MemoryRecord, revisions: Sequence[RevisionRecord]) -> list[HistoryEntry]:
    """The revisions of a memory (newest first), as mem0 has them: oldest first."""
    entries: list[HistoryEntry] = []
    before: str | None = None
    metadata: Mapping[str, Any] = {}
    for revision in reversed(revisions):
        kept, metadata = metadata, revision.metadata
        if revision.content == before and _without_feedback(kept) == _without_feedback(metadata) and kept != metadata:
            continue  # only its feedback was changed
        entries.append(HistoryEntry(memory, revision, before))
        before = revision.content if entries[-1].event != "DELETE" else None
    return entries


class PlatformEventOut(ResponseSerializer):
    id = PublicIdField(EVENT, source="event_id")
    event_type = serializers.ChoiceField(["ADD", "UPDATE"])
    status = serializers.ChoiceField(["PENDING", "RUNNING", "SUCCEEDED", "FAILED"])
    results = PlatformWriteResultOut(many=True, source="items")
    error = serializers.CharField(source="failure", allow_null=True)
    created_at = TimestampField(source="accepted_at")
    updated_at = TimestampField()
    started_at = TimestampField(source="accepted_at")
    completed_at = TimestampField(source="finished_at", allow_null=True)
    latency = serializers.FloatField(allow_null=True, help_text="Milliseconds from the request to the result.")

    example = PlatformAddResultOut.example.write

    def get_event_type(self, result: WriteResult) -> str:
        return EVENTS[result.kind]

    def get_status(self, result: WriteResult) -> str:
        return STATES[result.state]

    def get_error(self, result: WriteResult) -> str | None:
        return result.failure or None

    def get_updated_at(self, result: WriteResult) -> dt.datetime:
        return result.finished_at or result.accepted_at

    def get_latency(self, result: WriteResult) -> float | None:
        if result.finished_at is None:
            return None
        return round((result.finished_at - result.accepted_at).total_seconds() * 1000, 3)


class PlatformEventPageOut(ResponseSerializer):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = PlatformEventOut(many=True)

    example = ResultPage(1, None, None, (PlatformEventOut.example,))
