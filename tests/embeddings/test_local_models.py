"""The local models beside the default one: their prefixes, pooling, scales and token vectors."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from memories.embeddings import local_models, token_embeddings
from memories.embeddings.download import Asset, Bundle
from memories.embeddings.local import LocalEmbedder
from memories.embeddings.local_models import LocalModel, Network

ROOT = Path(__file__).resolve().parents[2]
TEXTS: list[str] = json.loads((ROOT / "tests" / "data" / "minilm_reference.json").read_text())["texts"]
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "ask", "tell", ":", "red", "door", "the"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "▁ask", "▁tell", ":", "▁red", "▁door", "▁the"]
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
TABLE: NDArray[np.float32] = np.random.default_rng(3).normal(size=(10, 384)).astype(np.float32)


def network(place: Path, pieces: list[str], pooling: Literal["mean", "first"], fitted: str = "") -> Network:
    """A network whose last layer is a table of vectors, one for each token."""
    (place / "tiny").mkdir(exist_ok=True)
    words = {piece: number for number, piece in enumerate(pieces)}
    roberta = "<s>" in words
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "post_processor": None,
        "decoder": None, "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Whitespace"},
            *([METASPACE] if roberta else []),
        ]},
        "model": {"type": "WordLevel", "vocab": words, "unk_token": "<unk>" if roberta else "[UNK]"},
    }  # fmt: skip
    if roberta:  # ":" stands without the mark of a word there
        tokenizer["model"]["vocab"]["▁:"] = words[":"]  # type: ignore[index]
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"]),
            helper.make_node("Identity", ["attention_mask"], ["mask"]),
        ],
        "tiny",
        [helper.make_tensor_value_info(n, TensorProto.INT64, ["b", "l"]) for n in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["b", "l", 384])],
        [numpy_helper.from_array(TABLE, "table")],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), place / "tiny/m.onnx"
    )
    (place / "tiny/tokenizer.json").write_text(json.dumps(tokenizer))
    assets = tuple(
        Asset(name, len(data), hashlib.sha256(data).hexdigest())
        for name in ("m.onnx", "tokenizer.json")
        if (data := (place / "tiny" / name).read_bytes())
    )
    bundle = Bundle("tiny", assets, ())
    return Network(bundle, "nobody/tiny", "m.onnx", "m.onnx", 4, pooling, fitted, "ask: ", "tell: ")


def model(*networks: Network) -> LocalModel:
    return LocalModel("tiny", networks, "tiny/64" if networks[0].fitted else "")


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return length


@pytest.mark.parametrize("pieces", [BERT, ROBERTA])
def test_a_prefix_says_what_a_text_is_and_the_mean_is_over_all_tokens(tmp_path: Path, pieces: list[str]) -> None:
    embedder = LocalEmbedder(tmp_path, model=model(network(tmp_path, pieces, "mean")))
    first, last = (2, 3) if pieces is BERT else (0, 2)
    asked, stored = embedder.encode_question("red door"), embedder.encode(["the", "red door blue"])
    assert asked.vectors[0] == pytest.approx(unit(TABLE[[first, 4, 6, 7, 8, last]].mean(axis=0)), abs=1e-6)
    unknown = 1 if pieces is BERT else 3
    assert stored.vectors[0] == pytest.approx(unit(TABLE[[first, 5, 6, 9, last]].mean(axis=0)), abs=1e-6)
    assert stored.vectors[1] == pytest.approx(unit(TABLE[[first, 5, 6, 7, 8, unknown, last]].mean(axis=0)), abs=1e-6)
    assert stored.unknown == (0.0, pytest.approx(1 / 3))
    assert (embedder.embed(["the"]) == stored.vectors[:1]).all()
    assert (stored.token_embeddings, asked.token_embeddings) == (None, None)


def test_the_first_token_may_stand_for_the_text(tmp_path: Path) -> None:
    embedder = LocalEmbedder(tmp_path, model=model(network(tmp_path, BERT, "first")))
    assert embedder.embed(["red"])[0] == pytest.approx(unit(TABLE[2]), abs=1e-6)


def test_a_prefix_leaves_the_whole_window_to_the_text_and_has_no_token_vectors(tmp_path: Path) -> None:
    tiny = network(tmp_path, BERT, "mean", "proj64-e5-small-v2.npz")
    embedder = LocalEmbedder(tmp_path, model=model(tiny))
    encoded = embedder.encode(["red door red door the the", "red door red door", "the", ""])
    assert (encoded.vectors[0] == encoded.vectors[1]).all()
    assert encoded.token_embeddings is not None
    # "the" alone and the mark at the end stay where there is nothing else
    assert [rows.shape for rows in encoded.token_embeddings] == [(4, 64), (4, 64), (2, 64), (1, 64)]
    expected = token_embeddings.fitted("proj64-e5-small-v2.npz").narrow(TABLE[[7, 8]])
    got = encoded.token_embeddings[0][:2].astype(np.float32)
    assert got / np.linalg.norm(got, axis=1, keepdims=True) == pytest.approx(expected, abs=0.02)


def test_two_networks_make_one_vector_whose_cosine_is_their_mean(tmp_path: Path) -> None:
    tiny = network(tmp_path, BERT, "mean", "proj64-e5-small-v2.npz")
    other = replace(tiny, pooling="first", fitted="proj64-bge-small-en-v1.5.npz", question_prefix="")
    both = replace(model(tiny, other), token_model="tiny/128")
    embedder = LocalEmbedder(tmp_path, model=both)
    assert embedder.dimensions == 768
    asked, stored = embedder.encode_question("red door"), embedder.encode(["red the", "door"])
    singles = [LocalEmbedder(tmp_path, model=model(one)) for one in (tiny, other)]
    cosines = [one.encode_question("red door").vectors @ one.embed(["red the", "door"]).T for one in singles]
    assert asked.vectors @ stored.vectors.T == pytest.approx(np.mean(cosines, axis=0), abs=1e-6)
    assert asked.token_embeddings is not None
    assert asked.token_embeddings[0].shape == (2, 128)
    loaded = token_embeddings.load(asked.token_embeddings[0].tobytes(), embedder.token_model)
    assert (loaded == asked.token_embeddings[0]).all()
    halves = np.linalg.norm(loaded.astype(np.float32).reshape(2, 2, 64), axis=2)
    assert halves[:, 0] == pytest.approx(halves[:, 1], rel=0.01)


@pytest.mark.parametrize(
    ("name", "width"), [("all-MiniLM-L6-v2/64", 64), ("bge-small-en-v1.5+e5-small-v2/128", 128), ("fake-words", 64)]
)
def test_the_name_of_a_token_model_says_its_width(name: str, width: int) -> None:
    assert token_embeddings.width(name) == width
    assert token_embeddings.load(bytes(2 * width), name).shape == (2, width)


def test_the_pinned_models_are_the_ones_that_were_agreed() -> None:
    pinned = {
        asset.path.rpartition("/")[2] + " " + network.bundle.name: asset.sha256[:16]
        for found in local_models.MODELS.values()
        for network in found.networks
        for asset in network.bundle.assets
    }
    assert pinned == {
        "model.safetensors all-MiniLM-L6-v2-1110a243": "53aa51172d142c89",
        "tokenizer.json all-MiniLM-L6-v2-1110a243": "be50c3628f2bf5bb",
        "model_quantized.onnx e5-small-v2-02af7998": "7d9092cb25f2bd1c",
        "tokenizer.json e5-small-v2-02af7998": "d241a60d5e8f04cc",
        "model_quantized.onnx bge-small-en-v1.5-ea104dac": "6c9c6101a956d62d",
        "tokenizer.json bge-small-en-v1.5-ea104dac": "d241a60d5e8f04cc",
        "model_qint8_avx512_vnni.onnx multilingual-e5-small-614241f6": "dd476dd0c2514e9b",
        "tokenizer.json multilingual-e5-small-614241f6": "0b44a9d7b51c3c62",
    }


def test_vectors_are_centred_as_questions_and_as_stored_texts() -> None:
    both = local_models.find("bge-small-en-v1.5+e5-small-v2")
    assert (both.dimensions, both.token_model) == (768, "bge-small-en-v1.5+e5-small-v2/128")
    for network in both.networks:
        fitted = token_embeddings.fitted(network.fitted)
        assert fitted.passages is not None
        assert fitted.questions is not None
        assert 0.5 < np.linalg.norm(fitted.passages) < 1
        vectors = unit(TABLE[:1])
        for mean, question in ((fitted.passages, False), (fitted.questions, True)):
            assert fitted.centred(vectors, question=question)[0] == pytest.approx(unit(vectors[0] - mean), abs=1e-6)
    default = token_embeddings.fitted(local_models.MINILM.networks[0].fitted)
    assert default.centred(TABLE, question=True) is TABLE


@pytest.mark.parametrize("environment", [{}, {"EMBEDDING_PROVIDER": "openai", "EMBEDDING_MODEL": "bge-m3"}])
def test_without_a_local_model_the_default_one_is_fetched(environment: dict[str, str]) -> None:
    assert local_models.configured(environment) is local_models.MINILM


@pytest.mark.parametrize("name", ["e5-small-v2", "bge-small-en-v1.5", "bge-small-en-v1.5+e5-small-v2"])
def test_the_real_ones_are_the_same_in_any_company_and_tell_meanings_apart(pair_dir: Path, name: str) -> None:
    embedder = LocalEmbedder(pair_dir, model=local_models.find(name))
    together = embedder.encode(TEXTS)
    assert np.linalg.norm(together.vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    for row, text in enumerate(TEXTS[:5]):
        alone = embedder.encode([text])
        assert alone.vectors[0].tobytes() == together.vectors[row].tobytes()
        assert embedder.embed([text]).tobytes() == alone.vectors.tobytes()
        assert alone.token_embeddings is not None
        assert together.token_embeddings is not None
        assert alone.token_embeddings[0].tobytes() == together.token_embeddings[row].tobytes()
        assert alone.token_embeddings[0].shape[1] == token_embeddings.width(embedder.token_model)
    asked = embedder.encode_question("Where does my sister live?").vectors[0]
    stored = embedder.embed(["My sister moved to Porto.", "The boiler was repaired on Monday.", "I can't eat nuts."])
    right, *others = stored @ asked  # as with all-MiniLM-L6-v2
    assert right > 0.4
    assert max(others) < 0.2
