"""The tests run with the models that `make up` runs with: a fake is for tests of models."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

TESTS = Path(__file__).resolve().parents[1]
OF_PROVIDERS = {
    "llm_server.py",  # gives out the fake's vectors where a test needs a remote embedder
    "embeddings/test_fake.py",
    "embeddings/test_registry.py",
    "extraction/test_parser.py",
    "shape/test_default_models.py",
}
OTHERS = re.compile(r"FakeEmbedder|embeddings\.fake|[\"']fake[\"']|SPACY_MODEL\W{1,6}\"\"")


def test_the_suite_has_the_default_models() -> None:
    assert (settings.EMBEDDING_PROVIDER, settings.SPACY_MODEL) == ("local", "en_core_web_sm")
    assert (settings.LLM_PROVIDER, settings.TOKEN_EMBEDDINGS) == ("", True)


def test_a_fake_stands_in_tests_of_providers_alone() -> None:
    found = {str(path.relative_to(TESTS)) for path in TESTS.rglob("*.py") if OTHERS.search(path.read_text())}
    assert found == OF_PROVIDERS
