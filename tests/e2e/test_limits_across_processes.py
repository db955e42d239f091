"""Two web processes are one service: they count one window, and a key that is revoked is revoked in both.

A stopped process (SIGSTOP) accepts nothing, so that each request goes where the test wants it.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from memproject.embedded import children
from tests import leaks
from tests.e2e import running
from tests.e2e.running import Service, eventually, hang

MASTER = "the-master-key-of-this-service"
MINUTE, BURST = 60, 10
FAILURES = 60
SLACK = 30  # seconds that the requests of one window may take


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own, with limits on and the documented numbers."""
    extra = {
        "RATE_LIMITS_ENABLED": "true",
        "RATE_LIMITS_OTHER": "100000/m",
        "RATE_LIMITS_FAILED_KEYS": f"{FAILURES}/h",
        "STATEMENT_TIMEOUT_SECONDS": "8",
        "MASTER_KEY": MASTER,
    }
    started = running.start(tmp_path_factory.mktemp("limited"), **extra)
    yield started
    running.stop(started)


def web_processes(service: Service) -> list[int]:
    """gunicorn's two worker processes."""
    process = service.child("web").process
    assert process is not None
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(listed) == 2
    return [int(pid) for pid in listed]


@contextmanager
def only(service: Service, pid: int) -> Iterator[None]:
    """Only this one of the web processes runs."""
    others = [other for other in web_processes(service) if other != pid]
    try:
        for other in others:
            hang(other)
        yield
    finally:
        for other in others:
            os.kill(other, signal.SIGCONT)


def made(service: Service, **fields: Any) -> tuple[str, str]:
    """(id, key) of a new key."""
    status, body, _ = replace(service, key=MASTER).call("POST", "/api/v1/keys", {"name": "limited", **fields})
    assert status == 201, body
    return body["id"], body["key"]


def until_edge(key_id: str, period: int) -> float:
    """Seconds until a window of this key begins (django-ratelimit shifts each caller's windows by its hash)."""
    return period - (time.time() - zlib.crc32(key_id.encode()) % period - 1) % period


def at_an_edge(service: Service, period: int, room: int, limits: dict[str, str]) -> Service:
    """A caller with a key of its own at the beginning of one of its windows, with at least `room` seconds left.

    Each key has windows of its own: of a few new ones, one has just begun, and nobody waits for a minute.
    """

    def fresh() -> Service | None:
        key_id, key = made(service, rate_limits=limits)
        return replace(service, key=key) if until_edge(key_id, period) > room else None

    return eventually(fresh)


def answers(service: Service, caller: Service, path: str, counts: tuple[int, int]) -> list[tuple[int, dict[str, str]]]:
    """(status, headers) of so many requests to the one process, then so many to the other."""
    found = []
    for pid, count in zip(web_processes(service), counts, strict=True):
        with only(service, pid):
            for _ in range(count):
                status, _, headers = caller.call("GET", path)
                found.append((status, headers))
    return found


def check(found: list[tuple[int, dict[str, str]]], limit: int, period: int) -> None:
    """All but the last passed, each with one less to go; the last says when to come back."""
    assert [status for status, _ in found] == [200] * limit + [429]
    assert {headers["X-RateLimit-Limit"] for _, headers in found} == {str(limit)}
    assert [int(headers["X-RateLimit-Remaining"]) for _, headers in found] == [*range(limit - 1, -1, -1), 0]
    resets = {int(headers["X-RateLimit-Reset"]) for _, headers in found}
    assert max(resets) - min(resets) <= 1, resets
    assert 1 <= int(found[-1][1]["Retry-After"]) <= period + 1
    assert time.time() - 2 < max(resets) <= time.time() + period + 1


def test_a_minutes_window_is_one_for_all_processes(limited: Service) -> None:
    caller = at_an_edge(limited, MINUTE, SLACK, {"burst": "100000/10s"})
    check(answers(limited, caller, "/v1/memories/user/ann", (51, 50)), 100, MINUTE)


def test_the_burst_is_one_for_all_processes(limited: Service) -> None:
    caller = at_an_edge(limited, BURST, BURST - 2, {})
    check(answers(limited, caller, "/v1/memories/user/ann", (11, 10)), 20, BURST)


def test_a_lowered_limit_counts_in_the_other_process_at_once(limited: Service) -> None:
    caller = at_an_edge(limited, MINUTE, SLACK, {"other": "6/m"})
    check(answers(limited, caller, "/api/v1/memories", (3, 4)), 6, MINUTE)


def test_a_revoked_key_stops_at_once_in_every_process(limited: Service) -> None:
    key_id, key = made(limited, rate_limits={"other": "100000/m"})
    caller, master = replace(limited, key=key), replace(limited, key=MASTER)
    first, second = web_processes(limited)
    for pid in (first, second):
        with only(limited, pid):
            assert caller.call("GET", "/api/v1/memories")[0] == 200
    with only(limited, first):
        assert master.call("DELETE", f"/api/v1/keys/{key_id}")[0] == 200
    with only(limited, second):
        assert {caller.call("GET", "/api/v1/memories")[0] for _ in range(10)} == {401}
    with only(limited, first):
        assert {caller.call("GET", "/api/v1/memories")[0] for _ in range(10)} == {401}
    assert {caller.call("GET", "/api/v1/memories")[0] for _ in range(20)} == {401}


