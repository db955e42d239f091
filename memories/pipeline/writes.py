"""Read accepted writes: their statements, and the texts to embed. No transaction is open here."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Q

from entities.types import EMPTY_GRAPH, ExtractedGraph
from memories.embeddings import registry
from memories.errors import ProviderUnavailable
from memories.extraction.llm.registry import model_extractor
from memories.models import Revision, Source
from memories.pipeline import digest, embed
from memories.pipeline.echo_filter import strip_echoes
from memories.pipeline.extract import extract, graph_of, items_of
from memories.pipeline.keep_text import keep_text
from memories.retrieval.similar import similar
from memories.statements import ExistingMemory, ExtractionResult, Statement
from memories.types import Item, Json, SourceKind

MODEL_TRIES = 3  # attempts with a language model; then the rules read the write
CANDIDATES, NEAR = 20, 0.25  # memories that a model is shown, and their minimum cosine
FAILURES = "model_failures"


@dataclass(frozen=True, slots=True)
class ReadWrite:
    """A Source with what was read out of it.

    A store: one digest and one content for each statement; `shown` are the memories that a language model was shown.
    An update or supersede: the one new text, and as `graph` what it says of entities. A restore: the `revision` to
    bring back. A long store comes in parts: `first` is the position of its first statement, `is_last` tells that the
    Source ends with this part.
    """

    source: Source
    digests: tuple[bytes, ...] = ()
    contents: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()
    shown: tuple[ExistingMemory, ...] | None = None
    result: Mapping[str, object] = field(default_factory=dict)
    graph: ExtractedGraph = EMPTY_GRAPH
    revision: Revision | None = None
    first: int = 0
    is_last: bool = True

    def part(self, start: int, stop: int) -> ReadWrite:
        """Statements `start` to `stop` of a store."""
        cut = slice(start, stop)
        return replace(
            self,
            digests=self.digests[cut],
            contents=self.contents[cut],
            statements=self.statements[cut],
            first=self.first + start,
            is_last=self.is_last and stop >= len(self.digests),
        )

    def new_texts(self, live: Collection[tuple[str | None, bytes]]) -> Iterator[tuple[bytes, str]]:
        """The texts that no live memory of the same agent holds."""
        for digest_, content in zip(self.digests, self.contents, strict=True):
            if (self.source.agent_id, digest_) not in live:
                yield digest_, content

    def parts(self, size: int) -> Iterator[ReadWrite]:
        if len(self.digests) <= size:
            yield self
            return
        for start in range(0, len(self.digests), size):
            yield self.part(start, start + size)


def read(source: Source) -> ReadWrite:
    """Read one accepted write. Raises ProviderUnavailable (retry) or ProviderRefused."""
    match SourceKind(source.kind):
        case SourceKind.STORE:
            read = _store(source)
            done = int(source.result.get("statements_done", 0))  # the rest of a long write that was interrupted
            return read.part(done, len(read.digests)) if done else read
        case SourceKind.RESTORE:
            return _restore(source)
        case SourceKind.UPDATE | SourceKind.SUPERSEDE:
            graph = graph_of(source.text)
            return ReadWrite(source, (digest.of_text(source.text),), (source.text,), graph=graph)


def of_statements(
    source: Source, found: ExtractionResult, shown: tuple[ExistingMemory, ...] | None = None
) -> ReadWrite:
    """A store with its statements, without those below the importance that it asks for."""
    kept = found.important(source.payload.get("min_importance", 0))
    skipped = len(found.statements) - len(kept.statements)
    result: dict[str, object] = {"facts": len(kept.statements), "skipped": skipped, "by": kept.by}
    if kept.refused:
        result["refused"] = dict(kept.refused)
    if source.payload.get("detailed"):
        result["said"] = [[s.fact.position, s.fact.confidence, s.fact.importance] for s in kept.statements]
    return ReadWrite(
        source,
        tuple(digest.of_fact(s.fact, source.run_id) for s in kept.statements),
        tuple(s.fact.content for s in kept.statements),
        kept.statements,
        shown,
        result,
    )


def facts_of(items: Sequence[Item], payload: Json) -> ExtractionResult:
    """The statements of a write, without a language model."""
    return extract(items, infer=payload.get("infer", True), roles=_roles(payload))


def _store(source: Source) -> ReadWrite:
    """By the language model if there is one. A failed model is called again in the retries of the write, MODEL_TRIES
    times in total; then the rules read it."""
    items, model, infers = items_of(source), model_extractor(), source.payload.get("infer", True)
    if infers:
        items = strip_echoes(source, items)
    failures = int(source.result.get(FAILURES, 0))
    if model is None or not infers or failures >= MODEL_TRIES or not model.fits(items):
        return _kept(source, facts_of(items, source.payload), None)
    shown = _near(source)
    try:
        found = model.read(items, roles=_roles(source.payload), known=shown, moment=source.accepted_at)
    except ProviderUnavailable:
        source.result = {**source.result, FAILURES: failures + 1}
        source.pending_row().update(result=source.result)
        raise
    return _kept(source, found, shown)


def _kept(source: Source, found: ExtractionResult, shown: tuple[ExistingMemory, ...] | None) -> ReadWrite:
    """If nothing was extracted from a single text, the text itself is the statement, word for word."""
    if not found.statements and source.payload.get("single_text"):
        found, shown = keep_text(source, found)
    return of_statements(source, found, shown)


def _restore(source: Source) -> ReadWrite:
    """The requested revision, or the last live one."""
    assert source.target_key is not None
    rows = Revision.objects.filter(tenant=source.tenant_id, memory_key=source.target_key)
    named = source.payload.get("revision_id")
    wanted = Q(valid_to=None, archived=False) if named is None else Q(id=named)
    found = rows.filter(wanted).order_by("-recorded_at", "-id").first()
    return ReadWrite(source, revision=found)


def _near(source: Source) -> tuple[ExistingMemory, ...]:
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
    return tuple(dict.fromkeys(pair[1] for pair in ranked if pair is not None))[:CANDIDATES]


def _roles(payload: Json) -> frozenset[str] | None:
    roles = payload.get("roles")
    return None if roles is None else frozenset(roles)
