"""The vectors of recent questions, since questions are often repeated.

The cache has a digest of the question and numbers, never its words.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from django.conf import settings

from memories.embeddings import registry
from memories.embeddings.base import Encoded

_known: OrderedDict[tuple[registry.Encoder, bytes], Encoded] = OrderedDict()
_lock = threading.Lock()


def encode(text: str) -> Encoded:
    """The vectors of a question. Raises like `Embedder.embed`."""
    encoder = registry.encoder()
    key = (encoder, hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest())
    with _lock:
        if (known := _known.get(key)) is not None:
            _known.move_to_end(key)
            return known
    found = encoder.encode_question(text)
    with _lock:
        _known[key] = found
        while len(_known) > settings.QUESTION_CACHE_SIZE:
            _known.popitem(last=False)
    return found
