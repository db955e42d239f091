"""The embedder of the fast tests must behave like a real one where tests look."""

from __future__ import annotations

import numpy as np
import pytest

from memories.embeddings.fake import FakeEmbedder


def test_texts_that_share_words_are_alike() -> None:
    question, answer, other = FakeEmbedder().embed(
        ["where does John work", "John said where he does his work", "the weather in Paris was rainy"]
    )
    assert question @ answer > 0.5
    assert abs(question @ other) < 0.2


def test_it_gives_unit_length_for_every_text() -> None:
    vectors = FakeEmbedder().embed(["", "  ", "a", "word " * 5000, "東京 🎉", "\ud800"])
    assert (vectors.shape, vectors.dtype) == ((6, 384), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert FakeEmbedder().embed([]).shape == (0, 384)


def test_it_is_the_same_in_every_process() -> None:
    (vector,) = FakeEmbedder().embed(["stable"])
    assert np.flatnonzero(vector).tolist() == [137, 149, 274, 286]
