"""The metric files of the service's processes, so that one scrape sums over all of them.

Import this before prometheus_client, which reads the setting at its import. Each process has files of its own, named by
its pid, in a folder named by its host: containers that share METRICS_DIR do not collide, and are read together. The
files of a dead process stay, since a counter never decreases. A start of the service deletes them (`empty`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import socket
from pathlib import Path

from django.conf import settings

from core.monitoring import metric_folder

log = logging.getLogger(__name__)


def make_folder(folder: Path) -> None:
    """Make this host's folder. Raises OSError."""
    if _is_default(folder):
        metric_folder.make_private(folder.parent)
    folder.mkdir(parents=True, exist_ok=True)


def _is_default(folder: Path) -> bool:
    return folder.parent == metric_folder.folder_of(settings.DATA_DIR)


def _prepare() -> Path | None:
    """Set the folder of this host for prometheus_client; None if it cannot be created.

    The default folder is created with its first file: a command that counts nothing leaves no files.
    """
    folder = Path(settings.METRICS_DIR) / socket.gethostname()
    try:
        if not _is_default(folder):
            make_folder(folder)
    except OSError as error:
        log.warning("METRICS_DIR cannot be used, each process counts alone: %s", type(error).__name__)
        return None
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    return folder


FOLDER = _prepare()


def files() -> list[str]:
    """The files of all processes that share METRICS_DIR."""
    return [] if FOLDER is None else [str(path) for path in FOLDER.parent.glob("*/*.db")]


def empty() -> None:
    """Delete the counts of earlier runs on this host. Call it only while no process of the service runs here."""
    if FOLDER is not None:
        with contextlib.suppress(OSError):
            shutil.rmtree(FOLDER)
            FOLDER.mkdir()
