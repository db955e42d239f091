"""The search of a snapshot. Pure numpy.

It gives the candidates that `database_search` gives, with the same scores.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from memories.retrieval import first_stage, lexical
from memories.retrieval.lexical import Lexical, Matches
from memories.retrieval.recipes import FIRST_STAGE, PER_TEXT, FirstStageWeights
from memories.retrieval.snapshot import EPOCH, MICROSECOND, ROLES, Columns, ReviewPair, ScopeSnapshot, ScopeState
from memories.retrieval.time_expressions import nearness
from memories.retrieval.types import Floats, PassageCandidate, Pool, Question

EPOCH_SECONDS = EPOCH.timestamp()
WIDE = 4 * FIRST_STAGE  # sorted first; a scope with long memories may need more


@dataclass(frozen=True, slots=True)
class WordMatches:
    """The BM25 of the scope, and the passages of its columns."""

    lexical: Lexical
    at: npt.NDArray[np.int64]


NOTHING = WordMatches(lexical.NOTHING, np.zeros(0, np.int64))


def search_words(snapshot: ScopeSnapshot, state: ScopeState) -> WordMatches:
    """The passages with a word of the question, visible or not, as `lexical.MATCHES` finds them."""
    begin = np.searchsorted(snapshot.sorted_terms, state.hashes, "left")
    end = np.searchsorted(snapshot.sorted_terms, state.hashes, "right")
    spans = [np.arange(b, e) for b, e in zip(begin.tolist(), end.tolist(), strict=True)]
    if not any(map(len, spans)):
        return NOTHING
    found = np.concatenate(spans)
    term = np.repeat(np.arange(len(spans)), [len(span) for span in spans])
    passages, at = np.unique(snapshot.sorted_at[found], return_inverse=True)
    matches = Matches((), snapshot.columns.length[passages], at, term, snapshot.sorted_counts[found])
    return WordMatches(
        lexical.weigh(matches, state.lexemes, snapshot.passages, snapshot.mean_length), passages.astype(np.int64)
    )


def candidates(
    snapshot: ScopeSnapshot,
    words: WordMatches,
    question: Question,
    first: FirstStageWeights,
    vector: Floats | None,
    visible: npt.NDArray[np.bool_],
    *,
    with_tokens: bool,
) -> Pool:
    """The FIRST_STAGE best of the visible passages. `vector` is the question's; None: the model is unavailable."""
    bm25 = words.lexical.scores
    best_words = float(bm25.max()) if bm25.size else 0.0
    share = np.zeros(len(visible), np.float32)
    share[words.at] = bm25 / best_words if best_words else bm25
    cosine = _cosines(snapshot.columns, vector)
    scores = _first_stage_score(snapshot, question, share, cosine, first)
    kept = _best(snapshot.columns.text, scores, np.flatnonzero(visible))
    parts = np.zeros((len(words.lexical.words), len(kept)), np.float32)
    place = np.searchsorted(words.at, kept)
    for number, (at, passage) in enumerate(zip(place.tolist(), kept.tolist(), strict=True)):
        if at < len(words.at) and words.at[at] == passage:
            parts[:, number] = words.lexical.parts[:, at]
    found = tuple(_candidates(snapshot, kept, cosine, with_tokens=with_tokens))
    return Pool(found, parts, best_words, _pairs(snapshot.reviews, {c.memory_id for c in found}))


def visible(
    snapshot: ScopeSnapshot, moment: dt.datetime, agent: int | None, run: int | None, excluded: Collection[uuid.UUID]
) -> npt.NDArray[np.bool_]:
    """The passages of memories that a reader of the present sees, inside an agent and a run."""
    seen, now = snapshot.visibility, (moment - EPOCH) // MICROSECOND
    mask = seen.shown & (seen.valid_to > now) & (seen.expires_at > now)
    if agent is not None:
        mask &= seen.agent == agent
    if run is not None:
        mask &= seen.run == run
    if excluded:
        mask &= ~np.isin(snapshot.columns.memory, np.array([key.bytes for key in excluded], "S16"))
    return mask


def _cosines(columns: Columns, vector: Floats | None) -> Floats:
    """NaN without a vector. Not by BLAS: there the last bits of a row depend on its neighbours."""
    if vector is None:
        return np.full(len(columns.ids), np.nan, np.float32)
    cosine: Floats = np.einsum("ij,j->i", columns.vectors, vector)
    cosine[~columns.has_vector] = np.nan
    return cosine


