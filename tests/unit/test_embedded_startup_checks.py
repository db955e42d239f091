"""What is looked at before anything is started, and how the run is asked to end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from memproject.embedded import startup_checks
from tests.ports import free_port


@pytest.fixture
def interrupt() -> Iterator[startup_checks.Interrupt]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup the tests inherit that it is ignored
    made = startup_checks.Interrupt()
    made.install()
    yield made
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_end_is_noted_and_acted_on_where_it_is_checked(
    interrupt: startup_checks.Interrupt, number: signal.Signals
) -> None:
    interrupt.check()
    os.kill(os.getpid(), number)
    with pytest.raises(startup_checks.StoppedError):
        interrupt.check()


def test_long_work_is_left_at_once(interrupt: startup_checks.Interrupt) -> None:
    left: list[type[BaseException]] = []

    def work() -> None:
        with interrupt.at_once():
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except Exception as error:  # what a library might do
                left.append(type(error))

    with pytest.raises(startup_checks.StoppedError):
        work()
    with pytest.raises(startup_checks.StoppedError):  # nor is it begun after an end was asked for
        work()
    assert left == []


def test_a_second_run_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (
        startup_checks.instance_lock(tmp_path, "http://127.0.0.1:1"),
        pytest.raises(startup_checks.CannotStartError) as refused,
        startup_checks.instance_lock(tmp_path, "http://127.0.0.1:2"),
    ):
        pass
    assert f"http://127.0.0.1:1, process {os.getpid()}" in str(refused.value)
    with startup_checks.instance_lock(tmp_path, "http://127.0.0.1:2"):  # free again
        pass


def test_the_lock_goes_with_its_killed_holder(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal, sys\n"
        "from memproject.embedded import startup_checks\n"
        "with startup_checks.instance_lock(pathlib.Path(sys.argv[1]), 'somewhere'):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert "somewhere" in (tmp_path / "lock").read_text()
    with startup_checks.instance_lock(tmp_path, "here"):
        pass


def test_a_taken_port_names_what_to_change() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with pytest.raises(startup_checks.CannotStartError, match=f"127.0.0.1:{port} .*change API_PORT"):
            startup_checks.check_port("127.0.0.1", port)
    startup_checks.check_port("127.0.0.1", str(free_port()))


@pytest.mark.parametrize("port", ["", "0", "65536", "http", "-1", "٣"])
def test_what_is_no_port_is_said(port: str) -> None:
    with pytest.raises(startup_checks.CannotStartError, match="API_PORT must be"):
        startup_checks.check_port("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("memory.example", "http://memory.example:80"),
    ],
)
def test_the_url_is_one_that_can_be_opened(host: str, url: str) -> None:
    assert startup_checks.url_of(host, "80") == url
