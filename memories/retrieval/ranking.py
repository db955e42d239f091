"""The result of ranking, for `run` and `explain`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from memories.retrieval import lexical
from memories.retrieval.candidates import Pool
from memories.retrieval.query_analysis import Question
from memories.retrieval.recipes import FULL, Recipe


@dataclass(slots=True)
class Ranking:
    """Memories, best first, each with its score in 0–1; the other fields explain the score."""

    memories: list[tuple[uuid.UUID, float]]
    best: dict[uuid.UUID, int] = field(default_factory=dict)  # the column of a memory's best passage
    columns: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    recipe: Recipe = FULL
    question: Question | None = None
    lexical: lexical.Lexical = lexical.NOTHING
    pool: Pool | None = None
