"""An accepted store: what it states, what that does to what is known, and the one transaction that writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.dateparse import parse_datetime

from memories.models import Source
from memories.pipeline import apply, decide, digest, embed, owners
from memories.pipeline.extract import Extracted, extract
from memories.pipeline.lease import Lease
from memories.pipeline.reconcile import Step, reconcile
from memories.pipeline.rows import Embedded
from memories.providers import registry
from memories.retrieval.similar import similar
from memories.types import Item, Json, Known, Statement
from memproject.common.errors import Unavailable

DECISIONS = 3  # how often a stale decision is made again; the last one only corrects what the lock shows


class Busy(Unavailable):
    """Others write to the same owner faster than we decide."""

    code = "busy"


def work(source: Source, lease: Lease) -> None:
    """Store what a Source states. Raises apply.GoneError, Unavailable (try again) or what a provider raises."""
    extracted, skipped = facts_of(items_of(source), source.payload)
    result: dict[str, object] = {"facts": len(extracted.statements), "skipped": skipped, "by": extracted.by}
    if extracted.refused:
        result["refused"] = dict(extracted.refused)
    if source.payload.get("detailed"):
        result["said"] = [[s.fact.position, s.fact.confidence, s.fact.importance] for s in extracted.statements]
    deciding = Deciding(source, extracted, lease)
    for attempt in range(DECISIONS):
        seen = owners.version(source.tenant_id, source.project, source.user_id)
        steps = deciding.steps()
        try:
            last = attempt == DECISIONS - 1
            apply.store(source.tenant_id, source.id, steps, deciding.texts, None if last else seen, result)
        except apply.StaleError:
            continue
        return
    raise Busy


def facts_of(items: Sequence[Item], payload: Json) -> tuple[Extracted, int]:
    """What a write states that matters enough, and how many facts didn't."""
    roles = payload.get("roles")
    found = extract(items, infer=payload.get("infer", True), roles=None if roles is None else frozenset(roles))
    kept = found.important(payload.get("min_importance", 0))
    return kept, len(found.statements) - len(kept.statements)


@dataclass(slots=True)
class Deciding:
    """The decision about a write, made anew as often as it comes too late; texts are embedded once."""

    source: Source
    extracted: Extracted
    lease: Lease | None
    texts: dict[bytes, Embedded] = field(default_factory=dict)

    def steps(self) -> tuple[Step, ...]:
        """One for each statement. What is not known word for word is embedded, and compared with what is near it."""
        source = self.source
        digests = [digest.of_fact(s.fact, source.run_id) for s in self.extracted.statements]
        live = apply.live_digests(source.tenant_id, source.project, source.user_id, source.agent_id, digests)
        new = {d: s.fact.content for d, s in zip(digests, self.extracted.statements, strict=True) if d not in live}
        self._embed({d: content for d, content in new.items() if d not in self.texts})
        offered = self._offered(digests, new)
        statements: Sequence[Statement] = decide.by_rules(self.extracted, offered)
        return reconcile(list(zip(statements, digests, strict=True)), live, offered)

    def _embed(self, missing: Mapping[bytes, str]) -> None:
        if missing and self.lease is not None:
            found = embed.texts(self.source, list(missing.values()), self.lease)
            self.texts.update(zip(missing, found, strict=True))

    def _offered(self, digests: Sequence[bytes], new: Mapping[bytes, str]) -> list[tuple[Known, ...]]:
        """The live facts near each statement; none for a turn, or for what is known already."""
        asked = [
            number
            for number, (d, s) in enumerate(zip(digests, self.extracted.statements, strict=True))
            if d in new and d in self.texts and not s.fact.verbatim
        ]
        offered: list[tuple[Known, ...]] = [()] * len(digests)
        if asked and self.extracted.read:
            source = self.source
            vectors = [self.texts[digests[number]].vectors[0] for number in asked]
            near = similar(
                source.tenant_id, source.project, source.user_id, source.agent_id, vectors, registry.embedder().model
            )
            for number, known in zip(asked, near, strict=True):
                offered[number] = known
        return offered


def items_of(source: Source) -> list[Item]:
    """What was said, cut out of the raw text again."""
    return [
        Item(
            source.text[i["start"] : i["stop"]],
            i.get("role"),
            i.get("speaker"),
            parse_datetime(i["said_at"]) if i.get("said_at") else None,
            i.get("stamp"),
        )
        for i in source.payload["items"]
    ]