def test_a_key_is_nowhere_in_the_logs(limited: Service) -> None:
    _, key = made(limited)
    assert replace(limited, key=key).call("GET", "/api/v1/memories")[0] == 200
    log = limited.child("web").log.read_text()
    assert "/api/v1/keys" in log
    assert key not in log
    assert MASTER not in log


def test_a_statement_that_waits_too_long_is_a_503(limited: Service) -> None:
    """Somebody holds a lock that a recall needs; as soon as it is free everything is as before."""
    _, key = made(limited)
    caller = replace(limited, key=key)
    with psycopg.connect(limited.database) as holder:
        holder.execute("LOCK TABLE memories_passage IN ACCESS EXCLUSIVE MODE")
        status, body, headers = caller.call("POST", "/api/v1/memories/recall", {"query": "Where does Ann live?"})
        assert (status, body["error"]["code"], headers["Retry-After"]) == (503, "service_unavailable", "1")
        assert "took too long" in body["detail"]
    assert caller.call("POST", "/api/v1/memories/recall", {"query": "Where does Ann live?"})[0] == 200


def ask_from(address: str, service: Service, key: str) -> tuple[int, dict[str, str]]:
    """(status, headers) of a request from another address of this machine."""
    leaks.net.remember(key)
    at = urlsplit(service.url)
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=30, source_address=(address, 0))
    with closing(connection):
        connection.request("GET", "/api/v1/memories", headers={"X-API-Key": key})
        answer = connection.getresponse()
        answer.read()
        return answer.status, dict(answer.headers)


def used_during(change: Callable[[], None], ask: Callable[[], int]) -> tuple[list[int], list[int]]:
    """The statuses of four clients' requests that began before `change` returned, and of those that began later."""
    before: list[int] = []
    after: list[int] = []
    changed, stop = threading.Event(), threading.Event()

    def client() -> None:
        while not stop.is_set():
            (after if changed.is_set() else before).append(ask())

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client) for _ in range(4)]
        try:
            eventually(lambda: len(before) >= 40)
            change()
            changed.set()
            eventually(lambda: len(after) >= 80)
        finally:
            stop.set()
    for ended in clients:
        ended.result()
    return before, after


CHANGES = ["revoked", "rotated", "replaced on the command line while Redis hangs"]


@pytest.mark.parametrize("change", CHANGES)
def test_a_key_that_both_processes_remember_is_refused_from_the_answer_on(limited: Service, change: str) -> None:
    """Both processes use the key many times a second, so that both have it in their memory."""
    name = f"used everywhere, {change}"
    key_id, key = made(limited, name=name, rate_limits={"other": "100000/m"})
    master = replace(limited, key=MASTER)
    address = f"127.0.0.{10 + CHANGES.index(change)}"  # whose failures no other test counts

    def end() -> None:
        if change == "revoked":
            assert master.call("DELETE", f"/api/v1/keys/{key_id}")[0] == 200
        elif change == "rotated":
            assert master.call("POST", f"/api/v1/keys/{key_id}/rotate", {})[0] == 201
        else:
            hang(limited.child("redis").pid)
            command = [sys.executable, "manage.py", "create_api_key", "--name", name, "--replace", "--quiet"]
            subprocess.run(command, cwd=children.ROOT, env=limited.env, capture_output=True, check=True)

    try:
        before, after = used_during(end, lambda: ask_from(address, limited, key)[0])
    finally:
        os.kill(limited.child("redis").pid, signal.SIGCONT)
    writes = [("POST", "/api/v1/keys", {"name": "later"})] * 10  # to both processes
    eventually(lambda: {master.call(*write)[0] for write in writes} == {201})
    assert before.count(200) >= 40
    assert set(after) <= {401, 429}, Counter(after)


def test_failed_keys_are_counted_over_all_processes(limited: Service) -> None:
    _, accepted = made(limited)
    _, unknown_there = made(limited)
    attacker, wrong = "127.0.0.2", "a-wrong-key-of-an-attacker"
    first, second = web_processes(limited)
    with only(limited, first):
        assert ask_from(attacker, limited, accepted)[0] == 200
        found = [ask_from(attacker, limited, wrong)[0] for _ in range(FAILURES // 2)]
    with only(limited, second):
        while found[-1] == 401 and len(found) < 2 * FAILURES:  # a window may end meanwhile
            found.append(ask_from(attacker, limited, wrong)[0])
        status, headers = ask_from(attacker, limited, wrong)
        assert (status, found[-1]) == (429, 429)
        assert 1 <= int(headers["Retry-After"]) <= 3601
        assert ask_from(attacker, limited, accepted)[0] == 200
        assert ask_from(attacker, limited, unknown_there)[0] == 429
        assert replace(limited, key=unknown_there).call("GET", "/api/v1/memories")[0] == 200
