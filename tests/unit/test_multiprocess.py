"""The folder of the numbers: who shares it, what becomes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.monitoring import multiprocess

COUNT = """
import django
django.setup()
from core.monitoring import metrics
metrics.decided("ADD", 1)
print(metrics.exposition([]).decode())
"""


def count_once(folder: Path) -> str:
    """What a process of its own sees after it has counted once."""
    env = {**os.environ, "METRICS_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "memproject.settings"}
    done = subprocess.run([sys.executable, "-c", COUNT], env=env, capture_output=True, text=True, check=True)
    return done.stdout


def test_processes_that_share_a_folder_add_up(tmp_path: Path) -> None:
    for so_far in (1, 2, 3):
        assert f'memproject_memories_total{{decision="ADD"}} {so_far}.0' in count_once(tmp_path)


def test_containers_that_share_a_folder_add_up_though_their_pids_repeat(tmp_path: Path) -> None:
    count_once(tmp_path)
    (here,) = tmp_path.iterdir()
    here.rename(tmp_path / "another-container")
    for file in (tmp_path / "another-container").iterdir():
        assert file.name.startswith("counter_")
    assert 'memproject_memories_total{decision="ADD"} 2.0' in count_once(tmp_path)


def test_without_a_folder_each_process_counts_alone(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    for _ in range(2):
        assert 'memproject_memories_total{decision="ADD"} 1.0' in count_once(blocked / "metrics")


def test_a_new_start_forgets_this_hosts_numbers_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / "counter_7.db").write_bytes(b"")
    monkeypatch.setattr(multiprocess, "FOLDER", here)
    assert len(multiprocess.files()) == 2
    multiprocess.empty()
    assert multiprocess.files() == [str(there / "counter_7.db")]
    assert here.is_dir()


def test_a_process_that_counts_nothing_leaves_no_file(tmp_path: Path) -> None:
    env: dict[str, Any] = {**os.environ, "METRICS_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "memproject.settings"}
    code = "import django; django.setup(); from core.monitoring import metrics"
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
    assert list(tmp_path.glob("*/*")) == []
