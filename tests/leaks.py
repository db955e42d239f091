"""A pytest plugin: what tests send (texts, queries, keys) may stand in no log line of the whole session.

Every string that `tests.build.Caller` and `tests.e2e.running.Service` send is remembered. Collected are all records of
this process, and at the end the log files of every service that tests started. A find fails the run.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from core.monitoring.logs import LogFormatter

MIN_LENGTH, MAX_LENGTH = 12, 24  # characters of a text that are searched for: fewer would be found by chance
PLAIN = re.compile(r"[\w ,.'-]+")  # what stays as it is in JSON, in a repr and in a URL's decoded form
IDS = re.compile(
    r"[a-z]{2,4}_[0-9a-f]{32}|[0-9a-f]{32}|[0-9a-f-]{36}|\d{4}-\d\d-\d\d[^ ]*"
)  # may be logged, as times may
WORDS = {"notifications"}  # of MCP; the class path in a log of Neo4j has it too
CHANGING = re.compile(r"[0-9a-f]{8,}|\d+")
LOGS = ("*.log", "*.txt")


@dataclass(frozen=True)
class Leak:
    mark: str
    sender: str
    line: str
    origin: str

    def __str__(self) -> str:
        return f"{self.mark!r}, sent by {self.sender}, stands in a log line of {self.origin}:\n    {self.line}"


class Net:
    """What was sent, and what was logged."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}
        self._lines: dict[str, tuple[str, str]] = {}
        self._folders: set[Path] = set()

    def remember(self, *sent: Any) -> None:
        """Strings, and all strings in a body; of a path only its query."""
        for text in (text for each in sent for text in _strings(each)):
            mark = max(PLAIN.findall(text), key=len, default="").strip()[:MAX_LENGTH]
            if len(mark) >= MIN_LENGTH and mark not in WORDS and not IDS.fullmatch(text):
                self._marks.setdefault(mark, _test())

    def note(self, line: str, origin: str) -> None:
        """A logged line. Of lines that differ only in numbers the first is kept: it leaks if the others do."""
        self._lines.setdefault(CHANGING.sub("#", line), (line, origin))

    def watch(self, folder: Path) -> None:
        """A folder of log files, read at the end."""
        self._folders.add(folder)

    def read(self) -> None:
        """Note each line of the files in the folders that are watched."""
        for folder in self._folders:
            for path in (path for pattern in LOGS for path in folder.rglob(pattern)):
                for line in path.read_text(errors="replace").splitlines():
                    self.note(line, str(path))

    def found(self) -> list[Leak]:
        everything = "\n".join(line for line, _ in self._lines.values())
        marks = [mark for mark in self._marks if mark in everything]
        return [
            Leak(mark, self._marks[mark], line, origin)
            for mark in marks
            for line, origin in self._lines.values()
            if mark in line
        ]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, bytes):
        yield value.decode(errors="replace")
    elif isinstance(value, str):
        query = parse_qsl(urlsplit(value).query) if value.startswith("/") else None
        yield from [value] if query is None else [said for _, said in query]
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


def _test() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", "?").partition(" ")[0]


net = Net()
_written = LogFormatter("%(levelname)s %(name)s %(message)s")  # as the service does
_handle = logging.Logger.callHandlers


def _noting(logger: logging.Logger, record: logging.LogRecord) -> None:
    net.note(_written.format(record), _test())
    _handle(logger, record)


def pytest_configure() -> None:
    """Every logger's records are seen, whatever handlers it has now or later; the level is that of production."""
    logging.Logger.callHandlers = _noting  # type: ignore[method-assign]


def pytest_unconfigure() -> None:
    logging.Logger.callHandlers = _handle  # type: ignore[method-assign]


_of_workers: list[str] = []  # the finds of pytest-xdist's workers, each of which has a net of its own


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    net.read()
    found = _found()
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["leaks"] = found
    elif found:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker is done; one that crashed has no output, and fails the run by that."""
    _of_workers.extend(getattr(node, "workeroutput", {}).get("leaks", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for leak in _found():
        terminalreporter.write_sep("=", "a log line holds what a test sent", red=True)
        terminalreporter.write_line(leak)


def _found() -> list[str]:
    return [*map(str, net.found()), *_of_workers]
