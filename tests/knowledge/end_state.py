"""All that is kept of a user, with texts in place of ids and writes in place of times."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.ids import MEMORY, public
from entities.models import Alias, EntityRevision, Evidence, Mention, Relation
from memories.models import Embedding, Memory, Outcome, Owner, Passage, Review, Revision, Source
from tests.knowledge.interleaved import World

MAX_HISTORIES = 3  # that are read over HTTP; all are compared in the tables
LIST = "/api/v1/memories?limit=1000&user_id="
ENTITIES = "/api/v1/entities?limit=1000&user_id="


def by_text(memories: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(memories, key=lambda memory: (memory["content"], str(memory.get("agent_id"))))


def grouped(rows: Iterable[Any], name: str) -> dict[uuid.UUID, list[Any]]:
    found: dict[uuid.UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, name), []).append(row)
    return found


@dataclass
class EndState:
    world: World
    user: str

    def __post_init__(self) -> None:
        mine = {"tenant": self.world.tenant, "user_id": self.user}
        self.revisions: dict[uuid.UUID, list[Revision]] = {}
        for row in Revision.objects.filter(**mine).order_by("recorded_at", "id"):
            self.revisions.setdefault(row.memory_key, []).append(row)
        of_tenant = {"tenant": self.world.tenant}
        self.passages = grouped(Passage.objects.filter(**mine).order_by("ordinal").defer("tsv"), "text_key")
        self.current = grouped(Embedding.objects.filter(**mine).defer("vector"), "text_key")
        self.outcomes = grouped(Outcome.objects.filter(**of_tenant).order_by("position"), "source_key")
        self.writes = {row.id: row for row in Source.objects.filter(**mine)}
        self.names = {row.entity_key: row for row in EntityRevision.objects.filter(**mine, retired_at=None)}
        self.aliases = grouped(Alias.objects.filter(**of_tenant), "entity_key")
        self.mentions = grouped(Mention.objects.filter(**of_tenant), "entity_key")
        self.evidence = grouped(Evidence.objects.filter(**of_tenant), "relation_key")
        self.labels = {source: label for label, source in self.world.sources.items()}
        self.mine = mine

    def all(self) -> dict[str, Any]:
        listed = self.world.caller.get(LIST + self.user).json()["memories"]
        entities = self.world.caller.get(ENTITIES + self.user).json()["entities"]
        passages = Owner.objects.filter(**self.mine).values_list("passages", flat=True)
        return {
            "listed": [(memory["content"], memory.get("agent_id")) for memory in by_text(listed)],
            "histories": sorted([self._history(m["id"]) for m in by_text(listed)[:MAX_HISTORIES]], key=repr),
            "memories": sorted((self._memory(row) for row in Memory.objects.filter(**self.mine)), key=repr),
            "passages": sum(passages),
            "writes": {w.label: self._write(w.label) for w in self.world.writes if w.user == self.user},
            "named": sorted((e["name"], e["type"], e["memory_count"]) for e in entities),
            "entities": sorted((self._entity(row) for row in self.names.values()), key=repr),
            "reviews": sorted((self._review(row) for row in Review.objects.filter(**self.mine)), key=repr),
            "relations": sorted((self._relation(row) for row in Relation.objects.filter(**self.mine)), key=repr),
        }

    def _history(self, memory_id: str) -> list[tuple[Any, ...]]:
        found = self.world.caller.get(f"/api/v1/memories/{memory_id}/history").json()
        rows = found.get("history") or found["revisions"]
        return [tuple(row.get(name) for name in ("content", "action", "event", "old_content")) for row in rows]

    def _text(self, memory: uuid.UUID | None) -> str | None:
        """A memory by its first text and the write that it came of."""
        if memory is None:
            return None
        rows = self.revisions.get(memory)
        return None if rows is None else f"{rows[0].content} ({self._write_of(rows[0].source_key)})"

    def _write_of(self, source: uuid.UUID | None) -> int | None:
        return None if source is None else self.labels.get(source)

    def _when(self, moment: dt.datetime | None) -> Any:
        return self.world.accepted.get(moment, moment) if moment is not None else None

    def _plain(self, said: Any) -> Any:
        """Public ids of memories as texts."""
        known = {public(MEMORY, memory): self._text(memory) for memory in self.revisions}
        return re.sub(r"mem_\w+", lambda match: str(known.get(match[0])), repr(said))

    def _memory(self, row: Memory) -> tuple[Any, ...]:
        return (
            self._text(row.id),
            self._when(row.created_at),
            row.agent_id,
            row.pinned,
            row.importance,
            [self._revision(revision, number) for number, revision in enumerate(self.revisions[row.id])],
        )

    def _revision(self, row: Revision, number: int) -> tuple[Any, ...]:
        ids = [one.id for one in self.revisions[row.memory_key]]
        assert (row.retired_at is None) == (number == len(ids) - 1)
        return (
            *(row.action, row.content, row.agent_id, row.archived, row.memory_type, row.metadata, row.confidence),
            *(self._plain(row.reason), row.evidence, self._write_of(row.source_key), ids.index(row.text_key)),
            *(self._when(row.valid_from), self._when(row.valid_to)),
            [(p.start, p.stop, p.turn, p.role) for p in self.passages.get(row.id, ())],
            [e.current for e in self.current.get(row.id, ())],
        )

    def _review(self, row: Review) -> tuple[Any, ...]:
        pair = (self._text(row.old_key), self._text(row.new_key))
        return (*pair, row.proposal, row.probability, self._plain(row.reason), row.state, row.decided_at is not None)

    def _write(self, label: int) -> Any:
        row = self.writes.get(self.world.sources[label])
        if row is None:
            return None
        outcomes = self.outcomes.get(row.id, ())
        decided = [(o.position, o.decision, self._text(o.memory_key), self._text(o.replaces_key)) for o in outcomes]
        return row.state, row.failure, row.redacted_at is not None, self._plain(row.result), decided

    def _entity(self, row: EntityRevision) -> tuple[Any, ...]:
        aliases = [(alias.name, alias.normalised) for alias in self.aliases.get(row.entity_key, ())]
        mentions = [(self._text(m.memory_key), m.retired_at is None) for m in self.mentions.get(row.entity_key, ())]
        return row.name, row.type, row.disambiguator, sorted(aliases), sorted(mentions, key=repr)

    def _name(self, entity: uuid.UUID) -> str:
        return str(self.names[entity].name)

    def _relation(self, row: Relation) -> tuple[Any, ...]:
        rows = self.evidence.get(row.id, ())
        evidence = sorted(((self._text(e.memory_key), e.retired_at is None) for e in rows), key=repr)
        return (
            *(self._name(row.source_key), row.type, self._name(row.target_key), row.properties),
            *(self._when(row.valid_from), self._when(row.valid_to), row.retired_at is None, evidence),
        )
