"""Which processes the supervisor of `make up` can't keep running: it writes a small file, the web processes read it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection
from pathlib import Path


class SupervisorReport:
    """The supervisor's side: writes the file when the names change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: list[str] | None = None  # an earlier run's file says nothing of this one

    def update(self, failing: Collection[str]) -> None:
        """Replace the file at once: a reader sees the old names or the new ones. A full disk: try again next time."""
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
