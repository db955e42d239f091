"""The processes of a PostgreSQL data folder: which of them run, and the lock files of a killed server.

`python -m memproject.embedded.postmaster FOLDER` is the server's guard: on SIGTERM, which Linux sends to it when the
supervisor was killed, it ends the server. `pg_ctl` starts the server outside of the supervisor's process tree.
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
    import psutil  # installed with the embedded servers: a machine without them has none

PID_FILE = "postmaster.pid"
LINES = 8  # of a whole pid file; the server writes five of them first
SOCKET_DIR, STATUS = 4, 7  # line numbers
SETTLE_SECONDS = 30.0  # a server that was killed replays its log first
END_SECONDS = 10.0  # for a fast shutdown


class StillBusyError(Exception):
    """The folder's server is neither ready nor gone."""


def processes(folder: Path) -> list[psutil.Process]:
    """All processes of the folder's server: also those that outlive a killed postmaster, and `initdb`."""
    import psutil

    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] in ("postgres", "initdb"):
            # Each server process works in its data folder; of zombies and of other users' processes nothing is shown.
            with contextlib.suppress(psutil.Error):
                if Path(process.cwd()) == folder or str(folder) in process.cmdline():
                    found.append(process)
    return found


def running(folder: Path) -> psutil.Process | None:
    """The postmaster that the pid file names. None when that number belongs to another program, or to none."""
    import psutil

    try:
        process = psutil.Process(int(_pid_file(folder)[0]))
        if process.name() == "postgres" and Path(process.cwd()) == folder:
            return process
    except (psutil.Error, ValueError, IndexError):
        pass
    return None


def settle(folder: Path, patience: float) -> None:
    """Wait until the folder's server is ready or gone; when it is gone, remove the lock files that it left.

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
    """PostgreSQL takes a lock file for a running server's when its number belongs to any process of this user."""
    lines = _pid_file(folder)
    for place in {folder, *(Path(line) for line in lines[SOCKET_DIR : SOCKET_DIR + 1] if line.startswith("/"))}:
        for lock in place.glob(".s.PGSQL.*.lock"):
            if lock.read_text().splitlines()[1:2] == [str(folder)]:
                lock.unlink(missing_ok=True)
    (folder / PID_FILE).unlink(missing_ok=True)


def end(folder: Path, patience: float = END_SECONDS) -> None:
    """A fast shutdown: open transactions are rolled back. Returns when the server is gone, or after `patience`."""
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
