"""A Neo4j Community on a loopback port, without Docker: jars from Maven Central and a short launcher.

For development, tests and `make up NEO4J=1`; production runs the official image. `make neo4j` starts it alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from memproject.embedded import envfile

ROOT = Path(__file__).resolve().parent.parent.parent
RECIPE = ROOT / "docker" / "neo4j"
CACHE = ROOT / ".cache" / "neo4j"
USER = "neo4j"
MIN_JAVA_VERSION = 17
INSTALL = "install them (Debian: apt-get install default-jre-headless maven), or set NEO4J_URI."
READY_SECONDS = 90.0
HEAP = "-Xmx512m"
# For tests: starts in half the time, but runs slower.
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")


class NoNeo4jError(Exception):
    """No server can be started here; the message tells the operator how to proceed."""


def check_tools() -> None:
    """Raises NoNeo4jError without a new enough Java, or without Maven to download the jars."""
    missing = [name for name, tool in (("Java", "java"), ("Maven", "mvn")) if shutil.which(tool) is None]
    if "Maven" in missing and jars().exists():
        missing.remove("Maven")
    if missing:
        raise NoNeo4jError(f"Neo4j needs {' and '.join(missing)}: {INSTALL}")
    shown = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', shown.stderr)
    if found is None or int(found[1]) < MIN_JAVA_VERSION:
        raise NoNeo4jError(f"Neo4j needs Java {MIN_JAVA_VERSION} or newer: {INSTALL}")


def version() -> str:
    """The version in the pom."""
    found = re.search(r"<artifactId>neo4j</artifactId>\s*<version>([\d.]+)</version>", (RECIPE / "pom.xml").read_text())
    assert found is not None
    return found[1]


def jars() -> Path:
    return CACHE / version()


def fetch(say: Callable[[str], None] = lambda _: None) -> Path:
    """The folder of the jars, downloaded once. Raises NoNeo4jError."""
    check_tools()
    if jars().exists():
        return jars()
    say(f"Fetching Neo4j {version()} from Maven Central (123 MB, once) …")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}/lib"]
        done = subprocess.run(
            ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", str(RECIPE / "pom.xml"), *goal],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = [line for line in done.stdout.splitlines() if "ERROR" in line] or ["no reason was given"]
            raise NoNeo4jError(f"Maven could not fetch Neo4j: {lines[0][:300]}")
        with contextlib.suppress(OSError):  # another process was faster
            (Path(folder) / "lib").rename(jars())
    return jars()


def command(home: Path, port: int, *, quick: bool = False) -> list[str]:
    """The server's command line; its environment needs NEO4J_PASSWORD. `fetch` comes first."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "ready").unlink(missing_ok=True)
    return [
        "java",
        HEAP,
        *(QUICK if quick else ()),
        "-cp",
        f"{jars()}/*",
        str(RECIPE / "Neo4jServer.java"),
        str(home),
        str(port),
    ]


def url(port: int) -> str:
    return f"bolt://127.0.0.1:{port}"


def free_port(besides: int = 0) -> int:
    """A port where nothing listens, other than `besides`, where something will."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        return free_port(besides) if port == besides else port  # the next probe gets another: this one is still held


def is_ready(home: Path) -> bool:
    """Whether the last server that was started with this home is up and has its password."""
    return (home / "ready").exists()


@dataclass(slots=True)
class Neo4jServer:
    """A server for tests and `make neo4j`; `make up` supervises the same command line."""

    home: Path
    port: int
    password: str
    quick: bool = False
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return url(self.port)

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    def start(self) -> None:
        """Start it and wait until it answers. Raises NoNeo4jError."""
        line = command(self.home, self.port, quick=self.quick)
        with self.log.open("ab") as log:
            env = {**os.environ, "NEO4J_PASSWORD": self.password}
            self.process = subprocess.Popen(line, env=env, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + READY_SECONDS
        while not is_ready(self.home):
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise NoNeo4jError(f"Neo4j did not start: see {self.log}")
            time.sleep(0.05)

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP simulates a hanging server, SIGCONT resumes it."""
        assert self.process is not None
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)  # its threads need a moment

    def kill(self) -> None:
        """SIGKILL; its data stay for the next start."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()


def main() -> int:
    """`make neo4j`: a development server with its data below DATA_DIR, until Ctrl-C. With `fetch` it only downloads the
    jars."""
    data = ROOT / (os.environ.get("DATA_DIR") or ".data")
    (data / "neo4j").mkdir(parents=True, exist_ok=True)
    password = os.environ.get("NEO4J_PASSWORD") or envfile.ensure_secrets(data / "service.env")["NEO4J_PASSWORD"]
    port = int(os.environ.get("NEO4J_PORT") or 7687)
    server = Neo4jServer(data / "neo4j", port, password)
    try:
        fetch(print)
        if sys.argv[1:] == ["fetch"]:
            return 0
        server.start()
    except NoNeo4jError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Neo4j runs: NEO4J_URI={server.url} NEO4J_USER={USER}; its password is in {data / 'service.env'}")
    assert server.process is not None
    with contextlib.suppress(KeyboardInterrupt):
        server.process.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
