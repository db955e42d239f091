"""A published client as a process of its own, which reads a line of JSON and answers with one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests import leaks


class LineProcess:
    """`program` runs in the environment of `python`. It is isolated: neither this project's modules nor the caller's
    environment reach the client."""

    def __init__(self, python: Path, program: Path, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [python, "-I", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(env or {}),
        )

    def ask(self, method: str, **asked: Any) -> dict[str, Any]:
        """The answer of the program; `raised` in it: the client raised."""
        leaks.net.remember(asked)
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"method": method, **asked}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, self._process.communicate()[1]
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        self._process.communicate(timeout=30)
