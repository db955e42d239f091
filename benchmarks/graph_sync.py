"""`python -m benchmarks.graph_sync`: does Neo4j keep in step, and does a store notice whether it is there?

Starts a service of its own with a Neo4j (data in a folder that is deleted at the end; free ports). Texts are stored one
by one: half with Neo4j up, half after it was killed in the middle; when it is back the graph must catch up until
`check_graph --all` finds nothing. The first half is stored once more by a service with the graph switched off.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.client import Api, CannotMeasureError
from benchmarks.retrieval import SHIPPED, progress, stored
from benchmarks.retrieval_metrics import percentiles
from memproject.embedded import neo4j_server

ROOT = Path(__file__).resolve().parent.parent
TEXTS = 2_000
READY_SECONDS = 180.0
CATCH_UP_SECONDS = 1_800.0
KEY = re.compile(r"^  API key   (\S+)$", re.MULTILINE)
# Of the shell, that would lead to another service.
NOT_OURS = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "KEY_PEPPERS", "MEMPROJECT_WORKER", "MEMPROJECT_KEY", "NEO4J"}


def environment(data: Path, port: int, graph: neo4j_server.Neo4jServer | None) -> dict[str, str]:
    """For the service and for its management commands."""
    kept = {k: v for k, v in os.environ.items() if k not in NOT_OURS and not k.startswith("NEO4J_")}
    env = kept | {"DATA_DIR": str(data), "API_PORT": str(port), "RATE_LIMITS_ENABLED": "false"}
    env.setdefault("EMBEDDING_MODEL_DIR", str(ROOT / ".cache" / "models"))
    if graph is not None:
        env |= {"NEO4J_URI": graph.url, "NEO4J_USER": neo4j_server.USER, "NEO4J_PASSWORD": graph.password}
    return env


@contextlib.contextmanager
def service(env: dict[str, str], out: Path) -> Iterator[Api]:
    """A `make up` of our own, until the end of the block."""
    with out.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "memproject.embedded.up"], cwd=ROOT, env=env, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        until = time.monotonic() + READY_SECONDS
        while "Ctrl-C stops it" not in out.read_text():
            if process.poll() is not None or time.monotonic() > until:
                raise CannotMeasureError(f"The service did not start: {out.read_text()[-2000:]}")
            time.sleep(0.2)
        found = KEY.search(out.read_text())
        assert found is not None
        api = Api(f"http://127.0.0.1:{env['API_PORT']}", found[1])
        api.check()
        yield api
    finally:
        process.terminate()
        process.wait(60)


def store(api: Api, bodies: Sequence[dict[str, Any]], name: str) -> list[float]:
    """Seconds of each store, over in 201: none may fail, and none may be put off."""
    api.times.pop("store", None)
    for body in progress(name, bodies):
        status, answer, _ = api.call("POST", "/api/v1/memories", body, "store")
        if status != 201:
            raise CannotMeasureError(f"A store was answered with {status}: {answer}")
    return api.times["store"]


def caught_up(env: dict[str, str]) -> float:
    """Seconds until `check_graph --all` finds no difference."""
    begun = time.monotonic()
    while True:
        command = [sys.executable, "manage.py", "check_graph", "--all"]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return time.monotonic() - begun
        if time.monotonic() - begun > CATCH_UP_SECONDS:
            raise CannotMeasureError(f"The graph did not catch up: {done.stdout[-1000:]}{done.stderr[-1000:]}")
        time.sleep(1)


def bodies_of(path: Path, count: int, prefix: str) -> list[dict[str, Any]]:
    """The first texts of some conversations, to be understood and not just kept; repeated when they are too few."""
    data = json.loads(path.read_text())
    said = [stored(user, turn, prefix) for user in data for turn in user["memories"]]
    rounds = ([body | {"user_id": f"{body['user_id']}-{n}"} for body in said] for n in itertools.count())
    every = itertools.islice(itertools.chain.from_iterable(rounds), count)
    return [body | {"skip_extraction": False} for body in every]


def known(api: Api, bodies: Sequence[dict[str, Any]]) -> int:
    """How many entities the stores left: what the graph is about."""
    users = {body["user_id"] for body in bodies}
    pages = [api.call("GET", f"/api/v1/entities?user_id={user}&limit=1", None, "entities")[1] for user in users]
    return sum(page["total"] for page in pages)


def measure(options: argparse.Namespace, folder: Path) -> None:
    bodies = bodies_of(Path(options.data), options.texts, "sync-")
    half, out = len(bodies) // 2, folder / "out.txt"
    graph = neo4j_server.Neo4jServer(folder / "neo4j", neo4j_server.free_port(), secrets.token_hex(16))
    env = environment(folder / "with", neo4j_server.free_port(), graph)
    times: dict[str, list[float]] = {}
    try:
        neo4j_server.fetch(print)
        graph.start()
        with service(env, out) as api:
            times["up"] = store(api, bodies[:half], "Neo4j is up")
            graph.kill()
            times["killed"] = store(api, bodies[half:], "Neo4j is away")
            graph.start()
            print(f"caught up {caught_up(env):.0f} s after Neo4j was back; check_graph finds no difference")
            print(f"{len(bodies)} texts stored, none failed; {known(api, bodies)} entities")
    finally:
        graph.kill()
    with service(environment(folder / "without", neo4j_server.free_port(), None), out) as api:
        times["off"] = store(api, bodies[:half], "the graph is off")
    for name, seconds in times.items():
        p50, p95 = percentiles(seconds)
        print(f"store, Neo4j {name:7s} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   ({len(seconds)} stores, one client)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=str(SHIPPED), help="conversations (default: the shipped ones)")
    parser.add_argument("--texts", type=int, default=TEXTS, help=f"how many to store ({TEXTS})")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graph-sync-") as folder:
        try:
            measure(options, Path(folder))
        except (CannotMeasureError, neo4j_server.NoNeo4jError) as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
