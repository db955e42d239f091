"""A pytest plugin, loaded before Django's settings: a real PostgreSQL and a real Redis for the session.

Uses DATABASE_URL and REDIS_URL where they are given, else starts the embedded servers in a folder of its own. Each
worker of pytest-xdist starts its own: a test empties its Redis.

Which models read and embed texts is not set here: the tests run with the defaults, as `make up` does. A test of another
provider, or of one that fails, sets it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from memproject.embedded import postgres_server, redis_server

ROOT = Path(__file__).resolve().parent.parent
WORKER = "PYTEST_XDIST_WORKER" in os.environ
INHERITED = "TEST_SERVERS_STARTED"  # set in the process that starts the workers: its servers are not theirs
PROVIDERS = ("EMBEDDING_", "SPACY_", "LLM_", "TOKEN_EMBEDDINGS")  # what a developer may have set for a service


def _start() -> None:
    models = os.environ.get("EMBEDDING_MODEL_DIR") or str(ROOT / ".cache" / "models")
    for name in [name for name in os.environ if name.startswith(PROVIDERS)]:
        del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="mp-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    inherited = INHERITED in os.environ
    if "DATABASE_URL" not in os.environ or inherited:
        database = postgres_server.start(folder / "pg", durable=False)
        atexit.register(database.stop)
        database.create_database("memproject")
        os.environ |= {"DATABASE_URL": database.url("memproject"), INHERITED: "true"}
    if "REDIS_URL" not in os.environ or WORKER:
        cache = redis_server.start(folder / "redis")
        atexit.register(cache.stop)
        os.environ["REDIS_URL"] = cache.url
    os.environ.update(
        DATA_DIR=str(folder),
        METRICS_DIR=str(folder / "metrics"),
        EMBEDDING_MODEL_DIR=models,
        SECRET_KEY="for the tests alone",
        KEY_PEPPERS="1:older,2:newer",
        MEMPROJECT_WORKER="true",  # one connection a thread, no pool, in this process
        RATE_LIMITS_ENABLED="false",
        MASTER_KEY="the-master-key-of-the-tests",
        API_KEY="",
        LOG_LEVEL="INFO",  # as in production: tests.leaks looks at every line
    )


_start()
