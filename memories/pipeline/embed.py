"""Texts as the passages and vectors that recall reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from memories.pipeline.rows import Embedded, embedded_texts
from memories.providers.registry import Encoder

BATCH = 32  # passages of one call of the model


def embedded(encoder: Encoder, contents: Sequence[str], after: Callable[[], None] = lambda: None) -> list[Embedded]:
    """Each text with its passages embedded; `after` each call of the model. Raises like `Embedder.embed`."""
    spans, passages = embedded_texts(contents)
    if not passages:
        return []
    parts = []
    for start in range(0, len(passages), BATCH):
        parts.append(encoder.encode(passages[start : start + BATCH]))
        after()
    vectors = np.concatenate([part.vectors for part in parts])
    pieces = None if any(p.pieces is None for p in parts) else [row for p in parts for row in p.pieces or ()]
    piece_model = encoder.pieces.piece_model if encoder.pieces else ""
    done, texts = 0, []
    for cut in spans:
        here = slice(done, done + len(cut))
        own = None if pieces is None else tuple(pieces[here])
        texts.append(Embedded(cut, vectors[here], encoder.embedder.model, own, piece_model))
        done += len(cut)
    return texts
