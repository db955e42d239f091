"""BM25 inside a scope: one statement finds the passages with the question's words, numpy weighs them. Pure.

(Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009; document frequencies and lengths are the scope's.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from memories.retrieval.recipes import K1, B

# One row: the words of all passages and the number of passages, and all matches packed, so that thousands of them are
# two values instead of thousands of rows: a HEAD for each passage, and the binary form of a tsvector with only the
# question's words. Passages are read by their scope: a word index of all tenants would grow with every tenant.
MATCHES = """
WITH asked AS MATERIALIZED (
    SELECT string_agg($$'$$ || replace(replace(lexeme, $$\\$$, $$\\\\$$), $$'$$, $$''$$) || $$'$$, ' | ')::tsquery
               AS words
    FROM unnest(%(lexemes)s::text[]) AS asked_for(lexeme)
),
scoped AS MATERIALIZED (
    SELECT p.id, p.length, true AS counts, CASE WHEN p.tsv @@ (SELECT words FROM asked) THEN
               tsvectorsend(ts_filter(setweight(p.tsv, 'A', %(lexemes)s::text[]), '{{a}}')) END AS held
    FROM memories_passage p
    WHERE p.tenant_id = %(tenant)s AND p.project = ANY(%(projects)s) AND p.user_id = %(user)s
    UNION ALL
    SELECT s.reserved_id, (SELECT coalesce(sum(cardinality(positions)), 0)::int FROM unnest(s.tsv)), false,
           tsvectorsend(ts_filter(setweight(s.tsv, 'A', %(lexemes)s::text[]), '{{a}}'))
    FROM (SELECT s.* FROM memories_source s WHERE {s_scope} AND {waiting} ORDER BY s.id DESC LIMIT %(pending)s::int) s
    WHERE s.tsv @@ (SELECT words FROM asked)
)
SELECT sum(m.length) FILTER (WHERE m.counts) AS words, count(*) FILTER (WHERE m.counts) AS passages,
       string_agg(uuid_send(m.id) || int4send(m.length) || int4send(octet_length(m.held)), ''::bytea)
           FILTER (WHERE m.held IS NOT NULL) AS heads,
       string_agg(m.held, ''::bytea) AS held
FROM scoped m
"""
HEAD = np.dtype([("id", "S16"), ("length", ">i4"), ("bytes", ">i4")])


@dataclass(frozen=True, slots=True)
class Lexical:
    """The passages (or pending writes) with a word of the question, and their BM25 for each word.

    `parts` is words × passages: BM25 of one word. `idf` has one weight for each word of the question, `words` has their
    indexed forms. `ids` are empty if the passages are those of a snapshot.
    """

    ids: tuple[bytes, ...]
    parts: npt.NDArray[np.float32]
    idf: npt.NDArray[np.float32]
    words: tuple[str, ...]

    @property
    def scores(self) -> npt.NDArray[np.float32]:
        sums: npt.NDArray[np.float32] = self.parts.sum(axis=0, dtype=np.float32)
        return sums

    @property
    def ideal(self) -> float:
        """The BM25 of a passage that repeats every word without limit."""
        return float(self.idf.sum()) * (K1 + 1)


NOTHING = Lexical((), np.zeros((0, 0), np.float32), np.zeros(0, np.float32), ())


@dataclass(frozen=True, slots=True)
class Matches:
    """Passages (`ids`, empty if they are those of a snapshot, and `lengths` in words), and the frequency of each word:
    `at` is the passage, `term` the word."""

    ids: tuple[bytes, ...]
    lengths: npt.NDArray[np.integer]
    at: npt.NDArray[np.int64]
    term: npt.NDArray[np.int64]
    count: npt.NDArray[np.integer]


def unpack(heads: bytes, held: bytes, words: tuple[str, ...]) -> Matches:
    """Unpack the result of MATCHES. A tsvector is sent as the number of its words, then for each word: itself, a zero
    byte, the number of its positions, the positions. All passages are read together, word after word."""
    head = np.frombuffer(heads, HEAD)
    asked = [np.frombuffer(word.encode() + b"\0", np.uint8) for word in words]
    data = np.frombuffer(held + bytes(max(map(len, asked)) + 2), np.uint8)
    here = np.cumsum(head["bytes"], dtype=np.int64) - head["bytes"]
    left = _number(data, here, 4)
    here, passage = here + 4, np.arange(len(head))
    found: list[npt.NDArray[np.int64]] = []
    while len(here):
        term = _which(data, here, asked)
        here = here + np.array([len(word) for word in asked], np.int64)[term]
        count = _number(data, here, 2)
        found.append(np.stack([passage, term, count]))
        here, left = here + 2 + 2 * count, left - 1
        here, passage, left = here[left > 0], passage[left > 0], left[left > 0]
    at, term, count = np.concatenate(found, axis=1)
    return Matches(tuple(i.ljust(16, b"\0") for i in head["id"].tolist()), head["length"], at, term, count)


def _number(data: npt.NDArray[np.uint8], here: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    """Big-endian numbers of `size` bytes."""
    total = np.zeros(len(here), np.int64)
    for byte in range(size):
        total = total * 256 + data[here + byte]
    return total


def _which(
    data: npt.NDArray[np.uint8], here: npt.NDArray[np.int64], asked: list[npt.NDArray[np.uint8]]
) -> npt.NDArray[np.int64]:
    """Which of the words is at each position."""
    which = np.zeros(len(here), np.int64)
    for number, word in enumerate(asked):
        may = np.flatnonzero((data[here] == word[0]) & (data[here + len(word) - 1] == 0))
        which[may[(data[here[may][:, None] + np.arange(len(word))] == word).all(axis=1)]] = number
    return which


def weigh(matches: Matches, words: tuple[str, ...], passages: int, length: float) -> Lexical:
    """BM25 of each match; the scope has `passages` passages of mean length `length` in words."""
    holding = np.bincount(matches.term, minlength=len(words))
    everything = max(passages, len(matches.lengths))
    idf = np.log(1 + (everything - holding + 0.5) / (holding + 0.5)).astype(np.float32)
    count = matches.count.astype(np.float32)
    parts = np.zeros((len(words), len(matches.lengths)), np.float32)
    parts[matches.term, matches.at] = (
        idf[matches.term] * count * (K1 + 1) / (count + K1 * (1 - B + B * matches.lengths[matches.at] / length))
    )
    return Lexical(matches.ids, parts, idf, words)
