"""Free space on the disk of PostgreSQL if it is on this machine (POSTGRES_DIR). `statvfs` takes microseconds."""

from __future__ import annotations

import os
from dataclasses import dataclass

from django.conf import settings

from core.errors import Unavailable

MB = 1024 * 1024
NEARLY_FULL = "The disk of the database is nearly full: nothing can be stored until space is freed. Deletions go on."


@dataclass(frozen=True, slots=True)
class Space:
    """In bytes; `needed` is MIN_FREE_DISK_MB."""

    free: int
    needed: int

    @property
    def is_low(self) -> bool:
        return self.free < self.needed


def space() -> Space | None:
    """None if PostgreSQL runs on another machine, or if its folder cannot be read."""
    if not settings.POSTGRES_DIR:
        return None
    try:
        found = os.statvfs(settings.POSTGRES_DIR)
    except OSError:
        return None
    return Space(found.f_bavail * found.f_frsize, settings.MIN_FREE_DISK_MB * MB)


def require_space() -> None:
    """Raises Unavailable while less than MIN_FREE_DISK_MB is free."""
    found = space()
    if found is not None and found.is_low:
        raise Unavailable(NEARLY_FULL)
