"""Masters, beat and the maintenance worker load no models: each of them would keep 100 MB for nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
HEAVY = {"numpy", "onnxruntime", "spacy", "tokenizers", "neo4j", "openai"}
MCP = {"mcp", "mcp_types", "starlette", "uvicorn"}  # loaded by the first request to /mcp

CELERY = """
import memproject.celery
memproject.celery.app.loader.import_default_modules()
memproject.celery.app.finalize()
"""
GUNICORN = "import memproject.gunicorn"
SWEEPS = (
    CELERY
    + """
from django.utils.module_loading import import_string
from memproject import sweeps
[import_string(name) for name in (*sweeps.SWEEPS, *sweeps.RARE_SWEEPS)]
"""
)
LOADED = "\nimport sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"


@pytest.mark.parametrize("code", [CELERY, GUNICORN, SWEEPS], ids=["celery", "gunicorn", "sweeps"])
def test_nothing_heavy_is_loaded(code: str) -> None:
    env = {**os.environ, "MEMPROJECT_PAGES": "false", "CELERY_SKIP_CHECKS": "true"}
    done = subprocess.run(
        [sys.executable, "-c", code + LOADED], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "memproject" in loaded
    assert loaded & (HEAVY | MCP) == set()


def test_a_web_process_loads_the_mcp_server_with_its_first_request() -> None:
    """It would take 35 MB of every web process."""
    code = 'import memproject.wsgi; from django.urls import resolve; resolve("/mcp")'
    env = {**os.environ, "MEMPROJECT_WEB": "true"}
    done = subprocess.run(
        [sys.executable, "-c", code + LOADED], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "rest_framework" in loaded
    assert loaded & MCP == set()
