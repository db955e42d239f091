"""What the service uses while it answers: CPU of its processes on this machine, and memory of its snapshots."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil
from django.conf import settings
from django.db import connection

SNAPSHOTS = re.compile(r"^memproject_recall_snapshot_bytes(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of CPU since the start of the processes; None: they are not on this machine."""

    web: float | None
    postgres: float | None


def spent(url: str) -> Spent:
    return Spent(_web(urlsplit(url).port or 80), _postgres())


def each_ms(before: float | None, after: float | None, calls: int) -> float | None:
    """Milliseconds of CPU of one of `calls` calls."""
    return None if before is None or after is None else (after - before) / calls * 1000


def _web(port: int) -> float | None:
    """Of gunicorn and its workers: all of them listen on the port."""
    found = {
        listener.pid
        for listener in psutil.net_connections("tcp")
        if listener.status == psutil.CONN_LISTEN and getattr(listener.laddr, "port", 0) == port and listener.pid
    }
    return sum(_own(psutil.Process(pid)) for pid in found) if found else None


def _postgres() -> float | None:
    """Of the server with all its processes, also of those that have ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    try:
        server = psutil.Process(pid).parent()
        if server is None or "postgres" not in server.name():
            return None  # in a container or on another machine, where the number means another process
        ended = server.cpu_times()
        return sum(_own(child) for child in server.children()) + float(ended.children_user + ended.children_system)
    except psutil.Error:
        return None


def _own(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def snapshot_bytes(url: str) -> int | None:
    """The memory of the recall snapshots of all web processes, from /metrics; None without a key for it."""
    key = settings.METRICS_TOKEN or settings.MASTER_KEY
    request = urllib.request.Request(f"{url}/metrics", headers={"X-API-Key": key})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            found = SNAPSHOTS.findall(answer.read().decode())
    except urllib.error.HTTPError:
        return None
    return round(sum(map(float, found))) if found else None
