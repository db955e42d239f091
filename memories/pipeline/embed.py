"""Embed texts: passages and vectors for recall."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from memories.embeddings import registry
from memories.embeddings.base import Vectors
from memories.embeddings.registry import Encoder
from memories.models import Source
from memories.pipeline.rows import Embedded, embedded_texts
from memories.pipeline.write_queue import Claim

BATCH_SIZE = 32  # passages between two renewals of the lease, if the model runs in this process
REMOTE_BATCH_SIZE = 512  # otherwise: the cost of a call is mostly overhead
EARLY = 64_000  # characters; a longer write first gets a vector of its own, so that recall finds it meanwhile
RAW = 16  # passages of a raw text that are compared with stored memories
HEAD = 2_000  # characters of the raw text for this vector


def texts(contents: Mapping[bytes, str], claim: Claim) -> dict[bytes, Embedded]:
    """The contents of a pass, by digest, with passages and vectors, in as few calls as possible."""
    found = embedded(registry.encoder(), list(contents.values()), claim.renew)
    return dict(zip(contents, found, strict=True))


def embedded(encoder: Encoder, contents: Sequence[str], after: Callable[[], None] = lambda: None) -> list[Embedded]:
    """Each text with its embedded passages; `after` is called after each model call (to renew the lease). Raises like
    `Embedder.embed`."""
    spans, passages = embedded_texts(contents)
    if not passages:
        return []
    at_once = BATCH_SIZE if encoder.is_near else REMOTE_BATCH_SIZE
    parts = []
    for start in range(0, len(passages), at_once):
        parts.append(encoder.encode(passages[start : start + at_once]))
        after()
    vectors = np.concatenate([part.vectors for part in parts])
    token_embeddings = (
        None
        if any(p.token_embeddings is None for p in parts)
        else [row for p in parts for row in p.token_embeddings or ()]
    )
    token_model = encoder.token_encoder.token_model if encoder.token_encoder else ""
    done, found = 0, []
    for cut in spans:
        here = slice(done, done + len(cut))
        own = None if token_embeddings is None else tuple(token_embeddings[here])
        found.append(Embedded(cut, vectors[here], encoder.embedder.model, own, token_model))
        done += len(cut)
    return found


def raw(source: Source) -> Vectors:
    """Vectors of the raw text's first passages, in one call; the first one is stored with the pending write."""
    model = registry.embedder()
    _, passages = embedded_texts([source.text])
    vectors = model.embed(passages[:RAW])
    if source.vector is None and len(vectors):
        _keep(source, vectors[0], model.model)
    return vectors


def head(source: Source) -> None:
    """Give a long pending write a vector, so that recall finds it until it is applied."""
    if source.vector is None and len(source.text) > EARLY:
        model = registry.embedder()
        _keep(source, model.embed([source.text[:HEAD]])[0], model.model)


def _keep(source: Source, vector: npt.NDArray[np.float32], model: str) -> None:
    source.vector, source.model = vector, model
    source.unchanged_row().update(vector=vector, model=model)
