"""Which providers this process uses, by the settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from memories.providers.base import Embedder

# Dotted names, as Django does for its cache backends: a process loads the library of the provider it uses and no
# other (openai alone takes 0.7 s and 24 MB).
EMBEDDERS = {
    "local": "memories.providers.local.from_settings",
    "openai": "memories.providers.openai_compatible.from_settings",
    "fake": "memories.providers.fake.from_settings",
}


def embedder() -> Embedder:
    """What EMBEDDING_PROVIDER names: one per process, a new one after a fork. Raises ImproperlyConfigured."""
    return _embedder(os.getpid())


def reset() -> None:
    """Forget what was made; the next call reads the settings again."""
    _embedder.cache_clear()


@cache
def _embedder(pid: int) -> Embedder:  # noqa: ARG001  the key: connections and sessions don't survive a fork
    name = settings.EMBEDDING_PROVIDER
    if name not in EMBEDDERS:
        raise ImproperlyConfigured(f"EMBEDDING_PROVIDER is {name!r}; it must be one of {', '.join(EMBEDDERS)}.")
    make: Callable[[], Embedder] = import_string(EMBEDDERS[name])
    made = make()
    if made.dimensions != settings.EMBEDDING_DIM:
        raise ImproperlyConfigured(
            f"EMBEDDING_DIM is {settings.EMBEDDING_DIM}, but EMBEDDING_PROVIDER {name!r} gives {made.dimensions}."
        )
    return made


def _settings_changed(*, setting: str, **_: object) -> None:
    if setting.startswith("EMBEDDING_"):
        reset()


setting_changed.connect(_settings_changed, dispatch_uid="memories.providers.registry")
