"""What another session does meanwhile, in a thread with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

from tests.e2e.running import eventually

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = %s"


class InThread:
    """Runs `act` once."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.pid = 0  # of the session
        self._act = act
        self._gave: Any = None
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    @property
    def is_started(self) -> bool:
        return self._thread.ident is not None

    def start(self) -> None:
        self._thread.start()

    def ended_or_blocked(self) -> None:
        """Wait until it has ended, or waits for a lock."""
        eventually(lambda: not self._thread.is_alive() or (self.pid and self._is_blocked()))

    def result(self) -> Any:
        """What `act` gave. Raises what it raised."""
        self._thread.join()
        if self._failed is not None:
            raise self._failed
        return self._gave

    def _is_blocked(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(WAITING, [self.pid])
            return bool(cursor.fetchone()[0])

    def _run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.pid = cursor.fetchone()[0]
            self._gave = self._act()
        except BaseException as error:
            self._failed = error
        finally:
            connection.close()
