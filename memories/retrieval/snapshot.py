"""The passages of one owner as arrays in this process. Pure data.

A snapshot belongs to one version of the owner's memories. It has numbers only: vectors, hashes of words, times.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # of PostgreSQL's binary timestamps
MICROSECOND = dt.timedelta(microseconds=1)
ROLES = (None, "user", "assistant")  # any other role counts as "user"


@dataclass(frozen=True, slots=True)
class ScopeState:
    """`version` counts the changes of the owner's memories, `reindexed` those of their indexed words; `passages` is
    their number. `has_pending`: accepted writes wait. `lexemes` are the words of the question, with their `hashes`;
    `agent` and `run` are the hashes of the scope's ids; `user_names` are the names of the user.
    """

    version: int
    reindexed: int
    passages: int
    has_pending: bool
    lexemes: tuple[str, ...]
    hashes: npt.NDArray[np.int64]
    agent: int | None
    run: int | None
    user_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewPair:
    """An open review: `newer` may outdate, end, repeat or extend `older`, with this probability."""

    older: uuid.UUID
    newer: uuid.UUID
    probability: float


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of passages that never change; n passages, in the order of their ids.

    `vectors` has unit rows (n × dimensions), zeros without a vector. `tokens` has the token embeddings of all passages,
    those of passage i from `token_starts[i]` to `token_starts[i + 1]`; `terms` has the hashes of their words and
    `counts` their frequencies, with `term_starts`. `session` 0: none. `speaker` -1: none, else a place in the names.
    """

    ids: npt.NDArray[np.bytes_]
    memory: npt.NDArray[np.bytes_]
    text: npt.NDArray[np.bytes_]
    session: npt.NDArray[np.int64]
    batch: npt.NDArray[np.uint64]  # n × 2: the halves of the id
    turn: npt.NDArray[np.int32]
    said_at: npt.NDArray[np.int64]  # microseconds since EPOCH
    length: npt.NDArray[np.int32]
    role: npt.NDArray[np.int8]
    asks: npt.NDArray[np.bool_]
    speaker: npt.NDArray[np.int32]
    has_vector: npt.NDArray[np.bool_]
    has_tokens: npt.NDArray[np.bool_]
    vectors: npt.NDArray[np.float32]
    tokens: npt.NDArray[np.int8]
    token_starts: npt.NDArray[np.int64]
    terms: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int16]
    term_starts: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Visibility:
    """The columns of passages that change: those of the current revision of their text. `shown` False: there is none,
    or it is archived. Times are microseconds since EPOCH, `agent` and `run` hashes (0: none)."""

    shown: npt.NDArray[np.bool_]
    valid_to: npt.NDArray[np.int64]
    expires_at: npt.NDArray[np.int64]
    agent: npt.NDArray[np.int64]
    run: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """The order of the turns: `place` is the number of a passage's turn (-1: none), `after` the two next ones of its
    session (n × 2; -1: none)."""

    place: npt.NDArray[np.int64]
    after: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ScopeSnapshot:
    """`sorted_terms` are the hashes of all words in order, `sorted_at` their passages, `sorted_counts` their
    frequencies. `passages` is the number that the owner's row has."""

    version: int
    reindexed: int
    passages: int
    speakers: tuple[str, ...]
    columns: Columns
    visibility: Visibility
    places: Places
    sorted_terms: npt.NDArray[np.int64]
    sorted_at: npt.NDArray[np.int32]
    sorted_counts: npt.NDArray[np.int16]
    mean_length: float
    reviews: tuple[ReviewPair, ...]

    @property
    def size(self) -> int:
        """Bytes of the arrays."""
        parts = (self.columns, self.visibility, self.places, self)
        arrays = [getattr(part, field.name) for part in parts for field in fields(part)]
        return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))
