"""The set-up's decisions, its small files, and its supervisor."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from memproject.embedded import bootstrap, envfile, redis_server
from memproject.embedded.supervisor import FAILING_DEATHS, Child, GaveUpError, Supervisor
from tests.e2e.running import eventually

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, ...]]]:
    """The set-up in a folder of its own, with pip's calls recorded instead of made."""
    calls: list[tuple[str, ...]] = []
    (tmp_path / "requirements.txt").write_text("a==1")
    (tmp_path / "requirements-embedded.txt").write_text("b==1")
    (tmp_path / ".venv").mkdir()
    for name, value in (("ROOT", tmp_path), ("VENV", tmp_path / ".venv")):
        monkeypatch.setattr(bootstrap, name, value)
    monkeypatch.setattr(bootstrap, "make_venv", lambda: None)
    monkeypatch.setattr(bootstrap, "pip", lambda *arguments: calls.append(arguments) or True)
    return calls


def test_it_installs_once_and_again_when_the_requirements_change(setup: list[tuple[str, ...]]) -> None:
    assert bootstrap.main([]) == bootstrap.main([]) == 0
    assert [c[-1] for c in setup] == ["requirements.txt", "requirements-embedded.txt"]
    assert all("--require-hashes" in c for c in setup)
    (bootstrap.ROOT / "requirements.txt").write_text("a==2")
    bootstrap.main([])
    assert [c[-1] for c in setup[2:]] == ["requirements.txt"]


def test_an_interrupted_set_up_is_finished_by_the_next(
    setup: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "pip", lambda *_: False)
        assert bootstrap.main([]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert bootstrap.main([]) == 0
    assert setup[0][-1] == "requirements.txt"


def test_missing_wheels_of_the_embedded_servers_are_no_error(
    setup: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "pip", lambda *arguments: arguments[-1] == "requirements.txt")
    assert bootstrap.main([]) == 0
    assert "PATH" in capsys.readouterr().out


def test_an_old_interpreter_is_one_sentence(
    setup: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "MIN_VERSION", (9, 0))
    assert bootstrap.main([]) == 1
    assert "PYTHON=" in capsys.readouterr().err
    assert setup == []


def test_make_without_an_interpreter_is_one_sentence() -> None:
    done = subprocess.run(["make", "up", "PYTHON="], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.startswith("Python 3.11 or newer is missing")


def test_the_set_up_needs_nothing_installed() -> None:
    """It runs under the system's interpreter: `-S` hides everything that was installed."""
    code = "import memproject.embedded.bootstrap"
    subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, check=True, env={"PATH": os.environ["PATH"]})


def test_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "service.env"
    first = envfile.ensure_secrets(path)
    assert set(first) == {"SECRET_KEY", "KEY_PEPPERS", "OPERATOR_PASSWORD", "NEO4J_PASSWORD"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert envfile.ensure_secrets(path) == first == envfile.read(path)
    envfile.write(path, {"SECRET_KEY": "mine"})
    assert envfile.ensure_secrets(path)["SECRET_KEY"] == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_env_files_are_read_as_people_write_them(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# a comment\n\nA = 1\nB='two words'\nC=a=b\n  # D=4\n")
    assert envfile.read(path) == {"A": "1", "B": "two words", "C": "a=b"}
    assert envfile.read(tmp_path / "none") == {}


def test_a_long_path_gets_a_private_folder_for_its_socket(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 120)
    path = redis_server.socket_in(long)
    assert len(os.fsencode(path)) <= redis_server.MAX_SOCKET_PATH
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert redis_server.socket_in(tmp_path / "short").parent == tmp_path / "short"
    path.parent.rmdir()


def test_a_redis_on_the_path_serves_where_there_is_no_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_server.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(redis_server.NoRedisError, match="install redis-server"):
        redis_server.binary()
    (tmp_path / "valkey-server").touch(0o755)
    assert redis_server.binary() == str(tmp_path / "valkey-server")


def child(tmp_path: Path, code: str, name: str = "child") -> Child:
    return Child(name, [sys.executable, "-c", code], dict(os.environ), tmp_path / f"{name}.log", tmp_path)


FOREVER = "import signal; signal.pause()"


def test_what_dies_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor([child(tmp_path, FOREVER)], said.append)
    supervisor.start()
    one = supervisor.children["child"]
    before = one.pid
    one.signal(signal.SIGKILL)

    def alive_again() -> bool:
        supervisor.poll()
        return one.running() and one.pid != before

    eventually(alive_again, 10)
    supervisor.stop()
    assert not one.running()
    assert said == ["child ended (exit code -9) and is started again."]


def test_what_dies_at_once_each_time_is_given_up_during_start_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = Supervisor([child(tmp_path, "raise SystemExit(3)")], lambda _: None)
    monkeypatch.setattr("memproject.embedded.supervisor.min", lambda *_: 0.0, raising=False)
    supervisor.start()
    with pytest.raises(GaveUpError, match=r"child\.log"):
        eventually(supervisor.poll, 30)
    assert supervisor.children["child"].policy.deaths == FAILING_DEATHS


def test_after_start_up_the_others_go_on_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    supervisor = Supervisor(
        [child(tmp_path, "raise SystemExit(3)", "bad"), child(tmp_path, FOREVER, "good")], said.append
    )
    monkeypatch.setattr("memproject.embedded.supervisor.min", lambda *_: 0.0, raising=False)
    supervisor.starting_up = False
    supervisor.start()
    bad, good = supervisor.children.values()
    before = good.pid
    assert supervisor.failing() == []
    eventually(lambda: supervisor.poll() or bad.policy.deaths > 2 * FAILING_DEATHS, 30)
    assert supervisor.failing() == ["bad"]
    assert good.running()
    assert good.pid == before
    assert set(said) == {"bad ended (exit code 3) and is started again."}
    supervisor.stop()


def test_a_start_that_fails_is_no_death_and_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory for a process, no space for its log: also during start-up nothing is given up for it."""
    said: list[str] = []
    supervisor = Supervisor([child(tmp_path, FOREVER)], said.append)
    supervisor.start()
    one, started = supervisor.children["child"], Child.start
    monkeypatch.setattr("memproject.embedded.supervisor.min", lambda *_: 0.0, raising=False)

    def refused(_: Child) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(Child, "start", refused)
    one.signal(signal.SIGKILL)
    eventually(lambda: supervisor.poll() or len(said) > 2 * FAILING_DEATHS, 30)
    assert one.policy.deaths == 1
    assert supervisor.failing() == ["child"]
    assert said[1] == "child could not be started (Resource temporarily unavailable) and is tried again."
    monkeypatch.setattr(Child, "start", started)
    supervisor.poll()
    assert one.running()
    supervisor.stop()


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """A child that ignores SIGTERM, and what it started, end all the same."""
    code = (
        "import signal, subprocess, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    stubborn = child(tmp_path, code)
    supervisor = Supervisor([stubborn, child(tmp_path, FOREVER, "other")], lambda _: None)
    supervisor.start()
    eventually(lambda: "ready" in stubborn.log.read_text(), 10)
    below = psutil.Process(stubborn.pid).children(recursive=True)
    begun = time.monotonic()
    supervisor.stop(patience=0.5)
    assert time.monotonic() - begun < 5
    assert below
    eventually(lambda: not any(p.is_running() and p.status() != "zombie" for p in below), 5)
