"""Reading a text that begins with HANGS never ends. One that begins with DEAF also ignores the soft time limit, as
code does that never returns to Python."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.apps import AppConfig

HANGS, DEAF = "The endless scroll", "The deaf scroll"


class HangingConfig(AppConfig):
    name = "tests.e2e.hanging"
    label = "hanging"

    def ready(self) -> None:
        from memories.pipeline import writes

        really = writes.extract

        def extract(items: Any, **named: Any) -> Any:
            text = items[0].content
            if text.startswith(DEAF):
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGTERM})
            while text.startswith((HANGS, DEAF)):
                try:
                    threading.Event().wait(0.05)
                except Exception:
                    continue
            return really(items, **named)

        writes.extract = extract
