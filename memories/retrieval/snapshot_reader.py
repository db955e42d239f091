"""Read the snapshot of an owner from the database, or refresh an older one with the passages that are new since."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.postgres import fetch
from memories.embeddings import token_embeddings
from memories.retrieval.snapshot import Columns, Places, ReviewPair, ScopeSnapshot, Visibility

BATCH = 2_000  # passages whose columns are read at once: some 5 MB

# The passages of an owner with what changes of them, and the open reviews, both packed: thousands of rows as one value.
# One statement, so that all of it belongs to the owner's version.
MANIFEST = """
SELECT o.version, o.reindexed, o.passages,
       (SELECT string_agg(
                   uuid_send(p.id) || timestamptz_send(coalesce(r.valid_to, 'infinity'))
                   || timestamptz_send(coalesce(r.expires_at, 'infinity'))
                   || int8send(coalesce(hashtextextended(r.agent_id, 0), 0))
                   || int8send(coalesce(hashtextextended(r.run_id, 0), 0))
                   || int4send((r.id IS NOT NULL AND NOT r.archived)::int), ''::bytea)
        FROM memories_passage p
        LEFT JOIN memories_revision r
          ON r.tenant_id = p.tenant_id AND r.text_key = p.text_key AND r.retired_at IS NULL
         AND r.project = p.project AND r.user_id = p.user_id
        WHERE p.tenant_id = %(tenant)s AND p.project = %(project)s AND p.user_id = %(user)s) AS rows,
       (SELECT string_agg(uuid_send(v.old_key) || uuid_send(v.new_key) || float8send(v.probability), ''::bytea)
        FROM memories_review v
        WHERE v.tenant_id = %(tenant)s AND v.user_id = %(user)s AND v.project = %(project)s
          AND v.state = 'open') AS reviews
FROM memories_owner o
WHERE o.tenant_id = %(tenant)s AND o.project = %(project)s AND o.user_id = %(user)s
"""
# The columns of passages that never change, packed. Words are sent as hashes: their texts are not needed.
CONTENTS = """
SELECT string_agg(
           uuid_send(c.id) || uuid_send(c.memory_key) || uuid_send(c.text_key)
           || int8send(coalesce(hashtextextended(c.session, 0), 0)) || uuid_send(c.batch) || int4send(c.turn)
           || timestamptz_send(c.said_at) || int4send(c.length)
           || int4send(CASE WHEN c.role IS NULL THEN 0 WHEN c.role = 'assistant' THEN 2 ELSE 1 END)
           || int4send(c.asks::int) || int4send((c.vector IS NOT NULL)::int)
           || int4send(coalesce(octet_length(c.vectors), -1)) || int4send(coalesce(octet_length(c.words), 0)),
           ''::bytea) AS heads,
       string_agg(halfvec_send(c.vector), ''::bytea) AS vectors,
       string_agg(c.vectors, ''::bytea) AS tokens,
       string_agg(c.words, ''::bytea) AS words,
       array_agg(c.speaker) AS speakers
