"""Ingest a whole conversation: one accepted write, or a preview."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from apikeys.types import Principal
from memories.ingest_types import IngestCommand, Ingested, IngestedFact
from memories.models import Source
from memories.pipeline import owner_state, plan, writes
from memories.services.store import enqueue_writes, results, source_of
from memories.types import Decision, WriteResult


def ingest(principal: Principal, command: IngestCommand) -> Ingested:
    """Store the facts of a conversation, or with `keep` False only return them. Errors as for a store."""
    source = source_of(
        principal,
        command.store,
        roles=sorted(command.roles),
        min_importance=command.min_importance,
        detailed=True,
    )
    if not command.keep:
        return _look(source, command)
    (result,) = enqueue_writes([source], wait=command.store.wait, response_context=_response_context(command))
    return _taken_in(result, _response_context(command))


def replayed(principal: Principal, sources: Sequence[uuid.UUID], response_context: list[str | None]) -> Ingested:
    """The result of a conversation that was accepted before."""
    return _taken_in(results(principal.tenant_id, sources)[0], response_context)


def _response_context(command: IngestCommand) -> list[str | None]:
    """The speakers of the messages, which the response needs besides the result."""
    return [item.speaker or item.role for item in command.store.items]


def _taken_in(result: WriteResult, speakers: list[str | None]) -> Ingested:
    said = result.detail.get("said", []) if result.state == "succeeded" else []
    facts = tuple(
        IngestedFact(
            content=item.content,
            message=message,
            speaker=speakers[message],
            confidence=confidence,
            importance=importance,
            decision=item.decision,
            memory_id=item.memory_id,
            stored=item.decision is not Decision.NOOP,
            reason=item.reason,
        )
        for item, (message, confidence, importance) in zip(result.items, said, strict=False)
    )
    return Ingested(facts, len(speakers), result.detail.get("skipped", 0), result)


def _look(source: Source, command: IngestCommand) -> Ingested:
    write = writes.of_statements(source, writes.facts_of(command.store.items, source.payload))
    found = owner_state.load(source.tenant_id, source.project, source.user_id, [write])
    operations = plan.Planner(found, {}).operations(write)
    shown = tuple(
        IngestedFact(
            content=operation.fact.content,
            message=operation.fact.position,
            speaker=operation.fact.speaker or operation.fact.role,
            confidence=operation.fact.confidence,
            importance=operation.fact.importance,
            decision=operation.decision,
            memory_id=operation.existing_id,
            stored=False,
            reason=operation.reason,
        )
        for operation in operations
    )
    return Ingested(shown, len(command.store.items), int(str(write.result["skipped"])), None)
