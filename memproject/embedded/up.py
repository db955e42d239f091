"""`make up`: the whole service on this machine, from nothing to a first recall, until Ctrl-C."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

from memories.providers.download import FetchFailed
from memories.providers.weights import ModelUnavailable, ensure_model
from memproject.embedded import banner, children, envfile, postgres, redis
from memproject.embedded.supervisor import Child, GaveUpError, Supervisor

ROOT = children.ROOT
READY_SECONDS = 60.0


class CannotStartError(Exception):
    """The one sentence that an operator reads."""


class StoppedError(Exception):
    """Ctrl-C or SIGTERM."""


def say(line: str) -> None:
    print(line, flush=True)


def environment() -> dict[str, str]:
    """What was set by hand: the environment, then `.env`."""
    return {**envfile.read(ROOT / ".env"), **os.environ}


def data_folder(env: dict[str, str]) -> Path:
    folder = Path(env.get("DATA_DIR") or ".data")
    folder = folder if folder.is_absolute() else ROOT / folder
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the folder's lock; the system lets go of it when we end, however we end."""
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStartError(f"memproject is running already on {data} ({lock.read().strip()}).") from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def check_port(host: str, port: str) -> None:
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise CannotStartError(f"API_PORT must be a port number, not '{port}'.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise CannotStartError(
                f"Cannot listen on {host}:{port} ({error.strerror}): set API_PORT to another port."
            ) from None


def fetch_model(env: dict[str, str], data: Path) -> None:
    if env.get("EMBEDDING_PROVIDER", "local") != "local":
        return
    try:
        ensure_model(Path(env.get("EMBEDDING_MODEL_DIR") or data / "models"), lambda line: say(f"  {line}"))
    except (ModelUnavailable, FetchFailed) as error:
        raise CannotStartError(str(error)) from None


def start_servers(env: dict[str, str], data: Path) -> tuple[postgres.PostgresServer | None, list[Child]]:
    """PostgreSQL and Redis, each unless its address was given. Their addresses are written to `servers.env`."""
    addresses: dict[str, str] = {}
    database, supervised = None, []
    try:
        if not env.get("DATABASE_URL"):
            say("Starting PostgreSQL …")
            database = postgres.start(data / "postgres")
            database.create_database("memproject")
            addresses["DATABASE_URL"] = database.url("memproject")
        if not env.get("REDIS_URL"):
            say("Starting Redis …")
            folder = data / "redis"
            folder.mkdir(exist_ok=True)
            supervised.append(
                Child("redis", redis.command(folder), dict(os.environ), data / "logs" / "redis.log", ROOT)
            )
            addresses["REDIS_URL"] = redis.url(folder)
    except (postgres.NoPostgresError, redis.NoRedisError) as error:
        raise CannotStartError(str(error)) from None
    envfile.write(data / "servers.env", addresses)
    env.update(addresses)
    return database, supervised


def prepare(env: dict[str, str]) -> dict[str, object]:
    """Migrate, collect static files, make the operator and a key, in one process."""
    say("Preparing the database …")
    done = subprocess.run(
        [sys.executable, "manage.py", "prepare"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise CannotStartError("Could not prepare the database: " + (lines[-1] if lines else "no reason was given"))
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def wait_until_healthy(supervisor: Supervisor, url: str) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        supervisor.poll()
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:  # noqa: S310  (our own address)
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise CannotStartError(f"The service did not answer within {READY_SECONDS:.0f} s: see the logs.")


def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise StoppedError


def serve(env: dict[str, str], data: Path) -> None:
    """Everything between the lock and the last process's end."""
    host, port = env["API_HOST"], env["API_PORT"]
    check_port(host, port)
    env.update({**envfile.ensure_secrets(data / "service.env"), **env})
    fetch_model(env, data)
    database, servers = start_servers(env, data)
    supervisor = Supervisor(servers, say)
    try:
        supervisor.start()
        if servers and not redis.wait_until_ready(env["REDIS_URL"]):
            raise CannotStartError(f"Redis did not start: see {servers[0].log}")
        ready = prepare(env)
        say("Starting the service …")
        first, rest = children.service(env, data / "logs", data)
        for child in first:
            supervisor.add(child)
        url = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
        wait_until_healthy(supervisor, url)
        for child in rest:  # they need a second of a core each: not while the web processes start
            supervisor.add(child)
        say(banner.text(url, str(ready["key"]), env["OPERATOR_PASSWORD"] if ready["password_kept"] else None, data))
        while True:
            supervisor.poll()
            if database is not None and not database.running():
                say("PostgreSQL ended and is started again.")
                database.start()
            time.sleep(0.25)
    except StoppedError:
        say("\nStopping …")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave processes behind
        supervisor.stop()
        if database is not None:
            database.stop()


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    env = environment()
    env.setdefault("API_HOST", "127.0.0.1")
    env.setdefault("API_PORT", "8080")
    try:
        data = data_folder(env)
        env["DATA_DIR"] = str(data)
        with only_one(data):
            serve(env, data)
    except StoppedError:
        return 0
    except (CannotStartError, GaveUpError) as error:
        print(error, file=sys.stderr)
        return 1
    say("Stopped. Your data stay in " + str(data))
    return 0


if __name__ == "__main__":
    sys.exit(main())
