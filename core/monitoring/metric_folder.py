"""The folder of the metric files, on a file system in memory. Standard library only: `make up` imports it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  (`make_private` refuses a folder of another user)


def folder_of(data: Path) -> Path:
    """The metrics folder of the service with this DATA_DIR: below /dev/shm, else XDG_RUNTIME_DIR, else in DATA_DIR.

    It is not created here (`make_private`).
    """
    name = hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:12]
    return next((place / f"memproject-{os.getuid()}-{name}" for place in places()), data / "metrics")


def places() -> list[Path]:
    """The folders in memory that this user may write to, in order of preference."""
    found = (SHARED_MEMORY, Path(os.environ.get("XDG_RUNTIME_DIR") or "/nowhere"))
    return [place for place in found if place.is_dir() and os.access(place, os.W_OK | os.X_OK)]


def make_private(folder: Path) -> None:
    """Create the folder for this user only. Raises OSError if it belongs to another user or is open to others."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not private")
