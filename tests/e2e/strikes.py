"""Strikes against the processes of a service: killed, stopped, emptied."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import psycopg
from redis import Redis, RedisError

from memproject.embedded import redis_server
from memproject.embedded.servers import Database
from tests.e2e.running import Service

STOPPED = 20.0  # seconds that a worker is stopped for
MAX_DEATHS = 3  # in a row, of one process: the supervisor waits longer and longer before it starts it again


@dataclass
class Chaos:
    """Strikes something every few seconds. `database`: a server of our own, whose postmaster may be killed."""

    service: Service
    dice: random.Random
    pause: tuple[float, float]
    database: Database | None = None
    strikes: Counter[str] = field(default_factory=Counter)
    last: float = 0.0
    last_strike: str = ""
    over: threading.Event = field(default_factory=threading.Event)
    _stopped: list[threading.Timer] = field(default_factory=list)

    def run(self, most: Sequence[str]) -> None:
        """`most`: what is struck in this order at first, then anything."""
        first = list(most)
        names = sorted(self._strikes())
        while not self.over.wait(self.dice.uniform(*self.pause)):
            name = first.pop(0) if first else self.dice.choice(names)
            with suppress(psutil.NoSuchProcess, ProcessLookupError, psycopg.Error, RedisError):
                if self._strikes()[name]():
                    self.strikes[name] += 1
                    self.last, self.last_strike = time.time(), name
        for timer in self._stopped:
            timer.join()

    def _strikes(self) -> dict[str, Callable[[], bool]]:
        found: dict[str, Callable[[], bool]] = {
            "web process": lambda: self._kill_below("web"),
            "worker process": lambda: self._kill_below("worker-pipeline"),
            "worker": lambda: self._kill("worker-pipeline"),
            "maintenance worker": lambda: self._kill("worker-maintenance"),
            "beat": lambda: self._kill("beat"),
            "Redis": lambda: self._kill("redis"),
            "Redis emptied": self._empty,
            "backend": self._backend,
            "worker stopped": self._stop_worker,
        }
        if self.database is not None:
            found["postmaster"] = self._postmaster
        return found

    def _kill(self, name: str) -> bool:
        child = self.service.child(name)
        if child.policy.deaths >= MAX_DEATHS or not child.running():
            return False
        child.signal(signal.SIGKILL)
        return True

    def _below(self, name: str) -> list[psutil.Process]:
        return psutil.Process(self.service.child(name).pid).children()

    def _kill_below(self, name: str) -> bool:
        below = self._below(name)
        if below:
            self.dice.choice(below).kill()
        return bool(below)

    def _stop_worker(self) -> bool:
        """SIGSTOP of a process that applies writes; the others go on."""
        below = self._below("worker-pipeline")
        if not below or any(timer.is_alive() for timer in self._stopped):
            return False
        process = self.dice.choice(below)
        process.suspend()

        def go_on() -> None:
            with suppress(psutil.NoSuchProcess):
                process.resume()
            self.last, self.last_strike = time.time(), "worker going on"

        timer = threading.Timer(STOPPED, go_on)
        timer.start()
        self._stopped.append(timer)
        return True

    def _empty(self) -> bool:
        with Redis.from_url(redis_server.url(self.service.folder)) as client:
            client.flushall()
        return True

    def _backend(self) -> bool:
        with psycopg.connect(self.service.database) as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchall()
        if rows:
            os.kill(self.dice.choice(rows)[0], signal.SIGKILL)
        return bool(rows)

    def _postmaster(self) -> bool:
        assert self.database is not None
        if self.database.policy.deaths >= MAX_DEATHS:
            return False
        os.kill(self.database._server._server.get_postmaster_info().pid, signal.SIGKILL)
        return True
