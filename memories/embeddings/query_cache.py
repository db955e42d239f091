"""Questions, encoded in a thread of their own while the caller asks the database, and remembered for a while.

People and agents ask the same things again: a question that was encoded by this process a moment ago costs nothing.
What is remembered is a digest of the question and numbers, never its words.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from django.conf import settings

from memories.embeddings import registry
from memories.embeddings.base import Encoded

_known: OrderedDict[tuple[registry.Encoder, bytes], Encoded] = OrderedDict()
_lock = threading.Lock()


def encoding(text: str) -> Callable[[], Encoded]:
    """Begin to encode a question; the function given back waits for it. It raises like `Embedder.embed`."""
    encoder = registry.encoder()
    key = (encoder, hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest())
    with _lock:
        if (known := _known.get(key)) is not None:
            _known.move_to_end(key)
            return lambda: known
    running = _threads(os.getpid()).submit(encoder.encode, [text])

    def wait() -> Encoded:
        found = running.result()
        with _lock:
            _known[key] = found
            while len(_known) > settings.QUESTION_CACHE_SIZE:
                _known.popitem(last=False)
        return found

    return wait


@cache
def _threads(pid: int) -> ThreadPoolExecutor:  # noqa: ARG001  threads don't survive a fork
    return ThreadPoolExecutor(settings.WEB_THREADS, thread_name_prefix="question")
