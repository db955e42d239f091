"""Runs child processes, starts them again when they die, and stops them all, in order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MANY, WITHIN = 5, 30.0  # deaths in seconds after which there is no use in trying again
LONGEST_PAUSE = 4.0  # seconds before a child is started again
PATIENCE = 11.0  # seconds for all to end by themselves; the web processes finish their requests within ten
AT_LEAST = 1.0  # seconds of it for each, even where an earlier one took them all
LARGEST_LOG = 5_000_000  # bytes
PR_SET_PDEATHSIG = 1
# Loaded here: nothing may be loaded between fork and exec.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class GaveUpError(Exception):
    """Something dies at once each time; the message names its log."""


def _die_with_parent() -> None:
    """On Linux a child gets SIGTERM when its supervisor was killed, so that none is left behind.

    The system counts the thread that started the child as its parent: start children in a thread that stays.
    """
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def rotate(log: Path) -> None:
    """Keep one earlier log, so that the files don't grow for ever."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))


class Deaths:
    """How often something died of late, and what follows from it."""

    def __init__(self, name: str, log: Path) -> None:
        self.name, self.log = name, log
        self._moments: deque[float] = deque(maxlen=MANY)

    def __len__(self) -> int:
        return len(self._moments)

    def add(self, moment: float) -> float:
        """Note one; → the time of the next start. Raises GaveUpError when it is one too many."""
        self._moments.append(moment)
        recent = sum(moment - earlier < WITHIN for earlier in self._moments)
        if recent == MANY:
            raise GaveUpError(f"{self.name} ends as soon as it is started: see {self.log}")
        return moment + min(LONGEST_PAUSE, 0.25 * 2.0 ** (recent - 1))


@dataclass(slots=True)
class Child:
    """One process: its command line, environment and log. In a session of its own, so Ctrl-C doesn't reach it.

    A test may stop and start it while another thread polls the supervisor: `busy` is held meanwhile.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    cwd: Path
    process: subprocess.Popen[bytes] | None = None
    wanted: bool = False
    asked_to_end: bool = False
    again_at: float = 0.0
    busy: threading.RLock = field(default_factory=threading.RLock, repr=False)
    deaths: Deaths = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.deaths = Deaths(self.name, self.log)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def running(self) -> bool:
        process = self.process
        return process is not None and process.poll() is None

    def start(self) -> None:
        """Start it, and have it started again when it dies."""
        with self.busy:
            self.wanted, self.asked_to_end = True, False
            self.log.parent.mkdir(parents=True, exist_ok=True)
            rotate(self.log)
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self.command,
                    env=dict(self.env),
                    cwd=self.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=_die_with_parent if LIBC is not None else None,
                )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, or with SIGKILL to all that it started."""
        process = self.process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
            if number == signal.SIGKILL:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)

    def ask_to_end(self) -> None:
        """SIGTERM, once: to some a second one means to drop what they do."""
        self.wanted = False
        if not self.asked_to_end:
            self.asked_to_end = True
            self.signal(signal.SIGTERM)

    def stop(self, patience: float = PATIENCE) -> None:
        """SIGTERM, then SIGKILL for it and whatever it left. It stays stopped until `start`."""
        with self.busy:
            self.ask_to_end()
            if self.process is None:
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
            self.signal(signal.SIGKILL)
            self.process.wait()


class Supervisor:
    """Servers, which the others need, and what is added later.

    They start in this order; those added end first, in the order in which they were added, and the servers last.
    `started` is told of each start.
    """

    def __init__(
        self,
        servers: Sequence[Child],
        say: Callable[[str], None],
        started: Callable[[Child], None] = lambda _: None,
    ) -> None:
        self.children = {child.name: child for child in servers}
        self._servers = list(servers)
        self._say = say
        self._started = started

    def start(self) -> None:
        for child in self._servers:
            self._start(child)

    def add(self, child: Child) -> None:
        """Start one more."""
        self.children[child.name] = child
        self._start(child)

    def _start(self, child: Child) -> None:
        child.start()
        self._started(child)

    def poll(self) -> None:
        """Start again what died; call it a few times a second. Raises GaveUpError."""
        for child in list(self.children.values()):
            if not child.busy.acquire(blocking=False):
                continue  # somebody is stopping or starting it: look again next time
            try:
                self._look_after(child)
            finally:
                child.busy.release()

    def _look_after(self, child: Child) -> None:
        if not child.wanted or child.running():
            return
        moment = time.monotonic()
        if child.process is not None:
            code = child.process.returncode
            child.signal(signal.SIGKILL)  # what it left behind
            child.process = None
            child.again_at = child.deaths.add(moment)
            self._say(f"{child.name} ended (exit code {code}) and is started again.")
        if moment >= child.again_at:
            self._start(child)

    def stop(self, patience: float = PATIENCE) -> None:
        """Ask each to end and wait for it; `patience` seconds for all, but something for each.

        The first of those added ends before the others are asked: its requests may still wait for them.
        """
        until = time.monotonic() + patience
        added = [child for child in self.children.values() if child not in self._servers]
        for child in added:
            child.wanted = False
        for child in added[:1]:
            child.stop(max(AT_LEAST, until - time.monotonic()))
        for child in added[1:]:
            child.ask_to_end()
        for child in (*added[1:], *reversed(self._servers)):
            child.stop(max(AT_LEAST, until - time.monotonic()))
