"""The local embedder against vectors of the reference implementation, and what the service relies on besides."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memories.embeddings import local as local_module
from memories.embeddings import minilm, token_embeddings
from memories.embeddings.local import BATCH_TEXTS, BATCH_TOKENS, LocalEmbedder, _batches
from memories.errors import ProviderUnavailable

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = json.loads((ROOT / "tests" / "data" / "minilm_reference.json").read_text())

QUESTIONS = [
    "Where does Maya live?", "What did I order at the restaurant in Lisbon last summer?", "When is the dentist?",
    "Which medication must he not take?", "Wo wohnt Jonas jetzt?", "¿Dónde trabaja Ana?", "who", "?", "",
    "Tell me everything about the trip to Japan that we planned with Kenji and his sister " * 20,
]  # fmt: skip


@pytest.fixture(scope="module")
def local(model_dir: Path) -> LocalEmbedder:
    embedder = LocalEmbedder(model_dir, threads=1)
    embedder.warm()
    return embedder


@pytest.mark.parametrize("number", range(len(REFERENCE["texts"])))
def test_it_gives_the_vectors_of_the_reference_implementation(local: LocalEmbedder, number: int) -> None:
    (vector,) = local.embed([REFERENCE["texts"][number]])
    expected = np.array(REFERENCE["vectors"][number])
    assert vector @ expected / np.linalg.norm(expected) >= 0.9999


def test_it_gives_unit_length_float32_in_the_order_given(local: LocalEmbedder) -> None:
    vectors = local.embed(REFERENCE["texts"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(REFERENCE["texts"]), local.dimensions)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (np.einsum("ij,ij->i", vectors, np.array(REFERENCE["vectors"])) >= 0.9999).all()


def test_it_answers_no_texts_with_no_rows(local: LocalEmbedder) -> None:
    assert local.embed([]).shape == (0, 384)


def test_it_gives_word_pieces_out_of_the_same_run(local: LocalEmbedder) -> None:
    texts = ["The garden gate squeaks!", "to be or not to be", "", "word " * 1_000]
    encoded = local.encode(texts)
    assert encoded.vectors == pytest.approx(local.embed(texts), abs=1e-6)
    assert encoded.token_embeddings is not None
    # garden, gate and two pieces of "squeaks"; a text of stop words alone keeps all, with its two marks; then the limit
    assert [p.shape for p in encoded.token_embeddings] == [(4, 64), (8, 64), (2, 64), (254, 64)]
    for rows in encoded.token_embeddings:
        assert rows.dtype == np.int8
        assert (np.abs(rows).max(axis=1) == 127).all()
        assert (token_embeddings.load(rows.tobytes(), local.token_model) == rows).all()


def test_pieces_are_alike_where_words_are(local: LocalEmbedder) -> None:
    def alike(one: str, other: str) -> float:
        found = local.encode([one, other]).token_embeddings
        assert found is not None
        unit = [p / np.linalg.norm(p.astype(float), axis=1, keepdims=True) for p in found]
        return float((unit[0] @ unit[1].T).max(axis=1).mean())

    assert alike("my puppy sleeps", "our dog sleeps") > alike("my puppy sleeps", "the tax office closes") + 0.2


@pytest.mark.parametrize("text", ["", " \n\t", "\x00", "\ud800", "🎉", "\u202e" * 40])
def test_it_gives_every_string_a_vector(local: LocalEmbedder, text: str) -> None:
    assert np.linalg.norm(local.embed([text])[0]) == pytest.approx(1.0, abs=1e-5)


def test_it_is_deterministic(local: LocalEmbedder) -> None:
    assert (local.embed(REFERENCE["texts"]) == local.embed(REFERENCE["texts"])).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=200), st.sampled_from(REFERENCE["texts"])), max_size=8))
def test_it_gives_a_text_the_same_vector_in_any_company(local: LocalEmbedder, texts: list[str]) -> None:
    together = local.embed(texts)
    for row, text in zip(together, texts, strict=True):
        assert row == pytest.approx(local.embed([text])[0], abs=1e-5)


def test_it_reads_the_first_256_word_pieces_and_no_more(local: LocalEmbedder) -> None:
    window = minilm.MAX_TOKENS - 2  # two are [CLS] and [SEP]
    full, longer, shorter = local.embed(["word " * window, "word " * window + "fox " * 3000, "word " * (window - 1)])
    assert full == pytest.approx(longer, abs=1e-5)
    assert full != pytest.approx(shorter, abs=1e-5)


@given(st.lists(st.integers(2, 256), max_size=300))
def test_its_batches_hold_every_row_once_and_keep_the_budget(lengths: list[int]) -> None:
    batches = list(_batches(lengths))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) <= BATCH_TEXTS
        assert len(batch) * lengths[batch[-1]] <= BATCH_TOKENS
        assert lengths[batch[-1]] == max(lengths[row] for row in batch)


def test_its_graph_also_gives_the_last_layer(local: LocalEmbedder, model_dir: Path) -> None:
    graph = model_dir / minilm.BUNDLE.name / minilm.GRAPH
    session = local_module.onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    ids, mask = np.array([[101, 7592, 102, 0]], np.int64), np.array([[1, 1, 1, 0]], np.int64)
    emb, tokens = session.run(["emb", "tokens"], {"ids": ids, "mask": mask})
    assert tokens.shape == (1, 4, 384)
    mean = tokens[0, :3].mean(axis=0)
    assert emb[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)
    assert emb[0] == pytest.approx(local.embed(["hello"])[0], abs=1e-5)


def test_questions_are_near_to_full_precision_and_always_the_same_bits(local: LocalEmbedder, model_dir: Path) -> None:
    texts = [*REFERENCE["texts"], *QUESTIONS]
    stored = local.encode(texts)
    assert stored.token_embeddings is not None
    other = LocalEmbedder(model_dir, threads=2)
    for number, text in enumerate(texts):
        asked = local.encode_question(text)
        assert asked.vectors.dtype == np.float32
        assert np.linalg.norm(asked.vectors[0]) == pytest.approx(1.0, abs=1e-5)
        assert asked.vectors[0] @ stored.vectors[number] > 0.97
        assert asked.vectors.shape == (1, 384)
        assert asked.token_embeddings is not None
        assert asked.token_embeddings[0].shape == stored.token_embeddings[number].shape
        again = other.encode_question(text)
        assert again.vectors.tobytes() == asked.vectors.tobytes()
        assert again.token_embeddings is not None
        assert again.token_embeddings[0].tobytes() == asked.token_embeddings[0].tobytes()


def test_a_process_that_only_asks_does_not_load_the_full_model(model_dir: Path) -> None:
    """The web processes: 80 MB less in each."""
    script = """
