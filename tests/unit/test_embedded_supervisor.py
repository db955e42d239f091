"""Children: the order in which they end, tests that stop one, and what a killed supervisor leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from core import supervision
from memproject.embedded import leftovers, postgres_server, servers, supervisor
from memproject.embedded.supervisor import FAILING_DEATHS, STABLE_SECONDS, Child, GaveUpError, RestartPolicy, Supervisor
from tests.e2e.running import eventually

ROOT = Path(__file__).resolve().parent.parent.parent
# Says in a common file that it was asked to end.
POLITE = """
import signal, sys
def end(*_):
    with open("ended", "a") as file:
        file.write(sys.argv[1] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    signal.pause()
"""


def polite(folder: Path, name: str) -> Child:
    return Child(name, [sys.executable, "-c", POLITE, name], dict(os.environ), folder / f"{name}.log", folder)


def ready(child: Child) -> None:
    eventually(lambda: child.log.exists() and "ready" in child.log.read_text(), 10)


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_what_others_need_ends_last(tmp_path: Path) -> None:
    made = Supervisor([polite(tmp_path, "server")], lambda _: None)
    made.start()
    for name in ("web", "worker"):
        made.add(polite(tmp_path, name))
    for child in made.children.values():
        ready(child)
    made.stop()
    assert (tmp_path / "ended").read_text().split() == ["web", "worker", "server"]


def test_a_child_stopped_on_request_stays_so_until_it_is_started(tmp_path: Path) -> None:
    """As the end-to-end tests do it: one thread polls, another stops and starts."""
    said: list[str] = []
    made = Supervisor([polite(tmp_path, "one")], said.append)
    made.start()
    one, over = made.children["one"], threading.Event()

    def watch() -> None:
        while not over.wait(0.005):
            made.poll()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(5):
            one.stop(patience=5)
            assert not one.running()
            one.start()
            assert one.running()
        assert said == []
    finally:
        over.set()
        watcher.join()
        made.stop()
    assert not one.running()


def test_each_start_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    made = Supervisor([polite(tmp_path, "a")], lambda _: None, lambda child: told.append(child.name))
    made.start()
    made.add(polite(tmp_path, "b"))
    made.children["a"].signal(signal.SIGKILL)
    eventually(lambda: made.poll() or len(told) == 3, 10)
    made.stop()
    assert told == ["a", "b", "a"]


@pytest.fixture
def policy() -> RestartPolicy:
    return RestartPolicy("child", Path("child.log"))


def test_deaths_after_a_long_run_are_first_ones(policy: RestartPolicy) -> None:
    for n in range(3 * FAILING_DEATHS):
        policy.started(n * STABLE_SECONDS)
        moment = (n + 1) * STABLE_SECONDS
        assert policy.died(moment, starting_up=True) == moment + 0.25
    assert policy.deaths == 1


def test_during_start_up_many_deaths_in_a_row_are_the_end(policy: RestartPolicy) -> None:
    for n in range(FAILING_DEATHS - 1):
        policy.started(n)
        policy.died(n + 0.5, starting_up=True)
    policy.started(FAILING_DEATHS)
    with pytest.raises(GaveUpError, match=r"child\.log"):
        policy.died(FAILING_DEATHS + 0.5, starting_up=True)


def test_later_the_pauses_grow_and_the_state_says_so_until_it_runs(policy: RestartPolicy) -> None:
    pauses, failing = [], []
    for _ in range(12):
        policy.started(1000.0)
        pauses.append(policy.died(1000.0) - 1000.0)
        failing.append(policy.is_failing)
    assert pauses == [0.25, 0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert failing == [False] * (FAILING_DEATHS - 1) + [True] * (12 - FAILING_DEATHS + 1)
    policy.started(2000.0)
    policy.runs(2000.0 + STABLE_SECONDS - 1)
    assert policy.is_failing
    policy.runs(2000.0 + STABLE_SECONDS)
    assert not policy.is_failing
    assert policy.died(2000.0 + STABLE_SECONDS) == 2000.0 + STABLE_SECONDS + 0.25


def test_failed_starts_are_no_deaths(policy: RestartPolicy) -> None:
    policy.died(0, starting_up=True)
    pauses = [policy.failed_to_start(0) for _ in range(FAILING_DEATHS)]
    assert pauses == [0.5, 1, 2, 4, 8]
    assert (policy.deaths, policy.is_failing) == (1, True)
    policy.started(10)
    policy.died(11, starting_up=True)
    assert policy.deaths == 2


class Unwilling:
    """A PostgreSQL that does not run; it starts when `refusals` are used up."""

    log, data = Path("log"), Path("pg")

    def __init__(self, refusals: int) -> None:
        self.refusals, self.is_up = refusals, False

    def running(self) -> bool:
        return self.is_up

    def start(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise postgres_server.NoPostgresError("not yet")
        self.is_up = True


def test_a_database_that_cannot_be_started_for_long_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, said = Unwilling(3 * FAILING_DEATHS), list[str]()
    monkeypatch.setattr(postgres_server, "start", lambda _: server)
    monkeypatch.setattr("memproject.embedded.supervisor.min", lambda *_: 0.0, raising=False)
    database = servers.Database(tmp_path, said.append)
    eventually(lambda: database.poll() or server.refusals == FAILING_DEATHS, 10)
    assert database.policy.is_failing
    eventually(lambda: database.poll() or server.is_up, 10)
    assert database.policy.deaths == 1
    assert said == ["PostgreSQL ended and is started again."]


def test_a_child_that_cannot_be_noted_on_a_full_disk_runs(tmp_path: Path) -> None:
    made = Supervisor(
        [polite(tmp_path, "one")], lambda _: None, leftovers.PidFile(tmp_path / "no folder" / "book").note
    )
    made.start()
    assert made.children["one"].running()
    made.stop()


def test_a_report_on_a_full_disk_is_written_later(tmp_path: Path) -> None:
    report = supervision.SupervisorReport(tmp_path / "later" / "supervisor.json")
    report.update(["web"])
    (tmp_path / "later").mkdir()
    assert supervision.failing(tmp_path / "later" / "supervisor.json") == []
    report.update(["web"])
    assert supervision.failing(tmp_path / "later" / "supervisor.json") == ["web"]


def test_a_log_that_grew_large_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "MAX_LOG_BYTES", 3)
    log = tmp_path / "web.log"
    log.write_text("four")
    supervisor.rotate(log)
    assert not log.exists()
    assert (tmp_path / "web.log.1").read_text() == "four"


# A supervisor that notes its child and is killed; the child outlives it only where the system allows.
KILLED = """
import os, pathlib, signal, sys
from memproject.embedded.leftovers import PidFile
from memproject.embedded.supervisor import Child, Supervisor
folder = pathlib.Path(sys.argv[1])
child = Child("one", [sys.executable, "-c", sys.argv[2], "one"], dict(os.environ), folder / "one.log", folder)
made = Supervisor([child], print, PidFile(folder / "children.json").note)
made.start()
print(child.pid, flush=True)
signal.pause()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells children of their parent's death")
def test_a_killed_supervisor_leaves_no_child(tmp_path: Path) -> None:
    killed = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path), POLITE], cwd=ROOT, stdout=subprocess.PIPE)
    assert killed.stdout is not None
    child = psutil.Process(int(killed.stdout.readline()))
    eventually(lambda: (tmp_path / "one.log").read_text() == "ready\n", 10)
    killed.kill()
    killed.wait()
    killed.stdout.close()
    eventually(lambda: gone(child), 10)
    assert (tmp_path / "ended").read_text() == "one\n"


