"""The processes of the service and their command lines: the same for `make up` and for the end-to-end tests."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from memproject.embedded.supervisor import Child

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
CELERY = [str(BIN / "celery"), "-A", "memproject.celery"]
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


def rotate(log: Path) -> None:
    """Keep one earlier log, so that the files don't grow for ever."""
    if log.exists() and log.stat().st_size > 5_000_000:
        log.replace(log.with_suffix(".log.1"))


def service(env: Mapping[str, str], logs: Path, state: Path) -> tuple[list[Child], list[Child]]:
    """What a store and a recall need, and the rest. `state` is where beat keeps its schedule.

    Stores that somebody waits for have a worker of their own, so that nothing queues before them.
    """
    worker = {**env, "MEMPROJECT_WORKER": "true"}
    commands = {
        "web": ([str(BIN / "gunicorn"), "-c", "python:memproject.gunicorn", "memproject.wsgi:application"], env),
        "worker-store": ([*CELERY, "worker", "-Q", "store", "-c", "2", "-n", "store@%h", *QUIET], worker),
        "worker": ([*CELERY, "worker", "-Q", "bulk,deliver,beat", "-c", "1", "-n", "rest@%h", *QUIET], worker),
        "beat": ([*CELERY, "beat", "-s", str(state / "beat-schedule"), "--pidfile="], worker),
    }
    for name in commands:
        rotate(logs / f"{name}.log")
    made = [Child(name, line, own, logs / f"{name}.log", ROOT) for name, (line, own) in commands.items()]
    return made[:2], made[2:]
