"""all-MiniLM-L6-v2 inside the process, through onnxruntime and tokenizers. Texts to be stored: fp32; questions: int8.

Measured on one thread: 4.6 ms for a text of 13 tokens in fp32 and 2.0 ms in int8, 34 ms for one of 256 in fp32. The
first call of a process takes 0.12 s more (verify, map, prepare the weights), which `warm` does beforehand. Each
graph is loaded by its first use: a process that only asks questions has no fp32 weights in memory.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from django.conf import settings
from numpy.typing import NDArray
from tokenizers import Tokenizer

from core.monitoring import metrics
from memories.embeddings import minilm, token_embeddings
from memories.embeddings.base import Encoded, TokenMatrix, Vectors
from memories.errors import ProviderUnavailable

BATCH_TOKENS = 2048  # padding included; bounds the memory of a run (about 40 MB) however many texts come
BATCH_TEXTS = 64
MAX_CHARACTERS = 20_000  # far beyond 256 tokens; the tokenizer would read megabytes only to cut them off


@dataclass(frozen=True)
class _Loaded:
    session: onnxruntime.InferenceSession
    tokenizer: Tokenizer
    dropped: frozenset[int]  # tokens without a vector
    unknown: int | None  # the id of "[UNK]", the token of every unknown word

    def read(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(_clean(text)).ids
        return ids


@dataclass(frozen=True)
class _Run:
    """One run of the model: row numbers, their token ids, and the outputs for them."""

    rows: list[int]
    ids: list[list[int]]
    outputs: list[NDArray[np.float32]]


# A session made before a fork silently loses its threads, so each process has its own.
_loaded: dict[tuple[int, Path, str, int], _Loaded] = {}
_lock = threading.Lock()


def _after_fork_in_child() -> None:
    """An inherited session must never be destroyed: its destructor waits for threads that exist only in the parent,
    and a worker would hang when it ends. One reference too many keeps it. The lock may be held by such a thread."""
    global _lock
    for inherited in _loaded.values():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited.session))
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork_in_child)


class LocalEmbedder:
    """Reads the files that `weights.ensure_model` put under `directory`; `threads` is what one call may use."""

    model = minilm.MODEL
    dimensions = minilm.DIMENSIONS
    token_model = token_embeddings.MODEL

    def __init__(self, directory: Path, threads: int = 1) -> None:
        self._place = directory / minilm.BUNDLE.name
        self._threads = threads

    def warm(self) -> None:
        self.embed(["warm"])

    @metrics.embedding("local")
    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for run in self._runs(texts, ["emb"]):
            vectors[run.rows] = run.outputs[0]
        return vectors

    @metrics.embedding("local")
    def encode(self, texts: Sequence[str]) -> Encoded:
        return self._encoded(texts, self._runs(texts, ["emb", "tokens"]), self._load(minilm.GRAPH))

    @metrics.embedding("local")
    def encode_question(self, text: str) -> Encoded:
        """In int8, alone and unpadded: the same text always gives the same bits."""
        loaded = self._load(minilm.QUESTION_GRAPH)
        ids = loaded.read(text)
        return self._encoded([text], [_run(loaded, [0], [ids], ["emb", "tokens"])], loaded)

    def _encoded(self, texts: Sequence[str], runs: Iterable[_Run], loaded: _Loaded) -> Encoded:
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        compressed: dict[int, TokenMatrix] = {}
        unknown: dict[int, float] = {}
        for run in runs:
            vectors[run.rows], layer = run.outputs
            for line, row in enumerate(run.rows):
                compressed[row] = token_embeddings.compress(run.ids[line], layer[line], loaded.dropped)
                own = run.ids[line][1:-1]  # without [CLS] and [SEP]
                unknown[row] = sum(token == loaded.unknown for token in own) / max(1, len(own))
        order = range(len(texts))
        return Encoded(vectors, tuple(compressed[row] for row in order), tuple(unknown[row] for row in order))

    def _runs(self, texts: Sequence[str], outputs: list[str]) -> Iterator[_Run]:
        if not texts:
            return
        loaded = self._load(minilm.GRAPH)
        # One by one: encode_batch would start a thread per core, and warns after a fork. A text takes 0.05 ms.
        read = [loaded.read(text) for text in texts]
        for rows in _batches([len(ids) for ids in read]):
            yield _run(loaded, rows, [read[row] for row in rows], outputs)

    def _load(self, graph: str) -> _Loaded:
        key = (os.getpid(), self._place, graph, self._threads)
        with _lock:
            if key not in _loaded:
                _loaded[key] = _open(self._place, graph, self._threads)
            return _loaded[key]


def from_settings() -> LocalEmbedder:
    """As configured by EMBEDDING_MODEL_DIR and EMBEDDING_THREADS."""
    return LocalEmbedder(Path(settings.EMBEDDING_MODEL_DIR), settings.EMBEDDING_THREADS)


def _run(loaded: _Loaded, rows: list[int], read: list[list[int]], outputs: list[str]) -> _Run:
    ids = np.zeros((len(rows), max(map(len, read))), np.int64)
    mask = np.zeros_like(ids)
    for line, own in enumerate(read):
        ids[line, : len(own)] = own
        mask[line, : len(own)] = 1
    return _Run(rows, read, loaded.session.run(outputs, {"ids": ids, "mask": mask}))


def _open(place: Path, graph: str, threads: int) -> _Loaded:
    if not (place / graph).is_file() or minilm.BUNDLE.missing(
        place
    ):  # the hashes cost 0.05 s, once in a process's life
        raise ProviderUnavailable(
            "The embedding model is missing or damaged: "
            "run `python -m memories.embeddings.weights` with the directory of EMBEDDING_MODEL_DIR."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads would save 0.5 ms of a short text's 2.8 ms on two threads, and take whole cores from the
    # database beside them for it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(place / graph), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(place / minilm.TOKENIZER.path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(minilm.MAX_TOKENS)
    return _Loaded(session, tokenizer, token_embeddings.dropped(tokenizer), tokenizer.token_to_id("[UNK]"))


def _clean(text: str) -> str:
    # A lone surrogate is no character, and the tokenizer takes only what UTF-8 can say.
    return text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row numbers, shortest texts first, in lists whose padded size stays within the budget; the longest is last."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) >= BATCH_TEXTS or (len(batch) + 1) * lengths[row] > BATCH_TOKENS):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
