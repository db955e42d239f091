"""Ports for the servers of tests."""

from __future__ import annotations

import os
import random
import socket
from itertools import count

FIRST, LAST = 15_000, 32_000  # below those that the system gives to clients: none takes one before the server starts
WORKERS = 16  # of pytest-xdist: each has its own share

_mine = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
_share = (LAST - FIRST) // WORKERS
_next = count(random.SystemRandom().randrange(_share))


def free_port() -> int:
    """A port where nothing listens and that was not given before, until all of the share were."""
    while True:
        port = FIRST + _mine * _share + next(_next) % _share
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