def test_the_next_run_ends_what_was_left(tmp_path: Path) -> None:
    stubborn = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"
    )
    child = Child("one", [sys.executable, "-c", stubborn], dict(os.environ), tmp_path / "one.log", tmp_path)
    child.start()
    ready(child)
    leftovers.PidFile(tmp_path / "children.json").note(child)
    later = leftovers.PidFile(tmp_path / "children.json")
    assert later.left() == [child.pid]
    later.end(patience=0.2)
    assert not child.running()
    assert later.left() == []
    assert not later.path.exists()


def test_a_child_that_cannot_be_noted_is_started_all_the_same(tmp_path: Path) -> None:
    child = Child("one", [sys.executable, "-c", "input()"], dict(os.environ), tmp_path / "one.log", tmp_path)
    book = leftovers.PidFile(tmp_path / "no such folder" / "children.json")
    supervisor = Supervisor([child], print, book.note)
    supervisor.start()
    try:
        assert child.process is not None
        assert book.left() == []
    finally:
        supervisor.stop(patience=1)


def test_a_stranger_with_a_leftovers_pid_is_left_alone(tmp_path: Path) -> None:
    book = leftovers.PidFile(tmp_path / "children.json")
    assert book.left() == []
    book.path.write_text(json.dumps({"web": [os.getpid(), "another birth"], "gone": [2**22 + 1, "1"]}))
    assert book.left() == []
    book.path.write_text('{"web": [')
    assert book.left() == []
    book.end()
