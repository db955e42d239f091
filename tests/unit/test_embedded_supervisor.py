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

from memproject.embedded import leftovers, supervisor
from memproject.embedded.supervisor import MANY, WITHIN, Child, Deaths, GaveUpError, Supervisor
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


def test_deaths_long_ago_are_forgotten() -> None:
    deaths = Deaths("child", Path("child.log"))
    for n in range(3 * MANY):
        assert deaths.add(n * WITHIN) == n * WITHIN + 0.25
    for n in range(MANY - 1):
        deaths.add(1000 * WITHIN + n)
    with pytest.raises(GaveUpError, match=r"child\.log"):
        deaths.add(1000 * WITHIN + MANY)


def test_a_log_that_grew_large_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LARGEST_LOG", 3)
    log = tmp_path / "web.log"
    log.write_text("four")
    supervisor.rotate(log)
    assert not log.exists()
    assert (tmp_path / "web.log.1").read_text() == "four"


# A supervisor that notes its child and is killed; the child outlives it only where the system allows.
KILLED = """
import os, pathlib, signal, sys
from memproject.embedded.leftovers import Book
from memproject.embedded.supervisor import Child, Supervisor
folder = pathlib.Path(sys.argv[1])
child = Child("one", [sys.executable, "-c", sys.argv[2], "one"], dict(os.environ), folder / "one.log", folder)
made = Supervisor([child], print, Book(folder / "children.json").note)
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
    leftovers.Book(tmp_path / "children.json").note(child)
    later = leftovers.Book(tmp_path / "children.json")
    assert later.left() == [child.pid]
    later.end(patience=0.2)
    assert not child.running()
    assert later.left() == []
    assert not later.path.exists()


def test_a_child_that_cannot_be_noted_is_started_all_the_same(tmp_path: Path) -> None:
    child = Child("one", [sys.executable, "-c", "input()"], dict(os.environ), tmp_path / "one.log", tmp_path)
    book = leftovers.Book(tmp_path / "no such folder" / "children.json")
    supervisor = Supervisor([child], print, book.note)
    supervisor.start()
    try:
        assert child.process is not None
        assert book.left() == []
    finally:
        supervisor.stop(patience=1)


def test_a_stranger_with_a_leftovers_pid_is_left_alone(tmp_path: Path) -> None:
    book = leftovers.Book(tmp_path / "children.json")
    assert book.left() == []
    book.path.write_text(json.dumps({"web": [os.getpid(), "another birth"], "gone": [2**22 + 1, "1"]}))
    assert book.left() == []
    book.path.write_text('{"web": [')
    assert book.left() == []
    book.end()
