"""The processes of the service and their command lines: the same for `make up` and for the end-to-end tests."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from memproject.embedded.supervisor import Child

ROOT = Path(__file__).resolve().parent.parent.parent
# As modules: the scripts in .venv/bin name the folder in which they were installed, and break when it is moved.
GUNICORN = [sys.executable, "-m", "gunicorn"]
CELERY = [sys.executable, "-m", "celery", "-A", "memproject.celery"]
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


def service(env: Mapping[str, str], logs: Path, state: Path) -> tuple[list[Child], list[Child]]:
    """What a store and a recall need, and the rest. `state` is where beat keeps its schedule.

    Stores that somebody waits for have a worker of their own, so that nothing queues before them; so has the graph,
    which may hang, where there is one.
    """
    worker = {**env, "MEMPROJECT_WORKER": "true"}
    commands = {
        "web": ([*GUNICORN, "-c", "python:memproject.gunicorn", "memproject.wsgi:application"], env),
        "worker-store": ([*CELERY, "worker", "-Q", "store", "-c", "2", "-n", "store@%h", *QUIET], worker),
        "worker": ([*CELERY, "worker", "-Q", "bulk,deliver,beat", "-c", "1", "-n", "rest@%h", *QUIET], worker),
        "worker-graph": ([*CELERY, "worker", "-Q", "graph", "-c", "1", "-n", "graph@%h", *QUIET], worker),
        "beat": ([*CELERY, "beat", "-s", str(state / "beat-schedule"), "--pidfile="], worker),
    }
    if not env.get("NEO4J_URI"):
        del commands["worker-graph"]
    made = [Child(name, line, own, logs / f"{name}.log", ROOT) for name, (line, own) in commands.items()]
    return made[:2], made[2:]
