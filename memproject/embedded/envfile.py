"""Small files of `NAME=value` lines that only their owner may read."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path


def read(path: Path) -> dict[str, str]:
    """What the file says; nothing when it isn't there. Comments and blank lines are passed over."""
    if not path.exists():
        return {}
    lines = (line.strip().removeprefix("export ") for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


def write(path: Path, values: Mapping[str, str]) -> None:
    """Replace the file at once, readable by its owner alone: a reader sees the old file or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # 0600 from the start
    with os.fdopen(handle, "w") as file:
        file.writelines(f"{key}={value}\n" for key, value in values.items())
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)


def ensure_secrets(path: Path) -> dict[str, str]:
    """The service's own secrets, made once and kept."""
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
