"""`/api/v1/ingest/conversation`: extract facts from a conversation."""

from __future__ import annotations

import time
from collections.abc import Sequence
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
from core.http.base import RemembraView, RequestSerializer
from core.http.fields import IdentifierField, StrictBooleanField, StrictChoiceField, StrictFloatField
from core.ids import EVENT, MEMORY, public
from memories.api import examples as ex
from memories.api.common import MessageIn, item, pending_headers
from memories.api.remembra.schema import EntityRefOut, answer
from memories.api.remembra.serializers import CONTENT, ScopedIn, entity_ref
from memories.api.remembra.views import EVENTS
from memories.services import ingest
from memories.types import Decision, IngestCommand, Ingested, IngestedFact, StoreCommand

MAX_MESSAGES = 1000
PREVIEW = 20_000  # characters that a request processes itself: at 8,000 a second these take seconds
ROLES = {"user": frozenset({"user"}), "assistant": frozenset({"assistant"}), "both": frozenset({"user", "assistant"})}


class OptionsIn(RequestSerializer):
    extract_from = StrictChoiceField(["user", "assistant", "both"], default="both")
    min_importance = StrictFloatField(min_value=0, max_value=1, default=0.5)
    dedupe = StrictBooleanField(
        default=True, help_text="Paraphrases; what is there word for word is never stored twice."
    )
    store = StrictBooleanField(
        default=True, help_text=f"false only shows what would be stored, of at most {PREVIEW} characters."
    )
    infer = StrictBooleanField(default=True, help_text="false stores each message verbatim as one memory.")