FROM (
    SELECT p.id, p.memory_key, p.text_key, p.session, p.batch, p.turn, p.said_at, p.length, p.role, p.speaker,
           p.start = 0 AND p.stop < 2000
             AND right(rtrim(t.content, E' \\t\\n\\r"'')*'), 1) = ANY(ARRAY['?', '？', '؟']) AS asks,
           e.vector, k.vectors,
           (SELECT string_agg(int8send(hashtextextended(w.lexeme, 0)) || int2send(cardinality(w.positions)::int2),
                              ''::bytea) FROM unnest(p.tsv) w) AS words
    FROM memories_passage p
    JOIN memories_revision t ON t.tenant_id = %(tenant)s AND t.id = p.text_key
    LEFT JOIN memories_embedding e
      ON e.tenant_id = %(tenant)s AND e.passage_key = p.id AND e.model = %(model)s
    LEFT JOIN memories_tokenembedding k
      ON k.tenant_id = %(tenant)s AND k.passage_key = p.id AND k.model = %(token_model)s
    WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(ids)s)
) c
"""
ROW = np.dtype(
    [("id", "S16"), ("valid_to", ">i8"), ("expires_at", ">i8"), ("agent", ">i8"), ("run", ">i8"), ("shown", ">i4")]
)
REVIEW = np.dtype([("older", "S16"), ("newer", "S16"), ("probability", ">f8")])
HEAD = np.dtype(
    [
        ("id", "S16"),
        ("memory", "S16"),
        ("text", "S16"),
        ("session", ">i8"),
        ("batch", ">u8", 2),
        ("turn", ">i4"),
        ("said_at", ">i8"),
        ("length", ">i4"),
        ("role", ">i4"),
        ("asks", ">i4"),
        ("has_vector", ">i4"),
        ("token_bytes", ">i4"),
        ("word_bytes", ">i4"),
    ]
)
WORD = np.dtype([("hash", ">i8"), ("count", ">i2")])


@dataclass(frozen=True, slots=True)
class SnapshotScope:
    """The owner, and the models whose vectors are read. `token_model` None: no token embeddings."""

    tenant_id: uuid.UUID
    project: str
    user_id: str
    model: str
    dimensions: int
    token_model: str | None

    def parameters(self) -> dict[str, Any]:
        return {
            "tenant": self.tenant_id,
            "project": self.project,
            "user": self.user_id,
            "model": self.model,
            "token_model": self.token_model or "",  # no model has this name: no row matches
        }


def read(scope: SnapshotScope, older: ScopeSnapshot | None) -> ScopeSnapshot | None:
    """The owner's snapshot now. Of `older`, the columns that never change are kept; None if the owner has no row."""
    rows = fetch.named_rows(MANIFEST, scope.parameters())
    if not rows:
        return None
    found = rows[0]
    if older is not None and older.reindexed != found.reindexed:
        older = None
    manifest = np.frombuffer(found.rows or b"", ROW)
    manifest = manifest[np.argsort(manifest["id"], kind="stable")]
    known = PassageParts.of(older) if older is not None else PassageParts.empty(scope)
    at, is_known = _find(known.columns.ids, manifest["id"])
    parts = [known.take(at[is_known])]
    new = manifest["id"][~is_known]
    for start in range(0, len(new), BATCH):
        parts.append(_contents(scope, new[start : start + BATCH]))
    joined = PassageParts.join(parts)
    at, is_there = _find(joined.columns.ids, manifest["id"])  # the others were erased meanwhile
    return _snapshot(found, joined, manifest[is_there])


@dataclass(frozen=True, slots=True)
class PassageParts:
    """Columns with the names of their speakers."""

    columns: Columns
    speakers: tuple[str, ...]

    @classmethod
    def of(cls, snapshot: ScopeSnapshot) -> PassageParts:
        return cls(snapshot.columns, snapshot.speakers)

    @classmethod
    def empty(cls, scope: SnapshotScope) -> PassageParts:
        return cls(_columns(np.zeros(0, HEAD), b"", b"", b"", np.zeros(0, np.int32), scope), ())

    def take(self, at: npt.NDArray[np.int64]) -> PassageParts:
        """The passages at these places."""
        own = self.columns
        if len(at) == len(own.ids) and bool((np.diff(at) > 0).all()):
            return self
        fixed = {name: getattr(own, name)[at] for name in FIXED}
        tokens, token_starts = _ragged(own.tokens, own.token_starts, at)
        terms, term_starts = _ragged(own.terms, own.term_starts, at)
        counts, _ = _ragged(own.counts, own.term_starts, at)
        columns = Columns(
            **fixed,
            tokens=tokens,
            token_starts=token_starts,
            terms=terms,
            counts=counts,
            term_starts=term_starts,
        )
        return PassageParts(columns, self.speakers)

    @classmethod
    def join(cls, parts: list[PassageParts]) -> PassageParts:
        """All passages, in the order of their ids."""
        parts = [part for part in parts if len(part.columns.ids)] or parts[:1]
        if len(parts) == 1:
            return parts[0]
        names = tuple(dict.fromkeys(name for part in parts for name in part.speakers))
        every = [part.columns for part in parts]
        fixed = {name: np.concatenate([getattr(own, name) for own in every]) for name in FIXED if name != "speaker"}
        columns = Columns(
            **fixed,
            speaker=np.concatenate([_renumbered(part, names) for part in parts]),
            tokens=np.concatenate([own.tokens for own in every]),
            token_starts=_starts([own.token_starts for own in every]),
            terms=np.concatenate([own.terms for own in every]),
            counts=np.concatenate([own.counts for own in every]),
            term_starts=_starts([own.term_starts for own in every]),
        )
        return cls(columns, names).take(np.argsort(columns.ids, kind="stable"))


