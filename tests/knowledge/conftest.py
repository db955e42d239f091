"""Texts are read by the rules, over the pinned pipeline, and compared by the real embedding model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from memories.providers import english
from memories.providers.rules import model
from tests.build import Caller

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def models() -> Path:
    """Where the models stand; fetched once, by a process of its own, which may use the network."""
    directory = Path(os.environ.get("EMBEDDING_MODEL_DIR") or ROOT / ".cache" / "models")
    subprocess.run([sys.executable, "-m", "memories.providers.weights", str(directory)], cwd=ROOT, check=True)
    model.load(english.MODEL, directory)
    return directory


@pytest.fixture
def reader(owner: Caller, models: Path, settings: Any) -> Caller:
    """Whose texts are really read."""
    settings.EMBEDDING_MODEL_DIR = str(models)
    settings.EMBEDDING_PROVIDER = "local"
    settings.SPACY_MODEL = english.MODEL
    return owner
