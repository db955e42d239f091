"""Whether the embedding model answers."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from memories.embeddings.registry import embedder


def probe() -> dict[str, Any]:
    """Embed one word: a local model is loaded for it, a remote one has to answer. Raises what `embed` does."""
    model = embedder()
    model.embed(["well?"])
    return {"provider": settings.EMBEDDING_PROVIDER, "model": model.model, "dimensions": model.dimensions}