# One value for each passage.
FIXED = (
    *("ids", "memory", "text", "session", "batch", "turn", "said_at", "length", "role", "asks", "speaker"),
    *("has_vector", "has_tokens", "vectors"),
)


def _contents(scope: SnapshotScope, ids: npt.NDArray[np.bytes_]) -> PassageParts:
    raw = ids.tobytes()
    keys = [uuid.UUID(bytes=raw[start : start + 16]) for start in range(0, len(raw), 16)]
    (found,) = fetch.named_rows(CONTENTS, scope.parameters() | {"ids": keys})
    names: Mapping[str, int] = {name: at for at, name in enumerate(dict.fromkeys(filter(None, found.speakers or ())))}
    speaker = np.array([names.get(name, -1) if name else -1 for name in found.speakers or ()], np.int32)
    heads = np.frombuffer(found.heads or b"", HEAD)
    columns = _columns(heads, found.vectors or b"", found.tokens or b"", found.words or b"", speaker, scope)
    part = PassageParts(columns, tuple(names))
    return part.take(np.argsort(columns.ids, kind="stable"))


def _columns(
    heads: npt.NDArray[np.void],
    vectors: bytes,
    tokens: bytes,
    words: bytes,
    speaker: npt.NDArray[np.int32],
    scope: SnapshotScope,
) -> Columns:
    has_vector = heads["has_vector"] == 1
    matrix = np.zeros((len(heads), scope.dimensions), np.float32)
    matrix[has_vector] = unpack_vectors(vectors, scope.dimensions)
    token_bytes = heads["token_bytes"].astype(np.int64)
    word = np.frombuffer(words, WORD)
    loaded = token_embeddings.load(tokens, scope.token_model or "")
    return Columns(
        ids=heads["id"],
        memory=heads["memory"],
        text=heads["text"],
        session=heads["session"].astype(np.int64),
        batch=heads["batch"].astype(np.uint64),
        turn=heads["turn"].astype(np.int32),
        said_at=heads["said_at"].astype(np.int64),
        length=heads["length"].astype(np.int32),
        role=heads["role"].astype(np.int8),
        asks=heads["asks"] == 1,
        speaker=speaker,
        has_vector=has_vector,
        has_tokens=token_bytes >= 0,
        vectors=matrix,
        tokens=loaded,
        token_starts=_cumulated(np.maximum(token_bytes, 0) // max(1, loaded.shape[1])),
        terms=word["hash"].astype(np.int64),
        counts=word["count"].astype(np.int16),
        term_starts=_cumulated(heads["word_bytes"].astype(np.int64) // WORD.itemsize),
    )


def unpack_vectors(sent: bytes, dimensions: int) -> npt.NDArray[np.float32]:
    """Vectors in the binary form of halfvec, as unit rows."""
    packed = np.frombuffer(sent, np.dtype([("head", ">i2", 2), ("numbers", ">f2", dimensions)]))
    rows: npt.NDArray[np.float32] = packed["numbers"].astype(np.float32)
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows /= np.maximum(length, 1e-12)[:, None]
    return rows


def _snapshot(found: Any, joined: PassageParts, manifest: npt.NDArray[np.void]) -> ScopeSnapshot:
    columns = joined.columns
    number = np.repeat(np.arange(len(columns.ids), dtype=np.int32), np.diff(columns.term_starts))
    order = np.argsort(columns.terms, kind="stable")
    reviews = np.frombuffer(found.reviews or b"", REVIEW)
    return ScopeSnapshot(
        version=found.version,
        reindexed=found.reindexed,
        passages=found.passages,
        speakers=joined.speakers,
        columns=columns,
        visibility=Visibility(
            shown=manifest["shown"] == 1,
            valid_to=manifest["valid_to"].astype(np.int64),
            expires_at=manifest["expires_at"].astype(np.int64),
            agent=manifest["agent"].astype(np.int64),
            run=manifest["run"].astype(np.int64),
        ),
        places=_places(columns),
        sorted_terms=columns.terms[order],
        sorted_at=number[order],
        sorted_counts=columns.counts[order],
        mean_length=float(columns.length.sum() / max(1, len(columns.ids))),
        reviews=tuple(
            ReviewPair(uuid.UUID(bytes=older.ljust(16, b"\0")), uuid.UUID(bytes=newer.ljust(16, b"\0")), probability)
            for older, newer, probability in reviews.tolist()
        ),
    )


def _places(columns: Columns) -> Places:
    """Turns in the order of their time, write and position, session by session."""
    total = len(columns.ids)
    place, after = np.full(total, -1, np.int64), np.full((total, 2), -1, np.int64)
    within = np.flatnonzero(columns.session != 0)
    if not len(within):
        return Places(place, after)
    keys = [
        column[within]
        for column in (columns.session, columns.said_at, columns.batch[:, 0], columns.batch[:, 1], columns.turn)
    ]
    order = np.lexsort(keys[::-1])
    changes = np.zeros(len(order), np.bool_)
    for key in keys:
        changes[1:] |= key[order][1:] != key[order][:-1]
    turn = np.cumsum(changes)  # the number of each passage's turn, in this order
    last = int(turn[-1]) + 1
    session = np.zeros(last, np.int64)
    session[turn] = keys[0][order]
    place[within[order]] = turn
    for distance in (1, 2):
        following = np.arange(distance, last + distance)
        is_same = np.append(session, np.zeros(2, np.int64))[following] == session
        after[within[order], distance - 1] = np.where(is_same, following, -1)[turn]
    return Places(place, after)


def _find(
    ids: npt.NDArray[np.bytes_], wanted: npt.NDArray[np.bytes_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The place of each wanted id in the sorted `ids`, and whether it is there."""
    at = np.searchsorted(ids, wanted)
    inside = np.minimum(at, max(0, len(ids) - 1))
    is_there = ids[inside] == wanted if len(ids) else np.zeros(len(wanted), np.bool_)
    return at, is_there


def _ragged(
    values: npt.NDArray[Any], starts: npt.NDArray[np.int64], at: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The values of the rows `at`, where row i has those from `starts[i]` to `starts[i + 1]`."""
    sizes = np.diff(starts)[at]
    chosen = _cumulated(sizes)
    rows = np.arange(int(chosen[-1])) - np.repeat(chosen[:-1] - starts[at], sizes)
    return values[rows], chosen


def _cumulated(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _starts(parts: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """The starts of rows that are appended to each other."""
    return _cumulated(np.concatenate([np.diff(starts) for starts in parts]))


def _renumbered(part: PassageParts, names: tuple[str, ...]) -> npt.NDArray[np.int32]:
    table = np.array([*(names.index(name) for name in part.speakers), -1], np.int32)  # -1 stays -1
    return table[part.columns.speaker]
