"""The processes of the service and their command lines, for `make up` and for the end-to-end tests."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from memproject.embedded.supervisor import Child

ROOT = Path(__file__).resolve().parent.parent.parent
# As modules: the scripts in .venv/bin contain the path of their folder, and break if it is moved.
GUNICORN = [sys.executable, "-m", "gunicorn"]
CELERY = [sys.executable, "-m", "celery", "-A", "memproject.celery"]
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


def service(env: Mapping[str, str], logs: Path, state: Path) -> tuple[list[Child], list[Child]]:
    """The processes that a store and a recall need, and the others. `state` is the folder of beat's schedule.

    The pipeline worker reads and embeds texts, first the writes that requests wait for. Writes that may take minutes
    have their own worker: it loads the models at the first such write, and frees the memory after some of them. The
    maintenance worker runs everything else in threads, loads no model, and runs the sweeps.
    """
    # Django's checks would import every page; `memproject.celery` runs the checks of the settings.
    worker = {**env, "MEMPROJECT_WORKER": "true", "MEMPROJECT_PAGES": "false", "CELERY_SKIP_CHECKS": "true"}
    processes = env.get("PIPELINE_PROCESSES") or ("4" if env.get("LLM_PROVIDER") else "1")
    jobs = "maintenance,deliver,graph" if env.get("NEO4J_URI") else "maintenance,deliver"
    commands = {
        "web": ([*GUNICORN, "-c", "python:memproject.gunicorn", "memproject.wsgi:application"], env),
        "worker-pipeline": (
            [*CELERY, "worker", "-Q", "store,bulk", "-c", processes, "-n", "pipeline@%h", *QUIET],
            worker,
        ),
        "worker-long": (
            [*CELERY, "worker", "-Q", "long", "-c", "1", "--max-tasks-per-child", "4", "-n", "long@%h", *QUIET],
            worker,
        ),
        "worker-maintenance": (
            [*CELERY, "worker", "-P", "threads", "-Q", jobs, "-c", "4", "-n", "maintenance@%h", *QUIET],
            worker,
        ),
        "beat": ([*CELERY, "beat", "-s", str(state / "beat-schedule"), "--pidfile="], worker),
    }
    made = [Child(name, line, own, logs / f"{name}.log", ROOT) for name, (line, own) in commands.items()]
    return made[:2], made[2:]
