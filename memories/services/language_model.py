"""Whether the language model's server answers."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from memories.extraction.llm.extractor_registry import model_extractor


def is_on() -> bool:
    return bool(settings.LLM_PROVIDER)


def probe() -> dict[str, Any]:
    """Probe the server without calling the model, which would cost tokens. Raises ModelFailed."""
    model = model_extractor()
    if model is None:
        return {}
    model.probe()
    return {"provider": settings.LLM_PROVIDER, "model": model.name}