def _first_stage_score(
    snapshot: ScopeSnapshot, question: Question, share: Floats, cosine: Floats, first: FirstStageWeights
) -> Floats:
    """As `first_stage.first_stage_score`, for all passages (n)."""
    columns = snapshot.columns
    total = first.words * share + first.meaning * first_stage.meaning(cosine, share)
    if question.speakers and first.speaker:
        asked = [at for at, name in enumerate(snapshot.speakers) if name in question.speakers]
        total = total + first.speaker * np.isin(columns.speaker, asked)
    if question.windows and first.date:
        total = total + first.date * np.nan_to_num(nearness(question.windows, _seconds(columns.said_at)))
    if first.role_match:
        other = ROLES.index("user" if question.asks_about_assistant else "assistant")
        total = total - first.role_match * (columns.role == other)
    return np.asarray(total, np.float32)


def _seconds(said_at: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return said_at / 1e6 + EPOCH_SECONDS


def _best(text: npt.NDArray[np.bytes_], scores: Floats, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The FIRST_STAGE best of `places`, at most PER_TEXT of one text, newest first. Of equal scores the newer passage
    counts more, as in `first_stage.best`."""
    own = scores[places]
    if len(places) > 2 * WIDE:
        limit = np.partition(own, len(own) - WIDE)[len(own) - WIDE]
        near = places[own >= limit]
        kept = _cut(text, scores, near)
        if len(kept) == FIRST_STAGE:
            return kept
    return _cut(text, scores, places)


def _cut(text: npt.NDArray[np.bytes_], scores: Floats, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    newest_first = places[::-1]
    ranked = newest_first[np.argsort(-scores[newest_first], kind="stable")]
    order = np.argsort(text[ranked], kind="stable")  # by text, and each text's passages best first
    texts = text[ranked][order]
    is_first = np.concatenate([[True], texts[1:] != texts[:-1]])[: len(texts)]
    begin = np.maximum.accumulate(np.where(is_first, np.arange(len(texts)), 0))
    taken = np.zeros(len(ranked), np.bool_)
    taken[order] = np.arange(len(texts)) - begin < PER_TEXT
    return np.sort(ranked[taken][:FIRST_STAGE])[::-1]


def _candidates(
    snapshot: ScopeSnapshot, kept: npt.NDArray[np.int64], cosine: Floats, *, with_tokens: bool
) -> Sequence[PassageCandidate]:
    columns, places = snapshot.columns, snapshot.places
    rows = zip(
        kept.tolist(),
        _uuids(columns.ids[kept]),
        _uuids(columns.memory[kept]),
        _uuids(columns.text[kept]),
        cosine[kept].tolist(),
        columns.has_vector[kept].tolist(),
        columns.session[kept].tolist(),
        places.place[kept].tolist(),
        places.after[kept].tolist(),
        columns.said_at[kept].tolist(),
        columns.speaker[kept].tolist(),
        columns.role[kept].tolist(),
        columns.length[kept].tolist(),
        columns.asks[kept].tolist(),
        strict=True,
    )
    return [
        PassageCandidate(
            key=key,
            memory_id=memory,
            text=text,
            cosine=value if known and value == value else None,
            session=session or None,
            place=place if session else None,
            after=[number for number in after if number >= 0],
            said_at=EPOCH + said_at * MICROSECOND,
            speaker=None if speaker < 0 else snapshot.speakers[speaker],
            role=ROLES[role],
            length=length,
            asks=asks,
            terms=columns.terms[columns.term_starts[at] : columns.term_starts[at + 1]],
            token_embeddings=columns.tokens[columns.token_starts[at] : columns.token_starts[at + 1]]
            if with_tokens and columns.has_tokens[at]
            else None,
        )
        for (
            at, key, memory, text, value, known, session, place, after, said_at, speaker, role, length, asks,
        ) in rows
    ]  # fmt: skip


def _uuids(ids: npt.NDArray[np.bytes_]) -> list[uuid.UUID]:
    raw = ids.tobytes()
    return [uuid.UUID(bytes=raw[start : start + 16]) for start in range(0, len(raw), 16)]


def _pairs(reviews: Sequence[ReviewPair], memories: Collection[uuid.UUID]) -> tuple[ReviewPair, ...]:
    return tuple(pair for pair in reviews if pair.older in memories and pair.newer in memories)
