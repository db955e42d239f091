"""Where the numbers are kept, and that a full file system costs a number and not the process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict

from core.monitoring import metric_files, metric_folder
from core.monitoring.metric_files import STEP, AllocatedDict

COUNT = """
import django
django.setup()
from core.monitoring import metric_files, metrics
metric_files.KEEP_FREE = {keep_free}
metrics.decided("ADD", 1)
print(metrics.exposition([]).decode())
"""
DIRECTORY = "from django.conf import settings; print(settings.METRICS_DIR)"


def run(code: str, **env: str) -> str:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "memproject.settings", **env}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


# --- where -----------------------------------------------------------------------------------------------------------
def test_metrics_dir_wins(tmp_path: Path) -> None:
    assert run(DIRECTORY, METRICS_DIR=str(tmp_path / "mine")).strip() == str(tmp_path / "mine")


def test_without_it_they_are_kept_in_memory(tmp_path: Path) -> None:
    found = run(DIRECTORY, METRICS_DIR="", DATA_DIR=str(tmp_path)).strip()
    assert found == str(metric_folder.folder_of(tmp_path))
    if metric_folder.SHARED_MEMORY.is_dir():
        assert Path(found).parent == metric_folder.SHARED_MEMORY


@pytest.mark.skipif(not metric_folder.places(), reason="no folder in memory")
def test_the_folder_in_memory_is_made_with_the_first_number(tmp_path: Path) -> None:
    folder = metric_folder.folder_of(tmp_path)
    env = {"METRICS_DIR": "", "DATA_DIR": str(tmp_path)}
    run("import django; django.setup(); from core.monitoring import metrics", **env)
    assert not folder.exists()
    try:
        assert 'memproject_memories_total{decision="ADD"} 1.0' in run(COUNT.format(keep_free=0), **env)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert len(list(folder.glob("*/counter_*.db"))) == 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_each_service_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_folder, "SHARED_MEMORY", tmp_path)
    one, other = metric_folder.folder_of(tmp_path / "one"), metric_folder.folder_of(tmp_path / "other")
    assert one.parent == other.parent == tmp_path
    assert one != other
    assert one == metric_folder.folder_of(tmp_path / "other" / ".." / "one")
    assert not one.exists()


def test_without_shared_memory_the_runtime_folder_is_taken_and_then_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metric_folder, "SHARED_MEMORY", tmp_path / "none")
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    assert metric_folder.folder_of(tmp_path).parent == runtime
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert metric_folder.folder_of(tmp_path) == tmp_path / "metrics"


def test_the_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    metric_folder.make_private(folder)
    metric_folder.make_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["open to others", "a link"])
def test_a_folder_that_somebody_else_prepared_is_refused(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "prepared"
    if kind == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.mkdir()
        folder.chmod(0o777)
    with pytest.raises(PermissionError):
        metric_folder.make_private(folder)


# --- a full file system ----------------------------------------------------------------------------------------------
def test_every_page_is_allocated_before_it_is_written(tmp_path: Path) -> None:
    run(COUNT.format(keep_free=0), METRICS_DIR=str(tmp_path))
    (file,) = tmp_path.glob("*/counter_*.db")
    assert file.stat().st_size == STEP
    assert file.stat().st_blocks * 512 >= STEP


def test_on_a_full_file_system_nothing_is_counted_and_the_process_goes_on(tmp_path: Path) -> None:
    shown = run(COUNT.format(keep_free=1 << 60), METRICS_DIR=str(tmp_path))
    assert "memproject_memories_total{" not in shown
    assert list(tmp_path.glob("*/*")) == []


def keys(number: int) -> list[str]:
    return [f"{n} {'k' * 500}" for n in range(number)]


def test_a_file_grows_by_whole_steps_and_is_read_by_the_library(tmp_path: Path) -> None:
    path = str(tmp_path / "counter_1.db")
    ours = AllocatedDict(path)
    for n, key in enumerate(keys(400)):
        ours.write_value(key, float(n), 0.0)
    size = os.stat(path).st_size
    assert (size % STEP, size > 3 * STEP) == (0, True)
    assert os.stat(path).st_blocks * 512 >= size
    assert {key: value for key, value, _, _ in MmapedDict.read_all_values_from_file(path)} == {
        key: float(n) for n, key in enumerate(keys(400))
    }
    ours.close()
    again = AllocatedDict(path)
    assert again.read_value(keys(400)[399]) == (399.0, 0.0)
    again.close()


def test_a_file_that_cannot_grow_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "counter_1.db")
    ours = AllocatedDict(path)
    first, *others = keys(200)
    ours.write_value(first, 1.0, 0.0)
    monkeypatch.setattr(metric_files, "KEEP_FREE", 1 << 60)

    def write(some: list[str]) -> None:
        for key in some:
            ours.write_value(key, 2.0, 0.0)

    with pytest.raises(OSError, match="No space left"):
        write(others)
    ours.write_value(first, 3.0, 0.0)
    assert os.stat(path).st_size == STEP
    assert 1 < len(list(MmapedDict.read_all_values_from_file(path))) < 200
    assert ours.read_value(first) == (3.0, 0.0)
    monkeypatch.undo()
    ours.write_value(others[-1], 4.0, 0.0)
    assert ours.read_value(others[-1]) == (4.0, 0.0)
    ours.close()


def test_a_file_that_was_removed_in_use_still_grows(tmp_path: Path) -> None:
    path = tmp_path / "counter_1.db"
    ours = AllocatedDict(str(path))
    path.unlink()
    for n, key in enumerate(keys(200)):
        ours.write_value(key, float(n), 0.0)
    assert ours.read_value(keys(200)[199]) == (199.0, 0.0)
    assert not path.exists()
    ours.close()
