"""`python -m training.local_models FILE MODELS NAME…`: the means and the projection of a local embedding model.

FILE: conversations as `benchmarks.retrieval` reads them. The first 1,500 turns of users, of at least 20 characters,
in the order of the file, are encoded as stored texts, and the questions of the file as questions. The means of the
vectors are the ones that the model takes away; the tokens without stop words have their mean taken away and are
reduced to 64 dimensions by a singular value decomposition. The files of the package were fitted on LongMemEval (MIT
licence; its sessions come from public chat data, ShareGPT and UltraChat among them). MODELS: the directory of
EMBEDDING_MODEL_DIR. NAME: values of EMBEDDING_MODEL. Deterministic.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from memories.embeddings import local_models, token_embeddings
from memories.embeddings.local import LocalEmbedder

TURNS, LEAST = 1500, 20
PACKAGE = Path(token_embeddings.__file__).parent


def turns(users: list[dict[str, Any]]) -> list[str]:
    said = [turn["text"] for user in users for turn in user["memories"] if turn.get("role", "user") == "user"]
    return [text for text in said if len(text) >= LEAST][:TURNS]


def fit(name: str, directory: Path, texts: list[str], questions: list[str]) -> None:
    model = local_models.find(name)
    embedder = LocalEmbedder(directory, model=model)
    for network in model.networks:
        stored = [embedder.uncentred(network, text) for text in texts]
        asked = [embedder.uncentred(network, text, question=True) for text in questions]
        unit = token_embeddings.unit(np.concatenate([layer for _, layer in stored]))
        mean = unit.mean(axis=0)
        centred = unit.astype(np.float64) - mean
        values, vectors = np.linalg.eigh(centred.T @ centred)
        matrix = vectors[:, np.argsort(-values)[: token_embeddings.DIMENSIONS]]
        matrix *= np.sign(matrix[np.abs(matrix).argmax(axis=0), np.arange(matrix.shape[1])])
        arrays = {
            "mean": mean,
            "matrix": matrix,
            "passages": np.mean([vector for vector, _ in stored], axis=0),
            "questions": np.mean([vector for vector, _ in asked], axis=0),
        }
        np.savez(PACKAGE / network.fitted, **{part: array.astype(np.float32) for part, array in arrays.items()})
        kept = np.sort(values)[::-1][: token_embeddings.DIMENSIONS].sum() / values.sum()
        lengths = {part: round(float(np.linalg.norm(arrays[part])), 2) for part in ("mean", "passages", "questions")}
        print(f"{network.fitted}: {len(unit)} tokens, lengths of the means {lengths}, variance kept {kept:.2f}")


def main() -> int:
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    users = json.loads(Path(sys.argv[1]).read_text())
    questions = [question["question"] for user in users for question in user["questions"]]
    for name in sys.argv[3:]:
        fit(name, Path(sys.argv[2]), turns(users), questions)
    return 0


if __name__ == "__main__":
    sys.exit(main())
