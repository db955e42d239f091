"""Read accepted writes: their statements, and the texts to embed. No transaction is open here.

An extractor or a language model reads a store. Lines that repeat the output of an earlier recall are not stored.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Q

from core.clock import now
from core.metadata_keys import APP_ID
from entities.types import EMPTY_GRAPH, ExtractedGraph
from memories.embeddings import registry
from memories.errors import ProviderRefused, ProviderUnavailable
from memories.extraction.extractor import from_settings
from memories.extraction.llm.extractor_registry import model_extractor
from memories.extraction.llm.model_extractor import MAX_WISHES
from memories.models import ProjectSettings, Revision, Source
from memories.pipeline import digest, embed
from memories.pipeline.source_items import items_of
from memories.retrieval.context import contents_of
from memories.retrieval.similar import live_digests, similar
from memories.statements import ExistingMemory, ExtractionResult, Proposal, Statement
from memories.types import Decision, Fact, Item, Json, SourceKind

log = logging.getLogger(__name__)

MODEL_TRIES = 3  # attempts with a language model; then the rules read the write
CANDIDATES, NEAR = 20, 0.25  # memories that a model is shown, and their minimum cosine
FAILURES = "model_failures"
MAX_LINES = 200  # such lines of one write that are looked up


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
        tuple(_digest(source, s.fact) for s in kept.statements),
        tuple(s.fact.content for s in kept.statements),
        kept.statements,
        shown,
        result,
    )


def _digest(source: Source, fact: Fact) -> bytes:
    if source.payload.get("deduplicate"):
        return digest.of_text_in(fact.content, source.run_id, app_of(source.payload["metadata"]))
    return digest.of_fact(fact, source.run_id)


def app_of(metadata: Json) -> str | None:
    """The app of a memory with this metadata."""
    return metadata.get(APP_ID)


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
    if model is None or not infers or not items or failures >= MODEL_TRIES or not model.fits(items):
        return _kept(source, facts_of(items, source.payload), None)
    shown = _near(source)
    try:
        found = model.read(
            items, roles=_roles(source.payload), known=shown, moment=source.accepted_at, wishes=_wishes(source)
        )
    except ProviderUnavailable:
        source.result = {**source.result, FAILURES: failures + 1}
        source.pending_row().update(result=source.result)
        raise
    return _kept(source, found, shown)


def _wishes(source: Source) -> str:
    """The instructions and categories of the project, for a language model."""
    row = ProjectSettings.objects.filter(tenant=source.tenant_id, project=source.project).first()
    values = row.values if row is not None else {}
    parts = [values.get("custom_instructions")]
    if source.agent_id is not None:
        parts.append(values.get("agent_custom_instructions"))
    if categories := values.get("custom_categories"):
        parts.append(f"Categories of facts: {json.dumps(categories, ensure_ascii=False)}")
    return "\n".join(part for part in parts if part)[:MAX_WISHES]


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


# --- extraction without a language model -----------------------------------------------------------------------------
def extract(items: Sequence[Item], *, infer: bool, roles: frozenset[str] | None = None) -> ExtractionResult:
    """The statements of `items`, without a language model; without `infer` each item is one fact, verbatim.

    `roles`: only items of these roles are read, and all of them may state facts. None: the extractor decides.
    """
    if not infer:
        return ExtractionResult(tuple(Statement(fact) for fact in verbatim(items, roles)), "verbatim")
    extractor = from_settings()
    try:
        read = extractor.read(items, roles)
    except (ProviderUnavailable, ProviderRefused) as error:
        log.warning("texts are read without a parser: %s", error.message)
        extractor = extractor.unparsed()
        read = extractor.read(items, roles)
    return ExtractionResult(tuple(statement for found in read for statement in found), extractor.name)


def verbatim(items: Sequence[Item], roles: frozenset[str] | None = None) -> tuple[Fact, ...]:
    """Each item with text as one fact, word for word; messages that were erased have none."""
    return tuple(
        Fact(i.content, i.content, position, i.role, i.speaker, i.said_at, i.client_timestamp, verbatim=True)
        for position, i in enumerate(items)
        if i.content and (roles is None or i.role in roles)
    )


def graph_of(content: str) -> ExtractedGraph:
    """The entities and relations of a memory's text, without a language model."""
    found = extract([Item(content)], infer=True)
    return merge_graphs(statement.graph for statement in found.statements)


