"""The started processes, so that the next run can end those that a killed run left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from memproject.embedded.supervisor import Child

STOP_SECONDS = 12.0  # seconds; the web processes take up to ten to finish their requests


def process_start_time(pid: int) -> str | None:
    """The start time of a process; None if there is none. Together with the pid it identifies a process."""
    if sys.platform != "linux":
        shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return shown.stdout.strip() or None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


class PidFile:
    """A small file of the running children: {name: [pid, start time]}."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.running: dict[str, tuple[int, str]] = {}

    def note(self, child: Child) -> None:
        """Record a child that was just started."""
        begun = process_start_time(child.pid)
        if begun is None:  # it has ended already
            return
        self.running[child.name] = (child.pid, begun)
        new = self.path.with_suffix(".new")
        with contextlib.suppress(OSError):  # a full disk: the child runs without an entry
            new.write_text(json.dumps(self.running))
            new.replace(self.path)

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)

    def left(self) -> list[int]:
        """The pids of processes that an earlier run left running."""
        try:
            noted = [(int(pid), str(begun)) for pid, begun in json.loads(self.path.read_text()).values()]
        except (OSError, ValueError, TypeError, AttributeError):
            return []  # missing or incomplete
        return [pid for pid, begun in noted if process_start_time(pid) == begun]

    def end(self, patience: float = STOP_SECONDS) -> None:
        """End the remaining processes: SIGTERM, and after `patience` seconds SIGKILL, to each and its descendants."""
        for pid in self.left():
            _signal(pid, signal.SIGTERM, group=False)
        until = time.monotonic() + patience
        while self.left() and time.monotonic() < until:
            time.sleep(0.05)
        for pid in self.left():
            _signal(pid, signal.SIGKILL, group=True)
        while self.left() and time.monotonic() < until + 2:
            time.sleep(0.05)
        self.forget()


def _signal(pid: int, number: signal.Signals, *, group: bool) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        (os.killpg if group else os.kill)(pid, number)
