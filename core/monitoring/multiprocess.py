"""Where the processes of the service keep their numbers, so that one scrape adds up all of them.

Import this before prometheus_client, which decides at its own import. Each process has files of its own, named by its
pid, below a folder named by its host: containers that share METRICS_DIR don't meet, and are read together. A dead
process's files stay, since a counter never goes back; a new start of the service begins at nothing (`empty`).
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
    """This host's folder, told to prometheus_client; None where it can't be made.

    The default folder is made with its first file: a command that counts nothing leaves nothing in memory.
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
    """Forget what earlier runs on this host counted. Only while nothing of the service runs here."""
    if FOLDER is not None:
        with contextlib.suppress(OSError):
            shutil.rmtree(FOLDER)
            FOLDER.mkdir()
