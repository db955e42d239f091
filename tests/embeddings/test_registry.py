"""Which embedder a process gets."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from memories.embeddings import registry
from memories.embeddings.base import Encoded, Vectors
from memories.embeddings.fake import FakeEmbedder
from memories.embeddings.local import LocalEmbedder
from memories.embeddings.openai_compatible import OpenAICompatibleEmbedder
from memories.errors import ProviderUnavailable


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    registry.reset()
    yield
    registry.reset()


@pytest.mark.parametrize(
    ("provider", "kind"), [("fake", FakeEmbedder), ("local", LocalEmbedder), ("openai", OpenAICompatibleEmbedder)]
)
def test_it_gives_what_the_settings_name(provider: str, kind: type, tmp_path: Path) -> None:
    with override_settings(
        EMBEDDING_PROVIDER=provider, EMBEDDING_DIM=384, EMBEDDING_BASE_URL="http://10.0.0.7/v1",
        EMBEDDING_MODEL="e5-small-v2", EMBEDDING_API_KEY="", EMBEDDING_MODEL_DIR=str(tmp_path), EMBEDDING_THREADS=1,
    ):  # fmt: skip
        assert type(registry.embedder()) is kind


def test_it_makes_one_per_process_and_follows_changed_settings() -> None:
    with override_settings(EMBEDDING_PROVIDER="fake", EMBEDDING_DIM=384):
        first = registry.embedder()
        assert registry.embedder() is first
        with override_settings(EMBEDDING_THREADS=2):
            assert registry.embedder() is not first


def _tell_id(to: Connection) -> None:
    to.send(id(registry.embedder()))


def test_a_forked_process_makes_its_own() -> None:
    with override_settings(EMBEDDING_PROVIDER="fake", EMBEDDING_DIM=384):
        first = registry.embedder()
        context = multiprocessing.get_context("fork")
        here, there = context.Pipe(duplex=False)
        child = context.Process(target=_tell_id, args=(there,))
        child.start()
        assert here.poll(10)
        assert here.recv() != id(first)
        child.join(10)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"EMBEDDING_PROVIDER": "remote"}, "EMBEDDING_PROVIDER is 'remote'; it must be one of local, openai, fake"),
        ({"EMBEDDING_PROVIDER": "fake", "EMBEDDING_DIM": 768}, "EMBEDDING_DIM is 768.* gives 384"),
        (
            {"EMBEDDING_PROVIDER": "local", "EMBEDDING_MODEL": "bge-m3"},
            "EMBEDDING_MODEL is 'bge-m3'; with EMBEDDING_PROVIDER 'local' it must be one of all-MiniLM-L6-v2, e5",
        ),
        (
            {"EMBEDDING_PROVIDER": "local", "EMBEDDING_MODEL": "bge-small-en-v1.5+e5-small-v2", "EMBEDDING_DIM": 384},
            "EMBEDDING_DIM is 384.* gives 768",
        ),
        ({"EMBEDDING_PROVIDER": "openai", "EMBEDDING_BASE_URL": ""}, "needs EMBEDDING_BASE_URL"),
        (
            {"EMBEDDING_PROVIDER": "openai", "EMBEDDING_BASE_URL": "http://a/v1", "EMBEDDING_MODEL": ""},
            "needs EMBEDDING_MODEL",
        ),
    ],
)
def test_it_says_what_is_wrong_with_the_settings(changed: dict[str, object], words: str) -> None:
    with override_settings(**changed), pytest.raises(ImproperlyConfigured, match=words):
        registry.embedder()


def test_word_pieces_come_from_a_model_in_this_process(tmp_path: Path) -> None:
    with override_settings(
        EMBEDDING_PROVIDER="openai", EMBEDDING_DIM=3, EMBEDDING_BASE_URL="http://10.0.0.7/v1", EMBEDDING_MODEL="some",
        EMBEDDING_MODEL_DIR=str(tmp_path),
    ):  # fmt: skip
        encoder = registry.encoder()
        assert type(encoder.embedder) is OpenAICompatibleEmbedder
        assert type(encoder.token_encoder) is LocalEmbedder
        assert encoder.token_encoder.model == "all-MiniLM-L6-v2"
        with override_settings(TOKEN_EMBEDDINGS=False):
            assert registry.encoder().token_encoder is None


def test_one_run_gives_both_where_the_model_is_the_same() -> None:
    with override_settings(EMBEDDING_PROVIDER="fake", EMBEDDING_DIM=384):
        encoder = registry.encoder()
        assert encoder.token_encoder is encoder.embedder


class Away(FakeEmbedder):
    def encode(self, texts: Sequence[str]) -> Encoded:
        raise ProviderUnavailable


def test_a_model_of_word_pieces_that_is_away_costs_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    encoded = registry.Encoder(FakeEmbedder(), Away()).encode(["red door"])
    assert (encoded.vectors == FakeEmbedder().embed(["red door"])).all()
    assert encoded.token_embeddings is None
    assert "no token embeddings" in caplog.text
    assert "red door" not in caplog.text


class Remote:
    """It gives vectors only, as a server does."""

    model = "remote"
    dimensions = 384

    def embed(self, texts: Sequence[str]) -> Vectors:
        return FakeEmbedder().embed(texts)

    def warm(self) -> None:
        raise AssertionError


class Asked(FakeEmbedder):
    """Its questions are encoded another way."""

    def encode_question(self, text: str) -> Encoded:
        return self.encode([f"query: {text}"])


def test_questions_go_the_way_of_questions() -> None:
    marked, plain = FakeEmbedder().encode(["query: red door"]), FakeEmbedder().encode(["red door"])
    cases = [
        (registry.Encoder(Asked(), None), marked, False),
        (registry.Encoder(Remote(), None), plain, False),
        (registry.Encoder(Remote(), Asked()), plain, True),
        (registry.Encoder(FakeEmbedder(), FakeEmbedder()), plain, True),
    ]
    one = Asked()
    for encoder, vectors, tokens in [*cases, (registry.Encoder(one, one), marked, True)]:
        encoder.warm_question()
        encoded = encoder.encode_question("red door")
        assert (encoded.vectors == vectors.vectors).all()
        assert (encoded.token_embeddings is not None) is tokens
    remote = registry.Encoder(Remote(), Asked()).encode_question("red door").token_embeddings
    assert remote is not None
    assert remote[0].shape == (3, 64)


def test_vectors_of_one_model_stand_beside_the_pieces_of_another() -> None:
    encoded = registry.Encoder(FakeEmbedder(), FakeEmbedder()).encode(["red door", "the"])
    assert encoded.vectors.shape == (2, 384)
    assert encoded.token_embeddings is not None
    assert [p.shape for p in encoded.token_embeddings] == [(2, 64), (1, 64)]
