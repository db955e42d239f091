"""The net for leaks catches them, and lets ids pass."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from core.monitoring.logs import LogFormatter
from tests import leaks
from tests.leaks import Net

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = "The harbour master keeps the spare anchor"
KEY = "mp_" + "k" * 43
SENT = {
    "a text": {"content": TEXT},
    "a message": {"messages": [{"role": "user", "content": TEXT}]},
    "a query in a body": {"query": TEXT, "limit": 3},
    "a query in a path": "/v1/memories/search?query=The+harbour+master+keeps+the+spare+anchor&limit=3",
    "metadata": {"metadata": {"note": TEXT}},
    "a body that is no JSON": TEXT.encode(),
}


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
@pytest.mark.parametrize(
    "line", [f"stored {TEXT}", f"stored {TEXT!r}", f"begins {TEXT[:30]}", '{"content": "' + TEXT + '"}']
)
def test_a_leak_is_found(sent: object, line: str) -> None:
    net = Net()
    net.remember(sent)
    net.note("an innocent line", "somewhere")
    net.note(line, "the test")
    (leak,) = net.found()
    assert (leak.line, leak.origin) == (line, "the test")
    assert str(leak).startswith(f"{TEXT[:24].strip()!r}, sent by ")


def test_a_key_is_found_in_a_file(tmp_path: Path) -> None:
    net = Net()
    net.remember(KEY)
    net.watch(tmp_path)
    (tmp_path / "web.log").write_text(f"GET /status 200\nX-API-Key: {KEY}\n")
    net.read()
    assert [leak.line for leak in net.found()] == [f"X-API-Key: {KEY}"]


def test_the_session_sees_what_a_logger_says_as_the_service_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Net()
    monkeypatch.setattr(leaks, "net", seen)
    seen.remember(TEXT, "nothing of the kind")
    logger = logging.getLogger("memproject.nobody")
    monkeypatch.setattr(logger, "propagate", False)
    logger.info("said %s", TEXT)
    (leak,) = seen.found()
    assert leak.line == f"INFO memproject.nobody said {TEXT}"
    assert leak.origin.endswith("as_the_service_writes_it")


def test_ids_and_small_words_pass() -> None:
    net = Net()
    net.remember({"memory_ids": ["mem_" + "0" * 32], "user_id": "ann"}, "/v1/memories/user/somebody-with-a-long-name")
    net.note("source mem_" + "0" * 32 + " of ann and somebody-with-a-long-name", "the test")
    assert net.found() == []


def failing(said: str) -> logging.LogRecord:
    try:
        try:
            int(said)
        except ValueError as error:
            raise RuntimeError(said) from error
    except RuntimeError:
        return logging.LogRecord("x", logging.ERROR, "f", 1, "it failed", None, sys.exc_info())


def test_lines_of_the_service_hold_no_message_of_an_exception() -> None:
    net = Net()
    net.remember(TEXT)
    net.note(LogFormatter("%(message)s").format(failing(TEXT)), "ours")
    assert net.found() == []
    net.note(logging.Formatter("%(message)s").format(failing(TEXT)), "Python's own")
    assert len(net.found()) == 1
    line = LogFormatter("%(message)s").format(failing(TEXT))
    assert line.startswith("it failed\nTraceback (most recent call last):\n")
    assert line.endswith("\nbuiltins.ValueError")
    assert "builtins.RuntimeError\n" in line


@pytest.mark.parametrize(("logged", "failed"), [("text", True), ("len(text)", False)])
def test_a_leak_fails_the_run(tmp_path: Path, logged: str, failed: bool) -> None:
    (tmp_path / "test_it.py").write_text(
        "import logging\n"
        "from tests import leaks\n\n"
        "def test_it():\n"
        f"    text = {TEXT!r}\n"
        "    leaks.net.remember(text)\n"
        f"    logging.getLogger('x').warning('said %s', {logged})\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "/dev/null", "-p", "tests.leaks", "-p", "no:django", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if failed else 0), done.stdout
    assert "1 passed" in done.stdout
    assert (f"said {TEXT}" in done.stdout) is failed
