"""The extractor over the pinned pipeline, a language model's reader, and the HTTP server of the tests of embedders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from memories.embeddings import english
from memories.extraction.extractor import TextExtractor
from memories.extraction.llm import extractor_registry
from memories.extraction.llm.model_extractor import ModelExtractor
from tests.embeddings.conftest import answer, model_dir, server
from tests.llm_server import LLMServer

__all__ = ["answer", "model_dir", "server"]


@pytest.fixture(scope="session")
def extractor(model_dir: Path) -> TextExtractor:
    return TextExtractor(english.MODEL, model_dir)


@pytest.fixture(params=["openai_compatible", "ollama"])
def either(request: pytest.FixtureRequest, llm: LLMServer) -> Iterator[ModelExtractor]:
    """The language model's reader as the settings make it, with either transport."""
    yield from _reader(llm, request.param)


@pytest.fixture
def reader(llm: LLMServer) -> Iterator[ModelExtractor]:
    """The language model's reader as the settings make it."""
    yield from _reader(llm, "openai_compatible")


def _reader(llm: LLMServer, provider: str) -> Iterator[ModelExtractor]:
    with override_settings(**llm.settings(provider)):
        found = extractor_registry.model_extractor()
        assert found is not None
        yield found
