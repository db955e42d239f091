"""The rows that a text becomes: built here, written by `apply` alone."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from memories.languages import configuration
from memories.models import Embedding, Memory, Passage, Revision, TokenVectors
from memories.pipeline.passages import split
from memories.pipeline.searchable import word_count, words
from memories.types import Span
from memproject.common.ids import new_id

Vectors = npt.NDArray[np.float32]
Pieces = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Embedded:
    """A text cut into passages, with one vector each (`vectors`: passages × dimensions) of `model`.

    `pieces` are the passages' word pieces, pieces × 64 each, under `piece_model`; None where that model was away.
    """

    spans: tuple[Span, ...]
    vectors: Vectors
    model: str
    pieces: tuple[Pieces, ...] | None = None
    piece_model: str = ""


def embedded_texts(contents: Sequence[str]) -> tuple[list[tuple[Span, ...]], list[str]]:
    """The spans of each text, and all passages' texts in one list, ready for one batch of embedding."""
    spans = [split(content) for content in contents]
    return spans, [c[s.start : s.stop] for c, cut in zip(contents, spans, strict=True) for s in cut]


@dataclass(frozen=True, slots=True)
class Voice:
    """Who said a text, when, and where in which conversation."""

    said_at: dt.datetime
    batch: uuid.UUID
    turn: int = 0
    session: str | None = None
    speaker: str | None = None
    role: str | None = None


@dataclass(slots=True)
class Batch:
    """Rows to write together, in the order in which their links need them."""

    memories: list[Memory] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    embeddings: list[Embedding] = field(default_factory=list)
    tokens: list[TokenVectors] = field(default_factory=list)

    def add_text(self, revision: Revision, text: Embedded, voice: Voice) -> None:
        """The passages and vectors of a revision that is the first with its text."""
        language = configuration(revision.project)
        for ordinal, (span, vector) in enumerate(zip(text.spans, text.vectors, strict=True)):
            content = revision.content[span.start : span.stop]
            passage = Passage(
                id=new_id(),
                tenant_id=revision.tenant_id,
                text_key=revision.id,
                memory_key=revision.memory_key,
                project=revision.project,
                user_id=revision.user_id,
                ordinal=ordinal,
                start=span.start,
                stop=span.stop,
                tsv=words(content, language, voice.speaker),
                length=word_count(content, language, voice.speaker),
                session=voice.session,
                batch=voice.batch,
                turn=voice.turn,
                speaker=voice.speaker,
                role=voice.role,
                said_at=voice.said_at,
            )
            self.passages.append(passage)
            self.embeddings.append(
                Embedding(
                    id=new_id(),
                    tenant_id=revision.tenant_id,
                    passage_key=passage.id,
                    project=revision.project,
                    user_id=revision.user_id,
                    text_key=revision.id,
                    speaker=voice.speaker,
                    role=voice.role,
                    said_at=voice.said_at,
                    model=text.model,
                    vector=vector,
                )
            )
            if text.pieces is not None:
                self.tokens.append(
                    TokenVectors(
                        id=new_id(),
                        tenant_id=revision.tenant_id,
                        passage_key=passage.id,
                        model=text.piece_model,
                        vectors=text.pieces[ordinal].tobytes(),
                    )
                )
