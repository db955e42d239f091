"""Whether the embedding model answers."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from memories.embeddings.registry import embedder, encoder


def probe() -> dict[str, Any]:
    """Embed one word: this loads a local model, or calls a remote one. Raises like `embed`."""
    model = embedder()
    encoder().encode_question("well?")  # as recall does: a web process needs no other model in memory
    return {"provider": settings.EMBEDDING_PROVIDER, "model": model.model, "dimensions": model.dimensions}
