"""The extractor over the pinned pipeline, and the HTTP server of the provider tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from memories.extraction.extractor import TextExtractor
from memories.providers import english
from tests.providers.conftest import answer, model_dir, server

__all__ = ["answer", "model_dir", "server"]


@pytest.fixture(scope="session")
def extractor(model_dir: Path) -> TextExtractor:
    return TextExtractor(english.MODEL, model_dir)
