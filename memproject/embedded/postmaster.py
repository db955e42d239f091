"""The processes of a PostgreSQL data folder: the running ones, and lock files of a killed server.

`python -m memproject.embedded.postmaster FOLDER` is a guard process: on SIGTERM, which Linux sends to it when the
supervisor was killed, it stops the server. `pg_ctl` starts the server outside of the supervisor's process tree.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil  # installed with the embedded servers; missing on machines without them

PID_FILE = "postmaster.pid"
LINES = 8  # of a complete pid file; the server writes five of them first
SOCKET_DIR, STATUS = 4, 7  # line numbers
SETTLE_SECONDS = 30.0  # seconds: a killed server replays its log first
END_SECONDS = 10.0  # for a fast shutdown


class StillBusyError(Exception):
    """The server of the folder neither gets ready nor ends."""


def processes(folder: Path) -> list[psutil.Process]:
    """All processes of the folder's server, including those that outlive a killed postmaster, and `initdb`."""
    import psutil

    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] in ("postgres", "initdb"):
            # The working directory of a server process is its data folder; zombies and processes of other users show
            # none.
            with contextlib.suppress(psutil.Error):
                if Path(process.cwd()) == folder or str(folder) in process.cmdline():
                    found.append(process)
    return found


def running(folder: Path) -> psutil.Process | None:
    """The postmaster in the pid file. None if the number belongs to another program, or to none."""
    import psutil

    try:
        process = psutil.Process(int(_pid_file(folder)[0]))
        if process.name() == "postgres" and Path(process.cwd()) == folder:
            return process
    except (psutil.Error, ValueError, IndexError):
        pass
    return None


def settle(folder: Path, patience: float) -> None:
    """Wait until the server is ready or has ended; in the latter case remove its lock files.

    Raises StillBusyError after `patience` seconds.
    """
    until = time.monotonic() + patience
    while not _is_ready(folder):
        if not processes(folder):
            _remove_locks(folder)
            return
        if time.monotonic() >= until:
            raise StillBusyError("an earlier server still starts or stops")
        time.sleep(0.05)


def _is_ready(folder: Path) -> bool:
    lines = _pid_file(folder)
    return len(lines) == LINES and lines[STATUS].strip() == "ready" and running(folder) is not None


def _pid_file(folder: Path) -> list[str]:
    try:
        return (folder / PID_FILE).read_text(errors="replace").splitlines()
    except OSError:
        return []


def _remove_locks(folder: Path) -> None:
    """PostgreSQL accepts a lock file as valid if any process of this user has its number."""
    lines = _pid_file(folder)
    for place in {folder, *(Path(line) for line in lines[SOCKET_DIR : SOCKET_DIR + 1] if line.startswith("/"))}:
        for lock in place.glob(".s.PGSQL.*.lock"):
            if lock.read_text().splitlines()[1:2] == [str(folder)]:
                lock.unlink(missing_ok=True)
    (folder / PID_FILE).unlink(missing_ok=True)


def end(folder: Path, patience: float = END_SECONDS) -> None:
    """A fast shutdown: open transactions are rolled back. Returns when the server has ended, or after `patience`
    seconds."""
    process = running(folder)
    if process is None:
        return
    import psutil

    with contextlib.suppress(psutil.Error):
        process.send_signal(signal.SIGINT)
        process.wait(patience)


def main() -> int:
    awaited = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    print(f"process {os.getpid()} guards {sys.argv[1]}", flush=True)
    signal.sigwait(awaited)
    end(Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
