"""The frozen results of the steps of a recall: analyze → retrieve → score → fuse → render. Pure data.

Each step takes the result of the step before. No step imports another one; `services/recall.py` calls them in order.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from memories.embeddings.base import TokenMatrix
from memories.retrieval.lexical import Lexical
from memories.retrieval.recipes import Recipe
from memories.retrieval.snapshot import ReviewPair, ScopeSnapshot, ScopeState
from memories.retrieval.time_expressions import Window
from memories.types import MemoryScope, RecallQuery

Floats = npt.NDArray[np.float32]
NO_TERMS = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Question:
    """`first_person_text` is the text with speakers' names in the first person, like their own memories.

    `speakers` are the possible speakers for the one name in the question; empty: none or several are named.
    `asks_about_assistant`: it asks for the words of an assistant.
    """

    text: str
    first_person_text: str
    speakers: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    asks_about_assistant: bool = False


@dataclass(frozen=True, slots=True)
class AnalyzedQuery:
    """The result of `analyze`. `moment` is the real now. `snapshot` None: the database is searched. `recipe` None: the
    query and the question decide."""

    scope: MemoryScope
    query: RecallQuery
    moment: dt.datetime
    question: Question
    state: ScopeState
    snapshot: ScopeSnapshot | None
    recipe: Recipe | None = None


@dataclass(frozen=True, slots=True)
class PassageCandidate:
    """A passage, or a pending write (`pending`: without position and token embeddings). `cosine` None: no vector of
    this model. `session`, `place` and `after` are names or numbers: only their equality counts. `terms` has the hashes
    of its words, once each."""

    key: uuid.UUID
    memory_id: uuid.UUID
    text: uuid.UUID
    cosine: float | None
    session: str | int | None = None
    place: str | int | None = None
    after: Sequence[str | int] = ()
    said_at: dt.datetime | None = None
    speaker: str | None = None
    role: str | None = None
    length: int = 0
    asks: bool = False
    terms: npt.NDArray[np.int64] = field(default_factory=lambda: NO_TERMS)
    token_embeddings: TokenMatrix | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Pool:
    """The input of the second stage: candidates, newest first, and the parts of their BM25 (words × candidates).

    `best_words` is the largest BM25 in the scope. `reviews` are the open reviews of two candidates' memories.
    """

    candidates: tuple[PassageCandidate, ...]
    parts: Floats
    best_words: float
    reviews: tuple[ReviewPair, ...] = ()


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The result of `retrieve`. `query_tokens`: the question's token embeddings (tokens × 64), None without them."""

    analyzed: AnalyzedQuery
    recipe: Recipe
    lexical: Lexical
    pool: Pool
    query_tokens: TokenMatrix | None


@dataclass(frozen=True, slots=True)
class Scored:
    """The result of `score`: the features by name, one value for each candidate of the pool."""

    retrieved: Retrieved
    features: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The result of `fuse`: memories, best first, each with its score in 0–1.

    The other fields explain the score: `best` is the column of a memory's best passage, `columns` the weighted
    features. `retrieved` None: nothing was asked, the memories are the newest. `outdated_by`: newer memories with
    another value of the same fact, by the older one.
    """

    scope: MemoryScope
    query: RecallQuery
    moment: dt.datetime
    memories: tuple[tuple[uuid.UUID, float], ...]
    best: Mapping[uuid.UUID, int] = field(default_factory=dict)
    columns: Mapping[str, Floats] = field(default_factory=dict)
    retrieved: Retrieved | None = None
    outdated_by: Mapping[uuid.UUID, uuid.UUID] = field(default_factory=dict)
