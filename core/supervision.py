"""The processes that the supervisor of `make up` cannot keep running, in a small file for the web processes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection
from pathlib import Path


class SupervisorReport:
    """The writer: updates the file when the names change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: list[str] | None = None  # remove the file of an earlier run

    def update(self, failing: Collection[str]) -> None:
        """Replace the file atomically. If the disk is full, the next call tries again."""
        names = sorted(failing)
        if names == self._written:
            return
        new = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            new.write_text(json.dumps({"failing": names}))
            new.replace(self._path)
            self._written = names


def failing(path: Path) -> list[str]:
    """The names in the file, sorted; none without a file."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return []
    return [str(name) for name in json.loads(text)["failing"]]
