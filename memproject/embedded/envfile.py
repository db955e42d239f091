"""Small files with `NAME=value` lines, readable only by their owner."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path


def read(path: Path) -> dict[str, str]:
    """The values of the file; empty if it does not exist. Comments and blank lines are skipped."""
    if not path.exists():
        return {}
    lines = (line.strip().removeprefix("export ") for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


def write(path: Path, values: Mapping[str, str]) -> None:
    """Replace the file atomically, readable only by its owner."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # 0600 from the start
    with os.fdopen(handle, "w") as file:
        file.writelines(f"{key}={value}\n" for key, value in values.items())
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)


def ensure_secrets(path: Path) -> dict[str, str]:
    """The secrets of the service, created once and kept."""
    kept = read(path)
    made = {
        "SECRET_KEY": secrets.token_hex(32),
        "KEY_PEPPERS": f"1:{secrets.token_hex(32)}",
        "OPERATOR_PASSWORD": secrets.token_urlsafe(12),
        "NEO4J_PASSWORD": secrets.token_urlsafe(24),
    }
    complete = made | kept
    if complete != kept:
        write(path, complete)
    return complete