class ConversationIn(ScopedIn):
    messages = MessageIn(many=True, allow_empty=False)
    session_id = IdentifierField(required=False, allow_null=True)
    agent_id = IdentifierField(required=False)
    options = OptionsIn(required=False)

    def validate_messages(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(value) > MAX_MESSAGES:
            raise ValidationError(f"must hold at most {MAX_MESSAGES} messages")
        for index, message in enumerate(value):
            if len(message["content"]) > CONTENT:
                raise ValidationError({f"{index}.content": [f"must have at most {CONTENT} characters"]})
        if sum(len(message["content"]) for message in value) > settings.MAX_MEMORY_SIZE:
            raise ValidationError(f"must have at most {settings.MAX_MEMORY_SIZE} characters in all")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        keep = attrs.get("options", {}).get("store", True)
        if not keep and sum(len(message["content"]) for message in attrs["messages"]) > PREVIEW:
            raise ValidationError({"messages": f"must have at most {PREVIEW} characters in all with store: false"})
        return super().validate(attrs)


class FactOut(serializers.Serializer[Any]):
    content = serializers.CharField()
    confidence = serializers.FloatField()
    importance = serializers.FloatField()
    source_message_index = serializers.IntegerField()
    speaker = serializers.CharField(allow_null=True)
    stored = serializers.BooleanField()
    memory_id = serializers.CharField(allow_null=True)
    action = serializers.ChoiceField(["add", "update", "delete", "noop"])
    action_reason = serializers.CharField(allow_null=True, help_text="Why, where somebody gave a reason.")


class IngestStatsOut(serializers.Serializer[Any]):
    messages_processed = serializers.IntegerField()
    facts_extracted = serializers.IntegerField()
    facts_stored = serializers.IntegerField()
    facts_updated = serializers.IntegerField()
    facts_deduped = serializers.IntegerField()
    facts_skipped = serializers.IntegerField()
    entities_found = serializers.IntegerField()
    processing_time_ms = serializers.IntegerField()


class IngestedOut(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["ok", "pending"])
    session_id = serializers.CharField(allow_null=True)
    facts = FactOut(many=True)
    entities = EntityRefOut(many=True)
    stats = IngestStatsOut()
    event_id = serializers.CharField(required=False)


_FACT = {
    "content": "User's wife Suzan and User are planning a trip to Japan",
    "confidence": 0.9,
    "importance": 0.8,
    "source_message_index": 0,
    "speaker": "user",
    "stored": True,
    "memory_id": ex.MEMORY_ID,
    "action": "add",
    "action_reason": None,
}
_INGESTED: dict[str, Any] = {
    "status": "ok",
    "session_id": "trip",
    "facts": [_FACT],
    "entities": [
        {"id": ex.ENTITY_IDS[0], "canonical_name": "user", "name": "user", "type": "PERSON", "confidence": 0.9},
        {"id": ex.ENTITY_IDS[1], "canonical_name": "Suzan", "name": "Suzan", "type": "PERSON", "confidence": 0.9},
        {"id": ex.ENTITY_IDS[2], "canonical_name": "Japan", "name": "Japan", "type": "LOCATION", "confidence": 0.9},
    ],
    "stats": {
        "messages_processed": 1,
        "facts_extracted": 1,
        "facts_stored": 1,
        "facts_updated": 0,
        "facts_deduped": 0,
        "facts_skipped": 0,
        "entities_found": 3,
        "processing_time_ms": 12,
    },
}
_LOOKED = _INGESTED | {
    "facts": [_FACT | {"stored": False, "memory_id": None}],
    "entities": [],
    "stats": {**_INGESTED["stats"], "facts_stored": 0, "entities_found": 0},
}
_PENDING = _INGESTED | {
    "status": "pending",
    "event_id": ex.EVENT_ID,
    "facts": [],
    "entities": [],
    "stats": {**dict.fromkeys(_INGESTED["stats"], 0), "messages_processed": 1, "processing_time_ms": 12},
}


class ConversationView(RemembraView):
    permission_classes = (requires(POST=Scope.WRITE),)
    acts = {"POST": "store"}  # noqa: RUF012
    atomic = False

    @extend_schema(
        operation_id="api_ingest_conversation",
        summary="Store what a conversation states",
        request=ConversationIn,
        responses={
            200: answer(IngestedOut, "Looked at (`store: false`)", _LOOKED),
            201: answer(IngestedOut, "Taken in", _INGESTED),
            202: answer(IngestedOut, "Accepted", _PENDING),
        },
        examples=[
            OpenApiExample(
                "A message",
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
        data = self.body(request, ConversationIn)
        options = data.get("options") or self.read(OptionsIn, {})
        command = IngestCommand(
            store=StoreCommand(
                items=tuple(item(message, None) for message in data["messages"]),
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
        return self._ingested(ingest.ingest(principal(request), command), data.get("session_id"), begun)

    def replay(self, sources: Sequence[UUID], response_context: Any) -> Response:
        session = self.body(self.request, ConversationIn).get("session_id")
        return self._ingested(
            ingest.replayed(principal(self.request), sources, response_context), session, time.monotonic()
        )

    def _ingested(self, found: Ingested, session: str | None, begun: float) -> Response:
        done = found.write is None or found.write.state == "succeeded"
        body = {
            "status": "ok" if done else "pending",
            "session_id": session,
            "facts": [_fact(f) for f in found.facts],
            "entities": [entity_ref(e) for e in found.write.entities] if found.write else [],
            "stats": _stats(found) | {"processing_time_ms": round((time.monotonic() - begun) * 1000)},
        }
        if found.write is None or done:
            return self.ok(body, 201 if found.write else 200)
        return self.ok(
            body | {"event_id": public(EVENT, found.write.event_id)}, 202, pending_headers(found.write, EVENTS)
        )


def _fact(fact: IngestedFact) -> dict[str, Any]:
    return {
        "content": fact.content,
        "confidence": fact.confidence,
        "importance": fact.importance,
        "source_message_index": fact.message,
        "speaker": fact.speaker,
        "stored": fact.stored,
        "memory_id": public(MEMORY, fact.memory_id),
        "action": fact.decision.value.lower(),
        "action_reason": fact.reason or None,
    }


def _stats(found: Ingested) -> dict[str, int]:
    decisions = [fact.decision for fact in found.facts]
    return {
        "messages_processed": found.messages,
        "facts_extracted": len(found.facts) + found.skipped,
        "facts_stored": sum(fact.stored and fact.decision is Decision.ADD for fact in found.facts),
        "facts_updated": decisions.count(Decision.UPDATE),
        "facts_deduped": decisions.count(Decision.NOOP),
        "facts_skipped": found.skipped,
        "entities_found": len(found.write.entities) if found.write else 0,
    }