def merge_graphs(parts: Iterable[ExtractedGraph]) -> ExtractedGraph:
    """Merge the graphs of several facts of one text."""
    parts = list(parts)
    return ExtractedGraph(
        tuple(dict.fromkeys(named for part in parts for named in part.named)),
        tuple(stated for part in parts for stated in part.stated),
        next((part.user_name for part in parts if part.user_name), None),
    )


# --- a text that repeats the output of a recall, or states nothing --------------------------------------------------
def echoed_turns(source: Source, item: Item) -> list[ExistingMemory]:
    """The live memories of this owner and agent that context lines in `item` repeat."""
    said = [content for line in item.content.split("\n") for content in _line_contents(line)][:MAX_LINES]
    rows = Revision.objects.filter(
        tenant=source.tenant_id,
        project=source.project,
        user_id=source.user_id,
        agent_id=source.agent_id,
        valid_to=None,
        content__in=said,
    ).visible(now())
    return [
        ExistingMemory(*row) for row in rows.values_list("memory_key", "content", "valid_from").order_by("memory_key")
    ]


def strip_echoes(source: Source, items: Sequence[Item]) -> list[Item]:
    """The items without context lines that repeat this owner's memories word for word."""
    lines = [item.content.split("\n") for item in items]
    said = [content for several in lines for line in several for content in _line_contents(line)][:MAX_LINES]
    if not said:
        return list(items)
    rows = Revision.objects.filter(
        tenant=source.tenant_id, project=source.project, user_id=source.user_id, retired_at=None, content__in=said
    )
    held = set(rows.values_list("content", flat=True))
    return [
        replace(item, content="\n".join(line for line in several if held.isdisjoint(_line_contents(line))))
        for item, several in zip(items, lines, strict=True)
    ]


def _line_contents(line: str) -> tuple[str, ...]:
    """The possible texts of a context line that has a date of its own; none for any other line."""
    line = line.strip()
    forms = [form for form in contents_of(line) if form != line]
    return tuple(dict.fromkeys(text for form in forms for text in (form, form.removesuffix("."))))


def keep_text(source: Source, found: ExtractionResult) -> tuple[ExtractionResult, tuple[ExistingMemory, ...]]:
    """The single text of a write as one statement, and the memories that the statements repeat.

    A text whose lines are all live memories adds nothing: it repeats these memories.
    """
    (item,) = items_of(source)
    news = strip_echoes(source, [item])[0].content
    turns = echoed_turns(source, item) if news != item.content else []
    held = _held(source, news)
    if held is not None and (held or turns):
        said = [Statement(_fact(item, line)) for line in held]
        said += [_repeats(item, turn) for turn in turns]
        return replace(found, statements=tuple(said)), tuple(turns)
    kept = news if news.strip() else item.content
    return replace(found, statements=(Statement(_fact(item, kept)),)), ()


def _held(source: Source, text: str) -> list[str] | None:
    """The contents of the live facts that `text` consists of, one for each line; None if any line is new."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MAX_LINES:
        return None
    forms = [[form for text in contents_of(line) for form in (text, text.removesuffix("."))] for line in lines]
    digests = {form: digest.of_text(form) for several in forms for form in several}
    live = live_digests(source.tenant_id, source.project, source.user_id, source.agent_id, list(digests.values()))
    held = [next((form for form in several if digests[form] in live), None) for several in forms]
    return None if None in held else [form for form in held if form is not None]


def _fact(item: Item, content: str) -> Fact:
    return Fact(content, content, 0, item.role, item.speaker, item.said_at, item.client_timestamp)


def _repeats(item: Item, turn: ExistingMemory) -> Statement:
    fact = replace(_fact(item, turn.content), said_at=turn.said_at)
    return Statement(fact, proposal=Proposal(Decision.NOOP, turn.id, "repeats what a recall gave out"))
