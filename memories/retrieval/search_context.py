"""The parameters of one recall that all of its statements share."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from pgvector import HalfVector

from core.ids import MEMORY, parse
from memories.retrieval import where
from memories.retrieval.query_analysis import Question
from memories.retrieval.recipes import FirstStageWeights
from memories.types import Filter, MemoryScope, RecallQuery


@dataclass(frozen=True)
class SearchContext:
    """`vector` is the question's under `model` (None: unavailable); `token_model` None: no token embeddings are
    read."""

    scope: MemoryScope
    query: RecallQuery
    question: Question
    first: FirstStageWeights
    moment: dt.datetime
    vector: npt.NDArray[np.float32] | None
    model: str
    token_model: str | None

    @property
    def condition(self) -> Filter | None:
        return self.query.filters

    @property
    def has_filters(self) -> bool:
        """Whether conditions besides scope and visibility exclude memories."""
        query, temporal_view = self.query, self.query.temporal_view
        return bool(
            query.filters
            or query.exclude
            or temporal_view.superseded
            or temporal_view.is_historical
            or self.scope.agent_id
            or self.scope.run_id
        )

    @cached_property
    def _halfvec(self) -> str | None:
        return None if self.vector is None else HalfVector(self.vector).to_text()

    def parameters(self) -> dict[str, Any]:
        return where.parameters(
            self.scope, self.moment, exclude=excluded(self.query), temporal_view=self.query.temporal_view
        ) | {
            "vector": self._halfvec,
            "model": self.model,
            "token_model": self.token_model or "",  # no model has this name: no row matches
        }


def excluded(query: RecallQuery) -> list[uuid.UUID]:
    """The memories that the caller has already; an unknown id excludes nothing."""
    return [key for text in query.exclude if (key := parse(MEMORY, text))]