import sys
from pathlib import Path
from memories.embeddings import local, minilm
local.LocalEmbedder(Path(sys.argv[1])).encode_question("Where does Maya live?")
print(sorted(graph for _, _, graph, _ in local._loaded))
"""
    done = subprocess.run([sys.executable, "-c", script, str(model_dir)], cwd=ROOT, timeout=60, capture_output=True)
    assert done.stdout.decode() == f"['{minilm.QUESTION_GRAPH}']\n"


def test_it_serves_several_threads_at_once(local: LocalEmbedder) -> None:
    expected = local.embed(REFERENCE["texts"])
    wrong: list[str] = []

    def work() -> None:
        for _ in range(3):
            if not np.allclose(local.embed(REFERENCE["texts"]), expected, atol=1e-5):
                wrong.append("differs")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def _embed_in_child(embedder: LocalEmbedder, to: Connection) -> None:
    to.send((os.getpid(), embedder.embed(["after the fork"])))


def test_it_works_in_a_process_forked_after_its_first_use(model_dir: Path) -> None:
    embedder = LocalEmbedder(model_dir, threads=2)
    expected = embedder.embed(["after the fork"])
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_embed_in_child, args=(embedder, there))
    child.start()
    assert here.poll(30)
    pid, vectors = here.recv()
    child.join(10)
    assert pid != os.getpid()
    assert child.exitcode == 0
    assert vectors == pytest.approx(expected, abs=1e-5)


def test_a_forked_process_ends_by_itself(model_dir: Path) -> None:
    """A server's worker ends through the interpreter's own shutdown, which must not wait for the parent's threads."""
    script = """
import os, sys
from pathlib import Path
from memories.embeddings.local import LocalEmbedder
embedder = LocalEmbedder(Path(sys.argv[1]), threads=2)
embedder.warm()
pid = os.fork()
if pid == 0:
    embedder.warm()
    sys.exit(7)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", script, str(model_dir)], cwd=ROOT, timeout=30, capture_output=True)
    assert (done.returncode, done.stderr) == (7, b"")


def test_it_reports_to_nobody(model_dir: Path, tmp_path: Path) -> None:
    """onnxruntime's own reporting is on by default; where it is, it writes below the home directory at its import."""
    script = "import sys, pathlib, memories.embeddings.local as l; l.LocalEmbedder(pathlib.Path(sys.argv[1])).warm()"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["DJANGO_SETTINGS_MODULE"] = os.environ.get("DJANGO_SETTINGS_MODULE", "memproject.settings")
    subprocess.run([sys.executable, "-c", script, str(model_dir)], cwd=ROOT, env=environment, check=True, timeout=60)
    assert list(tmp_path.rglob("*")) == []


def test_naming_the_providers_loads_none_of_their_libraries() -> None:
    """Supervisors import the registry before they fork; what they don't load can't suffer from the fork."""
    script = "import sys, memories.embeddings.registry; print({'onnxruntime', 'onnx', 'openai'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_it_says_that_the_model_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable, match=r"python -m memories\.embeddings\.weights"):
        LocalEmbedder(tmp_path).embed(["a"])


def test_it_refuses_weights_that_changed_on_the_disk(model_dir: Path, tmp_path: Path) -> None:
    place = tmp_path / minilm.BUNDLE.name
    place.mkdir()
    for file in (model_dir / minilm.BUNDLE.name).iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    with (place / minilm.WEIGHTS.path).open("r+b") as weights:
        weights.seek(5_000_000)
        weights.write(b"\x00\x01\x02\x03")
    with pytest.raises(ProviderUnavailable, match="damaged"):
        LocalEmbedder(tmp_path).embed(["a"])
