"""Runs child processes, restarts them when they die, and stops them in order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FAILING_DEATHS = 5  # deaths in a row: during start-up the start fails, later it is a state to report
STABLE_SECONDS = 30.0  # a process that ran so long has started well: its next death counts as the first
FIRST_PAUSE, MAX_PAUSE = 0.25, 60.0  # seconds before a restart, doubled with each death
STOP_SECONDS = 11.0  # seconds for all children to end; the web processes finish their requests within ten
MIN_STOP_SECONDS = 1.0  # seconds of it for each child, even if an earlier child has used up the time
MAX_LOG_BYTES = 5_000_000  # bytes
PR_SET_PDEATHSIG = 1
# Loaded here: nothing may be loaded between fork and exec.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class GaveUpError(Exception):
    """A process dies repeatedly during start-up; the message names its log."""


def _die_with_parent() -> None:
    """On Linux a child gets SIGTERM when its supervisor was killed, so that no process is left.

    The system treats the thread that started the child as its parent, so this must be a thread that stays.
    """
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def rotate(log: Path) -> None:
    """Keep one earlier log, to limit the size of the files."""
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


class RestartPolicy:
    """When a process that ended is restarted: soon after the first death, later after each further one."""

    def __init__(self, name: str, log: Path) -> None:
        self.name, self.log = name, log
        self.deaths = 0  # in a row; 0 after a run of STABLE_SECONDS
        self._failed_starts = 0  # a failed start is not a death
        self._started_at = 0.0

    @property
    def is_failing(self) -> bool:
        """Whether the process cannot be kept running. False again after a run of STABLE_SECONDS."""
        return self.deaths + self._failed_starts >= FAILING_DEATHS

    def started(self, moment: float) -> None:
        self._started_at = moment

    def runs(self, moment: float) -> None:
        """The process is running; call this from time to time."""
        if moment - self._started_at >= STABLE_SECONDS:
            self.deaths = self._failed_starts = 0

    def died(self, moment: float, *, starting_up: bool = False) -> float:
        """Count a death; → the time of the next start. During start-up, raises GaveUpError for death number MANY."""
        self.runs(moment)
        self.deaths += 1
        if starting_up and self.deaths >= FAILING_DEATHS:
            raise GaveUpError(f"{self.name} ends as soon as it is started: see {self.log}")
        return moment + self._pause()

    def failed_to_start(self, moment: float) -> float:
        """→ the time of the next start."""
        self._failed_starts += 1
        return moment + self._pause()

    def _pause(self) -> float:
        doublings = min(self.deaths + self._failed_starts - 1, 10)
        return float(min(MAX_PAUSE, FIRST_PAUSE * 2.0**doublings))


def in_words(pause: float) -> str:
    """The pause as the end of a sentence; empty below one second."""
    return f" in {pause:.0f} s" if pause >= 1 else ""


@dataclass(slots=True)
class Child:
    """One process: its command line, environment and log. In a session of its own, so that Ctrl-C does not reach it.

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
    policy: RestartPolicy = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.policy = RestartPolicy(self.name, self.log)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def running(self) -> bool:
        process = self.process
        return process is not None and process.poll() is None

    def start(self) -> None:
        """Start the process; it is restarted when it dies."""
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
            self.policy.started(time.monotonic())

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, or SIGKILL to its whole process group."""
        process = self.process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
            if number == signal.SIGKILL:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)

    def ask_to_end(self) -> None:
        """SIGTERM, once: some programs take a second one as a request to drop their work."""
        self.wanted = False
        if not self.asked_to_end:
            self.asked_to_end = True
            self.signal(signal.SIGTERM)

    def stop(self, patience: float = STOP_SECONDS) -> None:
        """SIGTERM, then SIGKILL for the process and its descendants. It stays stopped until `start`."""
        with self.busy:
            self.ask_to_end()
            if self.process is None:
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
            self.signal(signal.SIGKILL)
            self.process.wait()


class Supervisor:
    """The servers that the others need, and processes that are added later.

    They start in this order. Added ones are stopped first, in the order of their addition, and the servers last.
    `started` is called after each start. Until `starting_up` is set to False, a child that dies MANY times in a row
    stops everything; later the others continue without it.
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
        self.starting_up = True

    def failing(self) -> list[str]:
        """The names of the children that cannot be kept running."""
        return [child.name for child in self.children.values() if child.policy.is_failing]

    def start(self) -> None:
        for child in self._servers:
            self._start(child)

    def add(self, child: Child) -> None:
        """Start a further child."""
        self.children[child.name] = child
        self._start(child)

    def _start(self, child: Child) -> None:
        child.start()
        self._started(child)

    def poll(self) -> None:
        """Restart children that have died; call it a few times a second. Raises GaveUpError."""
        for child in list(self.children.values()):
            if not child.busy.acquire(blocking=False):
                continue  # another thread stops or starts it: check it in the next call
            try:
                self._look_after(child)
            finally:
                child.busy.release()

    def _look_after(self, child: Child) -> None:
        if not child.wanted:
            return
        moment = time.monotonic()
        if child.running():
            child.policy.runs(moment)
            return
        if child.process is not None:
            code = child.process.returncode
            child.signal(signal.SIGKILL)  # the descendants of the dead process
            child.process = None
            child.again_at = child.policy.died(moment, starting_up=self.starting_up)
            self._say(f"{child.name} ended (exit code {code}) and is started again{in_words(child.again_at - moment)}.")
        if moment < child.again_at:
            return
        try:
            self._start(child)
        except OSError as error:  # no memory for a process, no space for its log
            child.again_at = child.policy.failed_to_start(moment)
            pause = in_words(child.again_at - moment)
            self._say(f"{child.name} could not be started ({error.strerror}) and is tried again{pause}.")

    def stop(self, patience: float = STOP_SECONDS) -> None:
        """Stop all children; `patience` seconds in total, but a minimum for each.

        The first of the added ones ends before the others get a signal: its requests may still wait for them.
        """
        until = time.monotonic() + patience
        added = [child for child in self.children.values() if child not in self._servers]
        for child in added:
            child.wanted = False
        for child in added[:1]:
            child.stop(max(MIN_STOP_SECONDS, until - time.monotonic()))
        for child in added[1:]:
            child.ask_to_end()
        for child in (*added[1:], *reversed(self._servers)):
            child.stop(max(MIN_STOP_SECONDS, until - time.monotonic()))
