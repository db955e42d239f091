"""Encode questions in a separate thread while the caller queries the database, and cache the vectors.

Questions are often repeated: a cached question costs nothing. The cache has a digest of the question and numbers, never
its words.
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
    """Start to encode a question; the returned function waits for the result. It raises like `Embedder.embed`."""
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
