"""Which language model reads texts in this process, by the settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from memories.extraction.llm.extractor import ModelExtractor

# A dotted name: only a process that uses a language model loads its libraries (openai alone takes 0.7 s and 24 MB).
MODEL_EXTRACTOR = "memories.extraction.llm.extractor.from_settings"


def model_extractor() -> ModelExtractor | None:
    """The language model that LLM_PROVIDER names: one per process, a new one after a fork; None when there is none.
    Raises ImproperlyConfigured."""
    return _model_extractor(os.getpid()) if settings.LLM_PROVIDER else None


def reset() -> None:
    """Forget what was made; the next call reads the settings again."""
    _model_extractor.cache_clear()


@cache
def _model_extractor(pid: int) -> ModelExtractor:  # noqa: ARG001  the key: connections don't survive a fork
    make: Callable[[], ModelExtractor] = import_string(MODEL_EXTRACTOR)
    return make()


def _settings_changed(*, setting: str, **_: object) -> None:
    if setting.startswith("LLM_"):
        reset()


setting_changed.connect(_settings_changed, dispatch_uid="memories.extraction.llm.registry")
