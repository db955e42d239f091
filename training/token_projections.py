"""`python -m training.token_projections FILE MODELS NAME…`: the mean and the projection of a model's token vectors.

FILE: conversations as `benchmarks.retrieval` reads them. The first 1,500 turns of users, of at least 20 characters,
in the order of the file, are encoded as stored texts; their tokens without stop words have their mean taken away and
are reduced to 64 dimensions by a singular value decomposition. The files of the package were fitted on turns of
LongMemEval (MIT licence; its sessions come from public chat data, ShareGPT and UltraChat among them). MODELS: the
directory of EMBEDDING_MODEL_DIR. NAME: values of EMBEDDING_MODEL. Deterministic.
"""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path

import numpy as np

from memories.embeddings import local_models, token_embeddings
from memories.embeddings.local import LocalEmbedder

TURNS, LEAST = 1500, 20
PACKAGE = Path(token_embeddings.__file__).parent


def turns(file: Path) -> list[str]:
    users = json.loads(file.read_text())
    found = (turn["text"] for user in users for turn in user["memories"] if turn.get("role", "user") == "user")
    return list(islice((text for text in found if len(text) >= LEAST), TURNS))


def fit(name: str, directory: Path, texts: list[str]) -> None:
    model = local_models.find(name)
    embedder = LocalEmbedder(directory, model=model)
    for network in model.networks:
        layers = np.concatenate([embedder.last_layer(network, text) for text in texts])
        unit = layers / np.maximum(np.linalg.norm(layers, axis=1, keepdims=True), 1e-12)
        mean = unit.mean(axis=0)
        centred = unit.astype(np.float64) - mean
        values, vectors = np.linalg.eigh(centred.T @ centred)
        matrix = vectors[:, np.argsort(-values)[: token_embeddings.DIMENSIONS]]
        matrix *= np.sign(matrix[np.abs(matrix).argmax(axis=0), np.arange(matrix.shape[1])])
        np.savez(PACKAGE / network.projection, mean=mean.astype(np.float32), matrix=matrix.astype(np.float32))
        kept = np.sort(values)[::-1][: token_embeddings.DIMENSIONS].sum() / values.sum()
        print(f"{network.projection}: {len(unit)} tokens, |mean| {np.linalg.norm(mean):.2f}, variance {kept:.2f}")


def main() -> int:
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    texts = turns(Path(sys.argv[1]))
    for name in sys.argv[3:]:
        fit(name, Path(sys.argv[2]), texts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
