"""Make the table of word vectors from the word-piece embeddings of all-MiniLM-L6-v2 (Apache License 2.0)."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

from memories.decisions.vectors import DIMENSIONS, FILE

UNUSED = 1_000  # the first pieces are signs and unused places; they don't count in the components


def write(folder: Path) -> None:
    """From the files of the model in `folder`: the principal components, each piece scaled to 8 bits by itself."""
    path = folder / "model.safetensors"
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        entry = json.loads(file.read(length))["embeddings.word_embeddings.weight"]
    shape, offset = tuple(entry["shape"]), 8 + length + entry["data_offsets"][0]
    vocabulary = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    pieces = sorted(vocabulary, key=lambda piece: int(vocabulary[piece]))
    rows = np.array(np.memmap(path, np.float32, "r", offset, shape))[: len(pieces)]
    mean = rows[UNUSED:].mean(0)
    values, axes = np.linalg.eigh(np.cov((rows[UNUSED:] - mean).T))
    axes = axes[:, np.argsort(-values)[:DIMENSIONS]]
    axes *= np.sign(axes[np.abs(axes).argmax(0), range(DIMENSIONS)])  # a component has no sign of its own
    reduced = (rows - mean) @ axes
    scale = np.maximum(np.abs(reduced).max(1, keepdims=True), 1e-9) / 127
    codes = np.round(reduced / scale).astype(np.int8)
    np.savez_compressed(FILE, codes=codes, pieces=np.frombuffer("\n".join(pieces).encode(), np.uint8))
