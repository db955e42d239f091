"""The service as it runs in production: real processes, real HTTP, killed and started again at will."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from memproject.embedded import children, redis_server
from memproject.embedded.supervisor import Child, Supervisor
from tests import leaks
from tests.ports import free_port


def eventually(check: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first true answer of `check`, asked again and again; fails after `seconds`."""
    until = time.monotonic() + seconds
    pause = threading.Event()
    while not (found := check()):
        assert time.monotonic() < until, f"not within {seconds} s"
        pause.wait(0.05)
    return found


def hang(pid: int) -> None:
    """SIGSTOP; the process goes on for a moment after it is sent, so wait until it has stopped."""
    process = psutil.Process(pid)
    process.suspend()
    eventually(lambda: process.status() == psutil.STATUS_STOPPED)


@dataclass
class Service:
    url: str
    key: str
    database: str
    supervisor: Supervisor
    folder: Path
    env: dict[str, str]
    _stop: threading.Event = field(default_factory=threading.Event)

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any, dict[str, str]]:
        """(status, JSON, headers) of one request on a connection of its own."""
        leaks.net.remember(self.key, path, body)
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-API-Key": self.key, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error), dict(error.headers)

    def store(self, content: str, user: str) -> int:
        status, body, _ = self.call("POST", "/api/v1/memories", {"content": content, "user_id": user})
        assert status in (201, 202), body
        return status

    def texts(self, user: str) -> list[str]:
        """All live memories of a user, page by page."""
        found: list[str] = []
        cursor = ""
        while True:
            _, body, _ = self.call("GET", f"/api/v1/memories?user_id={user}&limit=100{cursor}")
            found += [m["content"] for m in body["memories"]]
            if body["next_cursor"] is None:
                return found
            cursor = f"&cursor={body['next_cursor']}"

    def pending(self) -> int:
        with psycopg.connect(self.database) as connection:
            row = connection.execute("SELECT count(*) FROM memories_source WHERE state = 'pending'").fetchone()
        assert row is not None
        return int(row[0])

    def child(self, name: str) -> Child:
        return self.supervisor.children[name]

    def kill(self, name: str) -> None:
        """`kill -9` of a process and all that it started; the supervisor starts it again."""
        self.child(name).signal(signal.SIGKILL)

    def healthy(self) -> bool:
        try:
            return bool(self.call("GET", "/health")[1]["status"] == "healthy")
        except (OSError, ValueError):
            return False

    def working(self) -> bool:
        """Whether both workers answer."""
        _, body, _ = self.call("GET", "/status")
        return bool(body["data"]["workers"].get("workers") == 3)


def start(folder: Path, also: Callable[[], None] = lambda: None, **extra: str) -> Service:
    """Start everything against a fresh database on the PostgreSQL that DATABASE_URL names, with a Redis of its own.
    `also` is called as often as the supervisor looks after the processes."""
    leaks.net.watch(folder / "logs")
    name = f"e2e_{os.getpid()}_{folder.name.replace('-', '_')}"
    admin = os.environ["DATABASE_URL"]
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    database = admin.replace("/memproject?", f"/{name}?")
    port = str(free_port())
    env = {k: v for k, v in os.environ.items() if k != "MEMPROJECT_WORKER"}
    env |= {
        "DATABASE_URL": database,
        "REDIS_URL": redis_server.url(folder),
        "DATA_DIR": str(folder),
        "METRICS_DIR": str(folder / "metrics"),
        "API_PORT": port,
        "OPERATOR_PASSWORD": "operators-password",
        "RATE_LIMITS_ENABLED": "false",
        "LEASE_SECONDS": "4",
        "WEBHOOK_ALLOW_PRIVATE": "true",  # receivers of the tests are on loopback
        "LOG_LEVEL": "INFO",
        **extra,
    }
    cache = Child("redis", redis_server.command(folder), dict(os.environ), folder / "logs" / "redis.log", children.ROOT)
    supervisor = Supervisor([cache], lambda line: None)
    supervisor.start()
    assert redis_server.wait_until_ready(env["REDIS_URL"])
    ready = subprocess.run(
        [sys.executable, "manage.py", "prepare"], cwd=children.ROOT, env=env, capture_output=True, text=True, check=True
    )
    first, rest = children.service(env, folder / "logs", folder)
    for child in (*first, *rest):
        supervisor.add(child)
    key = env.get("API_KEY") or json.loads(ready.stdout.splitlines()[-1])["key"]
    service = Service(f"http://127.0.0.1:{port}", key, database, supervisor, folder, env)

    def watch() -> None:
        while not service._stop.wait(0.1):
            also()
            supervisor.poll()

    threading.Thread(target=watch, daemon=True).start()
    eventually(service.healthy)
    supervisor.starting_up = False
    eventually(service.working)
    return service


def stop(service: Service) -> None:
    service._stop.set()
    service.supervisor.stop(patience=8)


def another_tenant(service: Service, slug: str) -> tuple[str, Service]:
    """Make one more tenant; → its id, and the same service with a key of it."""
    master = replace(service, key=service.env["MASTER_KEY"])
    status, made, _ = master.call("POST", "/api/v1/tenants", {"slug": slug})
    assert status == 201, made
    status, granted, _ = master.call("POST", "/api/v1/keys", {"name": slug, "tenant": slug})
    assert status == 201, granted
    return made["id"], replace(service, key=granted["key"])
