"""An accepted store: what it states, what that does to what is known, and the one transaction that writes it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from entities.services.stating import key_of, stating
from entities.types import GraphScope
from memories.models import Source
from memories.pipeline import apply, decide, digest, embed, owners
from memories.pipeline.extract import Extracted, extract, items_of
from memories.pipeline.keep_text import keep_text
from memories.pipeline.lease import Lease, pending
from memories.pipeline.recalled import without_recalled
from memories.pipeline.reconcile import Step, reconcile
from memories.pipeline.rows import Embedded
from memories.providers import registry
from memories.providers.base import ProviderUnavailable
from memories.retrieval.similar import live, similar
from memories.statements import Known, Statement
from memories.types import Item, Json
from memproject.common.errors import Unavailable

RULES_READ = 8_000  # characters a second, at the least
MODEL_TRIES = 3  # of a language model; then the rules read the write
CANDIDATES, NEAR = 20, 0.25  # memories that a model is shown, and the cosine that they must have
SAME_MOST = 2  # facts about one relation of one person that a new one is compared with
FAILURES = "model_failures"
DECISIONS = 3  # how often a stale decision is made again; the last one only corrects what the lock shows


class Busy(Unavailable):
    """Others write to the same owner faster than we decide."""

    code = "busy"


def work(source: Source, lease: Lease) -> None:
    """Store what a Source states. Raises apply.GoneError, Unavailable (try again) or what a provider raises."""
    found, known = _read(source, lease)
    if not found.statements and source.payload.get("single_text"):
        found, known = keep_text(source, found)
    extracted, skipped = important(found, source.payload)
    result: dict[str, object] = {"facts": len(extracted.statements), "skipped": skipped, "by": extracted.by}
    if extracted.refused:
        result["refused"] = dict(extracted.refused)
    if source.payload.get("detailed"):
        result["said"] = [[s.fact.position, s.fact.confidence, s.fact.importance] for s in extracted.statements]
    deciding = Deciding(source, extracted, lease, known)
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
    """What a write states that matters enough, and how many facts didn't, without a language model."""
    return important(extract(items, infer=payload.get("infer", True), roles=_roles(payload)), payload)


def important(found: Extracted, payload: Json) -> tuple[Extracted, int]:
    kept = found.important(payload.get("min_importance", 0))
    return kept, len(found.statements) - len(kept.statements)


def _roles(payload: Json) -> frozenset[str] | None:
    roles = payload.get("roles")
    return None if roles is None else frozenset(roles)


def _read(source: Source, lease: Lease) -> tuple[Extracted, tuple[Known, ...] | None]:
    """What a Source states, by the language model if there is one, and the memories that this was shown.

    A model that fails is asked again when the write is tried again, MODEL_TRIES times in all; then the rules read it.
    """
    items, model = items_of(source), registry.model_extractor()
    if source.payload.get("infer", True):
        items = without_recalled(source, items)
    failures = int(source.result.get(FAILURES, 0))
    if model is None or not source.payload.get("infer", True) or failures >= MODEL_TRIES or not model.fits(items):
        lease.hold(len(source.text) / RULES_READ)
        return extract(items, infer=source.payload.get("infer", True), roles=_roles(source.payload)), None
    known = _near(source)
    lease.hold(2 * settings.LLM_TIMEOUT_SECONDS)  # once more, in a simpler form, if the server wants that
    try:
        reading = model.read(items, roles=_roles(source.payload), known=known, moment=source.accepted_at)
    except ProviderUnavailable:
        pending(source.tenant_id, source.id).update(result={**source.result, FAILURES: failures + 1})
        raise
    return Extracted(reading.statements, reading.by, refused=reading.refused), known


def _near(source: Source) -> tuple[Known, ...]:
    """The live facts nearest to any part of the raw text, the nearest of each part first."""
    vectors = embed.raw(source)
    found = similar(
        source.tenant_id,
        source.project,
        source.user_id,
        source.agent_id,
        list(vectors),
        registry.embedder().model,
        most=CANDIDATES,
        enough=NEAR,
    )
    ranked = itertools.chain.from_iterable(itertools.zip_longest(*found))
    return tuple(dict.fromkeys(known for known in ranked if known is not None))[:CANDIDATES]


@dataclass(slots=True)
class Deciding:
    """The decision about a write, made anew as often as it comes too late; texts are embedded once."""

    source: Source
    extracted: Extracted
    lease: Lease | None
    known: tuple[Known, ...] | None = None  # what whoever read the text was shown; None: the rules compare afterwards
    texts: dict[bytes, Embedded] = field(default_factory=dict)

    def steps(self) -> tuple[Step, ...]:
        """One for each statement. What is not known word for word is embedded, and compared with what is near it."""
        source = self.source
        digests = [digest.of_fact(s.fact, source.run_id) for s in self.extracted.statements]
        held = apply.live_digests(source.tenant_id, source.project, source.user_id, source.agent_id, digests)
        new = {d: s.fact.content for d, s in zip(digests, self.extracted.statements, strict=True) if d not in held}
        self._embed({d: content for d, content in new.items() if d not in self.texts})
        if self.known is not None:
            offered: Sequence[tuple[Known, ...]] = [self.known] * len(digests)
            statements: Sequence[Statement] = self.extracted.statements
        else:
            offered = self._offered(digests, new)
            statements = decide.by_rules(self.extracted, offered)
        return reconcile(list(zip(statements, digests, strict=True)), held, offered, accepted_at=source.accepted_at)

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
            stated = self._stated(asked)
            for number, known in zip(asked, near, strict=True):
                offered[number] = tuple(dict.fromkeys([*stated[number], *known]))
        return offered

    def _stated(self, asked: Sequence[int]) -> dict[int, list[Known]]:
        """The live facts that state of the same person what has one value at a time: near in meaning or not."""
        relations = {number: self.extracted.statements[number].knowledge.stated for number in asked}
        source = self.source
        found = stating(
            GraphScope(source.tenant_id, source.project, source.user_id),
            [relation for several in relations.values() for relation in several],
        )
        facts = live(source.tenant_id, source.agent_id, sorted({key for keys in found.values() for key in keys}))
        return {
            number: [
                facts[key]
                for relation in several
                for key in found.get(key_of(relation), [])[:SAME_MOST]
                if key in facts
            ]
            for number, several in relations.items()
        }
