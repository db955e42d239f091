"""The embedding models inside the process, through onnxruntime and tokenizers (`local_models`).

all-MiniLM-L6-v2 encodes texts to be stored in fp32, in batches, and questions in 8 bits; the other models encode both
in 8 bits. Measured on one thread: 4.6 ms for a text of 13 tokens by all-MiniLM-L6-v2 in fp32 and 2.0 ms in 8 bits. The
first call of a process takes 0.12 s more (verify, map, prepare the weights), which `warm` does beforehand. Each graph
is loaded by its first use: a process that only asks questions has no fp32 weights in memory.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from django.conf import settings
from tokenizers import Tokenizer

from core.monitoring import metrics
from memories.embeddings import local_models, token_embeddings
from memories.embeddings.base import Encoded, Vectors
from memories.embeddings.local_models import LocalModel, Network
from memories.embeddings.token_embeddings import Rows
from memories.errors import ProviderUnavailable

BATCH_TOKENS = 2048  # padding included; bounds the memory of a run (about 40 MB) however many texts come
BATCH_TEXTS = 64
MAX_CHARACTERS = 20_000  # far beyond 500 tokens; the tokenizer would read megabytes only to cut them off

_NONE: Rows = np.zeros((0, token_embeddings.DIMENSIONS), np.float32)


@dataclass(frozen=True)
class _Loaded:
    network: Network
    session: onnxruntime.InferenceSession
    inputs: tuple[str, ...]
    tokenizer: Tokenizer
    dropped: frozenset[int]  # tokens without a vector
    unknown: int | None  # the id of "[UNK]", the token of every unknown word

    def read(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(_clean(text), add_special_tokens=False).ids
        return ids[: self.network.max_tokens]

    def frame(self, prefix: str) -> tuple[list[int], list[int]]:
        """The ids before and after those of a text."""
        first, last = (self._mark(*names) for names in (("[CLS]", "<s>"), ("[SEP]", "</s>")))
        return [first, *self.tokenizer.encode(prefix.strip(), add_special_tokens=False).ids], [last]

    def _mark(self, *names: str) -> int:
        return next(found for name in names if (found := self.tokenizer.token_to_id(name)) is not None)

    def run(self, rows: Sequence[list[int]]) -> tuple[Rows, Rows]:
        """Vectors (rows × width) and the last layer (rows × tokens × width) of token ids."""
        ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
        mask = np.zeros_like(ids)
        for line, own in enumerate(rows):
            ids[line, : len(own)] = own
            mask[line, : len(own)] = 1
        fed = {"ids": ids, "input_ids": ids, "mask": mask, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        outputs = self.session.run(None, {name: fed[name] for name in self.inputs})
        if self.network.pooling == "graph":
            vectors, layer = outputs
            return vectors, layer
        (layer,) = outputs  # always of one text, without padding
        pooled = layer[:, 0] if self.network.pooling == "first" else layer.mean(axis=1)
        return token_embeddings.unit(pooled), layer


@dataclass(frozen=True, slots=True)
class _Text:
    """A text by one network: its vector, its tokens' (tokens × 64; no rows unless asked for), the share of unknown
    tokens."""

    vector: Rows
    tokens: Rows
    unknown: float


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

    def __init__(self, directory: Path, threads: int = 1, model: LocalModel = local_models.MINILM) -> None:
        self.model = model.name
        self.dimensions = model.dimensions
        self.token_model = model.token_model
        self._local = model
        self._directory = directory
        self._threads = threads

    def warm(self) -> None:
        self.embed(["warm"])

    @metrics.embedding("local")
    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._joined(texts, tokens=False).vectors

    @metrics.embedding("local")
    def encode(self, texts: Sequence[str]) -> Encoded:
        return self._joined(texts, tokens=True)

    @metrics.embedding("local")
    def encode_question(self, text: str) -> Encoded:
        """In 8 bits, alone and unpadded: the same text always gives the same bits."""
        return self._joined([text], tokens=True, question=True)

    def _joined(self, texts: Sequence[str], *, tokens: bool, question: bool = False) -> Encoded:
        """The concatenation of what the networks give."""
        by_network = [self._texts(network, texts, tokens, question) for network in self._local.networks]
        root = np.float32(math.sqrt(1 / len(by_network)))
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        packed = []
        for row, parts in enumerate(zip(*by_network, strict=True)):
            vectors[row] = np.concatenate([root * part.vector for part in parts])
            packed.append(token_embeddings.pack(np.concatenate([part.tokens for part in parts], axis=1)))
        unknown = tuple(part.unknown for part in by_network[0])
        return Encoded(vectors, tuple(packed) if tokens and self.token_model else None, unknown)

    def _texts(self, network: Network, texts: Sequence[str], tokens: bool, question: bool) -> list[_Text]:
        if not texts:
            return []
        loaded = self._load(network, network.question_graph if question else network.graph)
        before, after = loaded.frame(network.question_prefix if question else network.passage_prefix)
        # One by one: encode_batch would start a thread per core, and warns after a fork. A text takes 0.05 ms.
        read = [loaded.read(text) for text in texts]
        lengths = [len(before) + len(ids) + len(after) for ids in read]
        found: dict[int, _Text] = {}
        for rows in ([row] for row in range(len(texts))) if network.eight_bit else _batches(lengths):
            vectors, layer = loaded.run([[*before, *read[row], *after] for row in rows])
            if network.fitted:
                vectors = token_embeddings.fitted(network.fitted).centred(vectors, question=question)
            for line, row in enumerate(rows):
                ids = [*before, *read[row], *after]
                first = len(before) if network.eight_bit else 0  # 0 is how stored token vectors were made
                narrow = _narrow(loaded, ids, layer[line], first) if tokens else _NONE
                unknown = sum(token == loaded.unknown for token in read[row]) / max(1, len(read[row]))
                found[row] = _Text(vectors[line], narrow, unknown)
        return [found[row] for row in range(len(texts))]

    def uncentred(self, network: Network, text: str, *, question: bool = False) -> tuple[Rows, Rows]:
        """What `token_embeddings.FittedArrays` is fitted on: the vector, and the last layer of the tokens that mean
        something (tokens × width)."""
        loaded = self._load(network, network.graph)
        before, after = loaded.frame(network.question_prefix if question else network.passage_prefix)
        ids = [*before, *loaded.read(text), *after]
        vectors, layer = loaded.run([ids])
        return vectors[0], layer[0][token_embeddings.kept(ids, loaded.dropped, len(before))]

    def _load(self, network: Network, graph: str) -> _Loaded:
        place = self._directory / network.bundle.name
        key = (os.getpid(), place, graph, self._threads)
        with _lock:
            if key not in _loaded:
                _loaded[key] = _open(network, place, graph, self._threads)
            return _loaded[key]


def from_settings() -> LocalEmbedder:
    """As configured by EMBEDDING_MODEL, EMBEDDING_MODEL_DIR and EMBEDDING_THREADS. Raises ImproperlyConfigured."""
    model = local_models.find(settings.EMBEDDING_MODEL)
    return LocalEmbedder(Path(settings.EMBEDDING_MODEL_DIR), settings.EMBEDDING_THREADS, model)


def beside_a_server() -> LocalEmbedder:
    """The model of token embeddings where vectors come from a server and EMBEDDING_MODEL is that server's."""
    return LocalEmbedder(Path(settings.EMBEDDING_MODEL_DIR), settings.EMBEDDING_THREADS)


def _narrow(loaded: _Loaded, ids: list[int], layer: Rows, first: int) -> Rows:
    """The vectors of tokens from `first` on, in 64 dimensions."""
    if not loaded.network.fitted:
        return _NONE
    kept = token_embeddings.kept(ids, loaded.dropped, first)
    return token_embeddings.fitted(loaded.network.fitted).narrow(layer[kept])


def _open(network: Network, place: Path, graph: str, threads: int) -> _Loaded:
    # The hashes cost 0.05 s, once in a process's life.
    if not (place / graph).is_file() or network.bundle.missing(place):
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
    inputs = tuple(node.name for node in session.get_inputs())
    tokenizer: Any = Tokenizer.from_file(str(place / local_models.TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(network.max_tokens)
    unknown = tokenizer.token_to_id("[UNK]")
    unknown = tokenizer.token_to_id("<unk>") if unknown is None else unknown
    return _Loaded(network, session, inputs, tokenizer, token_embeddings.dropped(tokenizer), unknown)


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
