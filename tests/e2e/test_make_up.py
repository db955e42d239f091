"""What a new user does: start, paste the printed lines, stop, start again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from memproject.embedded import children, postmaster
from memproject.embedded.supervisor import FAILING_DEATHS
from tests import leaks
from tests.e2e.running import eventually
from tests.ports import free_port

NOT_OURS = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "KEY_PEPPERS", "MEMPROJECT_WORKER"}


class Run:
    """One `make up`, without make: the set-up before it is what started this test."""

    def __init__(self, data: Path, port: int, **extra: str) -> None:
        self.env = {k: v for k, v in os.environ.items() if k not in NOT_OURS and not k.startswith("NEO4J")}
        self.env |= {"DATA_DIR": str(data), "API_PORT": str(port), "LOG_LEVEL": "INFO", **extra}
        leaks.net.watch(data)
        self.out = data.parent / "out.txt"
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "memproject.embedded.up"],
                cwd=children.ROOT,
                env=self.env,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def printed(self) -> str:
        return self.out.read_text()

    def ready(self, seconds: float = 90) -> str:
        eventually(lambda: "Ctrl-C stops it" in self.printed() or self.process.poll() is not None, seconds)
        assert self.process.poll() is None, self.printed()
        return self.printed()

    def stop(self) -> list[psutil.Process]:
        """Ctrl-C; → what was running below it."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(40)
        return below


def kill_child(data: Path, name: str, times: int) -> None:
    """`kill -9` of a child, and of those that the supervisor starts in its place."""
    last = 0

    def started_again() -> bool:
        return int(json.loads((data / "children.json").read_text())[name][0]) != last

    for _ in range(times):
        eventually(started_again)
        last = int(json.loads((data / "children.json").read_text())[name][0])
        os.kill(last, signal.SIGKILL)


def paste(line: str) -> dict:
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_printed_lines_work_and_a_second_start_keeps_the_data(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    first = Run(data, port)
    try:
        printed = first.ready()
        store, recall = re.findall(r"^curl .*$", printed, re.MULTILINE)
        stored = paste(store)
        assert stored["status"] == "success"
        found = paste(recall)
        assert [m["id"] for m in found["memories"]] == [stored["id"]]
        assert "Lisbon" in found["context"]
        refused = Run(data, free_port())
        assert refused.process.wait(30) == 1
        assert "running already" in refused.printed()
        assert "Traceback" not in refused.printed()
        taken = subprocess.run(
            [sys.executable, "-m", "memproject.embedded.up"],
            cwd=children.ROOT,
            env={**os.environ, "DATA_DIR": str(tmp_path / "other"), "API_PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert taken.returncode == 1
        assert taken.stderr.count("\n") == 1
        assert "API_PORT" in taken.stderr
    finally:
        below = first.stop()
    assert first.process.returncode == 0
    assert len(below) >= 8
    eventually(lambda: not any(p.is_running() and p.status() != "zombie" for p in below), 10)
    assert not (data / "postgres" / "postmaster.pid").exists()
    assert [(data / name).stat().st_mode & 0o777 for name in ("service.env", "api-key.env")] == [0o600, 0o600]
    assert "Traceback" not in "".join(log.read_text() for log in (data / "logs").glob("*.log"))
    for secret in re.findall(r"mp_[\w-]{43}", printed):
        assert all(secret not in log.read_text() for log in (data / "logs").glob("*.log"))

    second = Run(data, port)
    try:
        again = second.ready()
        for kept in (r"operator / (\S+)", r"API key +(\S+)", r"^(curl .*)$"):
            assert re.findall(kept, again, re.MULTILINE) == re.findall(kept, printed, re.MULTILINE)
        assert [m["id"] for m in paste(recall)["memories"]] == [stored["id"]]
    finally:
        second.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells children of their parent's death")
def test_it_goes_on_without_a_child_and_a_killed_run_leaves_nothing(tmp_path: Path) -> None:
    """The next run starts, also where the server was killed while it started, and its number is another process's."""
    data, port, own = tmp_path / "data", free_port(), "operators-own-key-0123456789"
    killed = Run(data, port, API_KEY=own)
    try:
        printed = killed.ready()
        assert "API key   operato… (API_KEY;" in printed
        assert own not in printed
        store, recall = re.findall(r"^curl .*$", printed, re.MULTILINE)
        health = f"curl -s http://127.0.0.1:{port}/health"
        assert paste(health)["dependencies"]["processes"] == "healthy"
        with pytest.MonkeyPatch.context() as shell:
            shell.setenv("API_KEY", own)
            stored = paste(store)
            kill_child(data, "worker-maintenance", FAILING_DEATHS)
            eventually(
                lambda: json.loads((data / "supervisor.json").read_text()) == {"failing": ["worker-maintenance"]}
            )
            answer = paste(health)
            assert (answer["status"], answer["dependencies"]["processes"]) == ("degraded", "degraded")
            assert [m["id"] for m in paste(recall)["memories"]] == [stored["id"]]  # the others go on
        below = psutil.Process(killed.process.pid).children(recursive=True) + postmaster.processes(data / "postgres")
    finally:
        killed.process.kill()
        killed.process.wait()
    eventually(lambda: not any(p.is_running() and p.status() != "zombie" for p in below), 40)
    assert not (data / "api-key.env").exists()
    pid_file = data / "postgres" / "postmaster.pid"
    assert not pid_file.exists()
    pid_file.write_text(f"{os.getpid()}\n{data / 'postgres'}\n1764000000\n5432\n{data / 'postgres'}\n")

    second = Run(data, port)
    try:
        _, recall = re.findall(r"^curl .*$", second.ready(), re.MULTILINE)
        assert [m["id"] for m in paste(recall)["memories"]] == [stored["id"]]
    finally:
        second.stop()


@pytest.mark.timeout(400)
def test_with_neo4j_the_graph_runs_and_commands_find_it(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    models = os.environ.get("EMBEDDING_MODEL_DIR") or str(children.ROOT / ".cache" / "models")
    run = Run(data, port, NEO4J="1", EMBEDDING_MODEL_DIR=models)
    try:
        store, _ = re.findall(r"^curl .*$", run.ready(240), re.MULTILINE)
        assert paste(store)["status"] == "success"
        key = re.findall(r"mp_[\w-]{43}", run.printed())[0]
        status = f"curl -s http://127.0.0.1:{port}/status -H 'X-API-Key: {key}'"
        eventually(lambda: paste(status)["data"]["graph"]["status"] == "healthy")
        eventually(lambda: paste(status)["data"]["workers"]["workers"] == 3)

        def checked() -> bool:
            command = [sys.executable, "manage.py", "check_graph", "--all"]
            return subprocess.run(command, cwd=children.ROOT, env=run.env, check=False).returncode == 0

        eventually(checked)
    finally:
        below = run.stop()
    assert run.process.returncode == 0
    eventually(lambda: not any(p.is_running() and p.status() != "zombie" for p in below), 10)


@pytest.mark.parametrize("port", ["70000", "http"])
def test_a_wrong_port_is_one_sentence(tmp_path: Path, port: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "memproject.embedded.up"],
        cwd=children.ROOT,
        env={**os.environ, "DATA_DIR": str(tmp_path), "API_PORT": port},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, f"API_PORT must be a port number, not '{port}'.\n")
