"""gunicorn's settings: threads, so that a waiting store blocks a thread instead of a process; each process warms up."""

from __future__ import annotations

import gc
import logging
import os
from importlib import import_module
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memproject.settings")  # gunicorn reads this before wsgi.py
os.environ["MEMPROJECT_WEB"] = "true"

from core.errors import AppError
from core.monitoring import metrics

REGISTRY = "memories.embeddings.registry"  # imported in the web processes only, because of their memory

_host = os.environ.get("API_HOST", "127.0.0.1")
bind = f"{f'[{_host}]' if ':' in _host else _host}:{os.environ.get('API_PORT', '8080')}"
worker_class = "core.http.gthread.JsonErrorWorker"  # this worker allows a longer request line than gunicorn
http_parser = "python"
workers = int(os.environ.get("WEB_PROCESSES", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
preload_app = False  # a connection pool does not survive a fork
control_socket_disable = True
graceful_timeout = 10
timeout = 60
keepalive = 15
accesslog = None  # the service logs its own lines, with routes instead of paths and queries


def post_worker_init(worker: Any) -> None:
    """Load the embedding model after the fork, before the first request; exempt loaded code from garbage collection."""
    registry = import_module(REGISTRY)
    try:
        registry.encoder().warm_question()
    except AppError as error:
        logging.getLogger(__name__).warning("the embedder is not ready: %s", error.message)
    gc.collect()
    gc.freeze()  # freeze the loaded objects: a full collection during a request would walk through all of them


def child_exit(server: Any, worker: Any) -> None:
    metrics.process_ended(worker.pid)
