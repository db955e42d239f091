"""An accepted store: what it states, what that does to what is known, and the one transaction that writes it."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from entities.services.stating import key_of, stating
from entities.types import GraphScope
from memories.models import Outcome, Source
from memories.pipeline import apply, decide, digest, embed, owners
from memories.pipeline.extract import Extracted, extract, items_of
from memories.pipeline.keep_text import keep_text
from memories.pipeline.lease import Lease, pending
from memories.pipeline.progress import Progress, progress_of
from memories.pipeline.recalled import without_recalled
from memories.pipeline.reconcile import Step, reconcile
from memories.pipeline.rows import Embedded
from memories.providers import registry
from memories.providers.base import ProviderUnavailable
from memories.retrieval.similar import live, similar
from memories.statements import Known, Statement
from memories.types import Decision, Item, Json
from memproject.common.errors import Unavailable

MAX_STATEMENTS = 500  # of a write that are decided and applied at a time
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
    total = len(extracted.statements)
    result: dict[str, object] = {"facts": total, "skipped": skipped, "by": extracted.by}
    if extracted.refused:
        result["refused"] = dict(extracted.refused)
    if source.payload.get("detailed"):
        result["said"] = [[s.fact.position, s.fact.confidence, s.fact.importance] for s in extracted.statements]
    progress = progress_of(source.result)
    done = progress.done(extracted.by)
    while True:
        part = extracted.part(done, done + MAX_STATEMENTS)
        done += len(part.statements)
        own = _made_by(source) if progress.outcomes else frozenset()
        deciding = Deciding(source, part, lease, known, own=own)
        progress = _decide_and_apply(deciding, result, progress, done if done < total else None)
        if done >= total:
            return


def _decide_and_apply(
    deciding: Deciding, result: Mapping[str, object], before: Progress, reached: int | None
) -> Progress:
    """Apply one batch of a write's statements, in one transaction; → as `apply.store`."""
    source = deciding.source
    for attempt in range(DECISIONS):
        seen = owners.version(source.tenant_id, source.project, source.user_id)
        steps = deciding.steps()
        last = attempt == DECISIONS - 1
        try:
            return apply.store(
                source.tenant_id,
                source.id,
                steps,
                deciding.texts,
                None if last else seen,
                result,
                before=before,
                reached=reached,
            )
        except apply.StaleError:
            continue
    raise Busy


def _made_by(source: Source) -> frozenset[uuid.UUID]:
    """The memories that earlier batches of a write made: facts of one text don't outdate one another."""
    made = Outcome.objects.filter(tenant=source.tenant_id, source_key=source.id).exclude(decision=Decision.NOOP)
    return frozenset(made.values_list("memory_key", flat=True))


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
        with lease.held():
            return extract(items, infer=source.payload.get("infer", True), roles=_roles(source.payload)), None
    known = _near(source)
    try:
        with lease.held():
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
    own: frozenset[uuid.UUID] = frozenset()  # memories that the same write made: none of them is offered

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
            with self.lease.held() if self.lease is not None else nullcontext():
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
                both = dict.fromkeys([*stated[number], *known])
                offered[number] = tuple(one for one in both if one.id not in self.own)
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
