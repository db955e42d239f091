"""Runs child processes, starts them again when they die, and stops them all, in order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MANY, WITHIN = 5, 30.0  # deaths in seconds after which there is no use in trying again
PATIENCE = 12.0  # seconds between SIGTERM and SIGKILL
PR_SET_PDEATHSIG = 1


class GaveUpError(Exception):
    """A child dies at once each time; the message names its log."""


def _die_with_parent() -> None:
    """On Linux a child gets SIGTERM when its supervisor was killed, so that none is left behind."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class Child:
    """One process: its command line, environment and log. In a session of its own, so Ctrl-C doesn't reach it."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    cwd: Path
    process: subprocess.Popen[bytes] | None = None
    wanted: bool = False
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=MANY))
    again_at: float = 0.0

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        self.wanted = True
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.env),
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, or with SIGKILL to all that it started."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)

    def stop(self, patience: float = PATIENCE) -> None:
        """SIGTERM, then SIGKILL for it and whatever it left."""
        self.wanted = False
        if self.process is None:
            return
        self.signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        self.signal(signal.SIGKILL)
        self.process.wait()


class Supervisor:
    """Children in the order in which they start; they stop in the opposite order."""

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self.children = {child.name: child for child in children}
        self.say = say

    def start(self) -> None:
        for child in self.children.values():
            child.start()

    def add(self, child: Child) -> None:
        """Start one more."""
        self.children[child.name] = child
        child.start()

    def poll(self) -> None:
        """Start again what died; call it a few times a second. Raises GaveUpError."""
        for child in self.children.values():
            if not child.wanted or child.running():
                continue
            moment = time.monotonic()
            if child.process is not None:
                self._bury(child, moment)
            if moment >= child.again_at:
                child.start()

    def _bury(self, child: Child, moment: float) -> None:
        assert child.process is not None
        child.deaths.append(moment)
        if len(child.deaths) == MANY and moment - child.deaths[0] < WITHIN:
            raise GaveUpError(f"{child.name} ends as soon as it is started: see {child.log}")
        child.again_at = moment + min(4.0, 0.25 * 2 ** (len(child.deaths) - 1))
        self.say(f"{child.name} ended (exit code {child.process.returncode}) and is started again.")
        child.signal(signal.SIGKILL)  # what it left behind
        child.process = None

    def stop(self, patience: float = PATIENCE) -> None:
        """Ask all to end, the last started first, and wait for each."""
        running = [child for child in reversed(self.children.values()) if child.process is not None]
        for child in running:
            child.wanted = False
        for child in running:
            child.stop(patience)
