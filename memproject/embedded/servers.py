"""PostgreSQL, Redis and optionally Neo4j for `make up`: embedded, unless a URL names an external one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from memproject.embedded import children, neo4j_server, postgres_server, redis_server
from memproject.embedded.startup_checks import CannotStartError
from memproject.embedded.supervisor import Child, RestartPolicy, in_words

DATABASE = "memproject"


class Database:
    """The embedded PostgreSQL, restarted when it dies. It is not a child of the supervisor."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        try:
            self._server = postgres_server.start(folder)
        except postgres_server.NoPostgresError as error:
            raise CannotStartError(str(error)) from None
        self._say = say
        self.policy = RestartPolicy("PostgreSQL", self._server.log)
        self.policy.started(time.monotonic())
        self._again_at: float | None = None  # None while it runs

    def create(self) -> str:
        """Create the database of the service unless it exists; → its DATABASE_URL."""
        try:
            self._server.create_database(DATABASE)
            self._server.reserve_log()
        except psycopg.Error as error:
            raise CannotStartError(
                f"The embedded PostgreSQL does not answer ({type(error).__name__}): see {self._server.log}"
            ) from None
        return self._server.url(DATABASE)

    def guard(self, logs: Path) -> Child:
        """A child that stops the server when the supervisor was killed."""
        command = [sys.executable, "-m", "memproject.embedded.postmaster", str(self._server.data)]
        return Child("postgres-guard", command, dict(os.environ), logs / "postgres-guard.log", children.ROOT)

    def poll(self) -> None:
        """Restart it if it has died."""
        moment = time.monotonic()
        if self._again_at is None:
            if self._server.running():
                self.policy.runs(moment)
                return
            self._again_at = self.policy.died(moment)
            self._say(f"PostgreSQL ended and is started again{in_words(self._again_at - moment)}.")
        if moment < self._again_at:
            return
        try:
            self._server.start()
        except postgres_server.NoPostgresError:  # the processes of the killed server may need a moment to end
            self._again_at = self.policy.failed_to_start(time.monotonic())
        else:
            self._again_at = None
            self.policy.started(time.monotonic())

    def stop(self) -> None:
        self._server.stop()


def redis_child(data: Path) -> Child:
    """The embedded Redis, for the supervisor."""
    folder = data / "redis"
    folder.mkdir(exist_ok=True)
    try:
        command = redis_server.command(folder)
    except redis_server.NoRedisError as error:
        raise CannotStartError(str(error)) from None
    return Child("redis", command, dict(os.environ), data / "logs" / "redis.log", children.ROOT)


def check_redis(address: str, log: Path | None) -> None:
    """Check that a Redis answers at the address. `log`: of the embedded one."""
    try:
        answers = redis_server.wait_until_ready(address)
    except ValueError as error:
        raise CannotStartError(f"REDIS_URL is not a Redis address: {error}") from None
    if not answers:
        raise CannotStartError(f"Redis did not start: see {log}" if log else "No Redis answers at REDIS_URL.")


def neo4j_child(data: Path, password: str, api_port: int, say: Callable[[str], None]) -> tuple[Child, str]:
    """The embedded Neo4j, for the supervisor, and its NEO4J_URI. Downloads the jars once. `api_port` stays free."""
    try:
        neo4j_server.fetch(lambda line: say(f"  {line}"))
    except neo4j_server.NoNeo4jError as error:
        raise CannotStartError(str(error)) from None
    port = neo4j_server.free_port(besides=api_port)
    env = {**os.environ, "NEO4J_PASSWORD": password}
    command = neo4j_server.command(data / "neo4j", port)
    return Child("neo4j", command, env, data / "logs" / "neo4j.log", children.ROOT), neo4j_server.url(port)


def wait_for_neo4j(data: Path, child: Child, check: Callable[[], None]) -> None:
    """Wait until it is up; `check` raises if a stop was requested."""
    until = time.monotonic() + neo4j_server.READY_SECONDS
    while not neo4j_server.is_ready(data / "neo4j"):
        check()
        if time.monotonic() > until or not child.running():
            raise CannotStartError(f"Neo4j did not start: see {child.log}")
        time.sleep(0.05)
