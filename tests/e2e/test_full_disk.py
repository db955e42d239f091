"""The embedded PostgreSQL on a disk without a free byte: it goes on, and writes again when space is freed."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from memproject.embedded import servers

MB = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 MB. Only root can mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(file: Path) -> None:
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as out:
        while True:
            out.write(bytes(MB))


def test_postgresql_goes_on_with_its_disk_full(small_disk: Path) -> None:
    data = small_disk / "data"
    data.mkdir()
    database = servers.Database(data / "postgres", lambda _: None)
    try:
        with psycopg.connect(database.create(), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT n FROM generate_series(1, 1000) n")
            fill(small_disk / "fill")
            for n in range(100):  # more of its log than was allocated: each checkpoint makes the segments free again
                connection.execute("SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000000))")
                if n % 20 == 19:
                    connection.execute("CHECKPOINT")
            with pytest.raises(psycopg.errors.DiskFull):
                connection.execute("CREATE TABLE more AS SELECT repeat('x', 1000) FROM generate_series(1, 100000)")
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
            (small_disk / "fill").unlink()
            connection.execute("CREATE TABLE more AS SELECT repeat('x', 1000) FROM generate_series(1, 1000)")
    finally:
        (small_disk / "fill").unlink(missing_ok=True)
        database.stop()
