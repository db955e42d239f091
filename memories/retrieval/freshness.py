"""Which of the best hits say something that a newer hit says otherwise. Pure numpy.

An open review names such a pair. Other pairs are judged by their words: a logistic regression over the words that two
texts share, fitted on timelines. Shapes: `n` hits.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from memories.embeddings.base import TokenMatrix
from memories.retrieval.snapshot import ReviewPair
from memories.retrieval.types import Floats, PassageCandidate

HITS = 12  # the best hits that are compared by their words
MAX_TOKENS = 32  # token embeddings of a text that are compared
# The probability that the newer of two hits replaces the older one: the shares of the words of the older and of the
# newer text that both have, weighted by rarity among the hits; the rarity of these words; the average similarity of the
# tokens of the older text to the nearest of the newer one, and the reverse.
COEFFICIENTS = np.array([3.8, 3.0, 0.1, 1.7, 1.7], np.float32)
INTERCEPT = -6.4
NO_TOKENS = 0.4  # the similarity of texts without token embeddings
# From this probability the newer ranks above the older. It is low because the order costs little where both are right.
NOTES = 0.04
# People come back to a subject without a change: turns need more evidence. In a chat with an assistant less than among
# friends. A turn is compared with those of other conversations that match the question as well.
CHATS, TURNS = 0.1, 0.3
MAX_GAP = 0.1  # of the weighted sums
MAX_NOTE_GAP = 0.4  # by which the newer note may match the question less


@dataclass(frozen=True, slots=True)
class Hits:
    """The best candidate of each memory, best first, and its weighted sum of features (n)."""

    candidates: Sequence[PassageCandidate]
    sums: Floats


def pairs(hits: Hits, reviews: Sequence[ReviewPair]) -> list[tuple[int, int]]:
    """(older, newer): places in `hits` of which the newer has to rank above the older, by the place of the older."""
    place = {candidate.memory_id: at for at, candidate in enumerate(hits.candidates)}
    reviewed = [
        (place[pair.older], place[pair.newer]) for pair in reviews if pair.older in place and pair.newer in place
    ]
    few = Hits(hits.candidates[:HITS], hits.sums[:HITS])
    wanted = limits(few)
    if not np.isfinite(wanted).any():
        return sorted(set(reviewed))
    older, newer = np.nonzero(probabilities(few.candidates) >= wanted)
    return sorted({*reviewed, *zip(older.tolist(), newer.tolist(), strict=True)})


def outdated(reviews: Sequence[ReviewPair]) -> dict[uuid.UUID, uuid.UUID]:
    """The likeliest newer memory for each older one of the open reviews."""
    return {pair.older: pair.newer for pair in sorted(reviews, key=lambda pair: pair.probability)}


def probabilities(candidates: Sequence[PassageCandidate]) -> Floats:
    """[older, newer]: whether the text of one candidate replaces the text of another (n × n), by their words."""
    total = sum(c * column for c, column in zip(COEFFICIENTS, overlaps(candidates), strict=True)) + INTERCEPT
    found: Floats = np.asarray(1 / (1 + np.exp(-total)), np.float32)
    return found


def overlaps(candidates: Sequence[PassageCandidate]) -> tuple[Floats, ...]:
    """[older, newer]: the features of COEFFICIENTS (each n × n)."""
    shared, own = _shared_words([candidate.terms for candidate in candidates])
    met = _token_similarity([candidate.token_embeddings for candidate in candidates])
    whole: Floats = np.maximum(own, 1e-9).astype(np.float32)
    return shared / whole[:, None], shared / whole[None, :], shared, met, met.T


def limits(hits: Hits) -> Floats:
    """[older, newer]: the probability from which the newer ranks above the older (n × n); infinite: never."""
    candidates, count = hits.candidates, len(hits.candidates)
    said = np.array([c.said_at.timestamp() if c.said_at and len(c.terms) else np.nan for c in candidates])
    sessions, speakers = ([getattr(c, name) for c in candidates] for name in ("session", "speaker"))
    alone = np.array([session is None for session in sessions], np.bool_)
    tells = np.array([not c.asks and c.role != "assistant" for c in candidates], np.bool_)
    chat = np.array([c.role == "user" for c in candidates], np.bool_)
    found = np.where(alone[:, None] & alone, NOTES, np.where(chat[:, None] & chat, CHATS, TURNS))
    apart = _differ(sessions) & ~_differ(speakers)
    gap = hits.sums[:, None] - hits.sums
    possible = ((alone[:, None] & alone) & (gap <= MAX_NOTE_GAP)) | (apart & (np.abs(gap) <= MAX_GAP))
    possible &= (said[:, None] < said) & tells[:, None] & tells
    return np.where(possible, found, np.inf).astype(np.float32).reshape(count, count)


def _differ(values: Sequence[object]) -> npt.NDArray[np.bool_]:
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    codes = np.array([numbers[value] for value in values], np.int64)
    return np.asarray(codes[:, None] != codes)


def _shared_words(terms: Sequence[npt.NDArray[np.int64]]) -> tuple[Floats, Floats]:
    """The summed rarity of the words that two texts share (n × n), and of the words of each text (n)."""
    lengths = [len(own) for own in terms]
    words, at = np.unique(np.concatenate(terms), return_inverse=True)
    has = np.zeros((len(terms), len(words)), np.float32)
    has[np.repeat(np.arange(len(terms)), lengths), at] = 1
    count = has.sum(axis=0)
    rarity = np.log(1 + (len(terms) - count + 0.5) / (count + 0.5))
    weighted: Floats = (has * rarity).astype(np.float32)
    return weighted @ has.T, weighted.sum(axis=1)


def _token_similarity(tokens: Sequence[TokenMatrix | None]) -> Floats:
    """[of, to]: the mean similarity of the tokens of one text to the nearest tokens of another (n × n)."""
    found = np.full((len(tokens), len(tokens)), NO_TOKENS, np.float32)
    known = [at for at, own in enumerate(tokens) if own is not None and len(own)]
    stacks = [own[:MAX_TOKENS].astype(np.float32) for own in tokens if own is not None and len(own)]
    if not stacks:
        return found
    rows = np.concatenate(stacks)
    rows /= np.maximum(np.sqrt(np.einsum("ij,ij->i", rows, rows)), 1e-9)[:, None]
    sizes = np.array([len(own) for own in stacks])
    starts = np.cumsum(sizes) - sizes
    nearest = np.maximum.reduceat(rows @ rows.T, starts, axis=1)  # tokens × texts
    found[np.ix_(known, known)] = np.add.reduceat(nearest, starts, axis=0) / sizes[:, None]
    return found
