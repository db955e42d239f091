"""`/api/v1/ingest/conversation`: store the facts of a conversation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.http.base import RemembraView, TolerantRequestSerializer
from core.http.fields import IdentifierField, StrictBooleanField, StrictChoiceField, StrictFloatField
from core.http.responses import NullIfBlankField, PublicIdField, ResponseSerializer, answer, example_id
from core.ids import EVENT, MEMORY
from entities.types import EntityRef, MemoryEntities
from memories.api import examples as ex
from memories.api.common import pending_headers
from memories.api.messages import MessageIn, Transcript, characters, transcript
from memories.api.remembra.responses import EntityReferenceOut, StoreResultOut, WriteResultItemOut
from memories.api.remembra.serializers import CONTENT, ScopedIn
from memories.api.remembra.views import EVENTS
from memories.api.responses import SKIPPED_PARTS
from memories.services import ingest
from memories.types import Decision, IngestCommand, Ingested, IngestedFact, StoreCommand

MAX_MESSAGES = 1000
PREVIEW = 20_000  # characters that a request processes itself: at 8,000 a second these take seconds
ROLES = {"user": frozenset({"user"}), "assistant": frozenset({"assistant"}), "both": frozenset({"user", "assistant"})}


class IngestOptionsIn(TolerantRequestSerializer):
    extract_from = StrictChoiceField(["user", "assistant", "both"], default="both")
    min_importance = StrictFloatField(min_value=0, max_value=1, default=0.5)
    dedupe = StrictBooleanField(
        default=True,
        help_text="false: also store paraphrases of existing memories. An equal text is never stored twice.",
    )
    store = StrictBooleanField(
        default=True, help_text=f"false: return the facts without storing them; at most {PREVIEW} characters."
    )
    infer = StrictBooleanField(default=True, help_text="false: store each message verbatim as one memory.")


class IngestConversationIn(TolerantRequestSerializer, ScopedIn):
    messages = MessageIn(many=True, allow_empty=False)
    session_id = IdentifierField(required=False)
    agent_id = IdentifierField(required=False)
    options = IngestOptionsIn(required=False)

    def validate_messages(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(value) > MAX_MESSAGES:
            raise ValidationError(f"must hold at most {MAX_MESSAGES} messages")
        for index, message in enumerate(value):
            if len(message["content"].text) > CONTENT:
                raise ValidationError({f"{index}.content": [f"must have at most {CONTENT} characters"]})
        if characters(value) > settings.MAX_MEMORY_SIZE:
            raise ValidationError(f"must have at most {settings.MAX_MEMORY_SIZE} characters in all")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        keep = attrs.get("options", {}).get("store", True)
        if not keep and characters(attrs["messages"]) > PREVIEW:
            raise ValidationError({"messages": f"must have at most {PREVIEW} characters in all with store: false"})
        return super().validate(attrs)


class ExtractedFactOut(ResponseSerializer):
    content = serializers.CharField()
    confidence = serializers.FloatField()
    importance = serializers.FloatField()
    source_message_index = serializers.IntegerField(
        source="message", help_text="Index of the message in the request, from 0."
    )
    speaker = serializers.CharField(allow_null=True)
    stored = serializers.BooleanField()
    memory_id = PublicIdField(MEMORY, allow_null=True)
    action = serializers.ChoiceField(["add", "update", "delete", "noop"])
    action_reason = NullIfBlankField(source="reason", help_text="The reason of the action, if there is one.")

    example = IngestedFact(
        content="User's wife Suzan and User are planning a trip to Japan",
        message=0,
        speaker="user",
        confidence=0.9,
        importance=0.8,
        decision=Decision.ADD,
        memory_id=example_id(ex.MEMORY_ID),
        stored=True,
    )

    def get_action(self, fact: IngestedFact) -> str:
        return fact.decision.value.lower()


@dataclass(frozen=True, slots=True)
class ConversationResult:
    ingested: Ingested
    session_id: str | None
    skipped_parts: int
    processing_time_ms: int

    @property
    def is_done(self) -> bool:
        return self.ingested.write is None or self.ingested.write.state == "succeeded"

    @property
    def entities(self) -> list[EntityRef]:
        return self.ingested.write.entities if self.ingested.write else []


class IngestStatisticsOut(ResponseSerializer):
    messages_processed = serializers.IntegerField(
        source="ingested.messages", help_text="Number of messages with a text."
    )
    facts_extracted = serializers.IntegerField()
    facts_stored = serializers.IntegerField()
    facts_updated = serializers.IntegerField()
    facts_deduped = serializers.IntegerField()
    facts_skipped = serializers.IntegerField(source="ingested.skipped")
    entities_found = serializers.IntegerField()
    processing_time_ms = serializers.IntegerField()

    def get_facts_extracted(self, result: ConversationResult) -> int:
        return len(result.ingested.facts) + result.ingested.skipped

    def get_facts_stored(self, result: ConversationResult) -> int:
        return sum(fact.stored and fact.decision is Decision.ADD for fact in result.ingested.facts)

    def get_facts_updated(self, result: ConversationResult) -> int:
        return sum(fact.decision is Decision.UPDATE for fact in result.ingested.facts)

    def get_facts_deduped(self, result: ConversationResult) -> int:
        return sum(fact.decision is Decision.NOOP for fact in result.ingested.facts)

    def get_entities_found(self, result: ConversationResult) -> int:
        return len(result.entities)


class IngestResultOut(ResponseSerializer):
    status = serializers.ChoiceField(["ok", "pending"])
    session_id = serializers.CharField(allow_null=True)
    facts = ExtractedFactOut(many=True, source="ingested.facts")
    entities = EntityReferenceOut(many=True)
    skipped_parts = serializers.IntegerField(help_text=SKIPPED_PARTS)
    stats = IngestStatisticsOut(source="*")
    event_id = PublicIdField(EVENT, required=False)

    _entities = MemoryEntities(
        tuple(
            EntityRef(example_id(ex.ENTITY_IDS[n]), name, of_type, 0.9)
            for n, (name, of_type) in enumerate((("user", "PERSON"), ("Suzan", "PERSON"), ("Japan", "LOCATION")))
        )
    )
    _write = replace(
        StoreResultOut.example,
        items=(replace(WriteResultItemOut.example, content=ExtractedFactOut.example.content, entities=_entities),),
    )
    example = ConversationResult(Ingested((ExtractedFactOut.example,), 1, 0, _write), "trip", 0, 12)
    preview_example = replace(
        example, ingested=Ingested((replace(ExtractedFactOut.example, stored=False, memory_id=None),), 1, 0, None)
    )
    pending_example = replace(example, ingested=Ingested((), 1, 0, StoreResultOut.pending_example))

    def get_status(self, result: ConversationResult) -> str:
        return "ok" if result.is_done else "pending"

    def get_event_id(self, result: ConversationResult) -> UUID | None:
        return None if result.is_done or result.ingested.write is None else result.ingested.write.event_id


class ConversationView(RemembraView):
    permission_classes = (requires(POST=Scope.WRITE),)
    acts = {"POST": "store"}  # noqa: RUF012
    atomic = False

    @extend_schema(
        operation_id="ingest_conversation",
        summary="Store the facts of a conversation",
        description=(
            "Extracts facts from the messages and stores each as a memory. With `store: false` it returns the facts "
            "without storing them."
        ),
        request=IngestConversationIn,
        responses={
            200: answer(IngestResultOut, "Preview (`store: false`)", IngestResultOut.preview_example),
            201: answer(IngestResultOut, "Ingested"),
            202: answer(IngestResultOut, "Accepted", IngestResultOut.pending_example),
        },
        examples=[
            OpenApiExample(
                "Message",
                {
                    "messages": [{"role": "user", "content": "My wife Suzan and I are planning a trip to Japan."}],
                    "session_id": "trip",
                    "user_id": "user_123",
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        begun = time.monotonic()
        data = self.body(request, IngestConversationIn)
        options, said = data.get("options") or self.read(IngestOptionsIn, {}), transcript(data["messages"])
        command = IngestCommand(
            store=StoreCommand(
                items=said.items,
                skipped_parts=said.skipped_parts,
                user_id=data.get("user_id"),
                project=data.get("project"),
                agent_id=data.get("agent_id"),
                run_id=data.get("session_id"),
                infer=options["infer"],
                wait=self.may_wait,
            ),
            roles=ROLES[options["extract_from"]],
            min_importance=options["min_importance"],
            keep=options["store"],
        )
        return self._ingested(ingest.ingest(principal(request), command), data.get("session_id"), said, begun)

    def replay(self, sources: Sequence[UUID], response_context: Any) -> Response:
        begun, data = time.monotonic(), self.body(self.request, IngestConversationIn)
        found = ingest.replayed(principal(self.request), sources, response_context)
        return self._ingested(found, data.get("session_id"), transcript(data["messages"]), begun)

    def _ingested(self, found: Ingested, session: str | None, said: Transcript, begun: float) -> Response:
        facts = tuple(replace(fact, message=said.indexes[fact.message]) for fact in found.facts)
        found = replace(found, facts=facts)
        result = ConversationResult(found, session, said.skipped_parts, round((time.monotonic() - begun) * 1000))
        if found.write is None or result.is_done:
            return self.ok(IngestResultOut, result, 201 if found.write else 200)
        return self.ok(IngestResultOut, result, 202, pending_headers(found.write, EVENTS))
