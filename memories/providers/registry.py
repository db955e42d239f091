"""Which providers this process uses, by the settings."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from memories.providers.base import Embedder, Encoded, ModelReader, PieceEncoder
from memproject.common.errors import Unavailable

log = logging.getLogger(__name__)

# Dotted names, as Django does for its cache backends: a process loads the library of the provider it uses and no
# other (openai alone takes 0.7 s and 24 MB).
EMBEDDERS = {
    "local": "memories.providers.local.from_settings",
    "openai": "memories.providers.openai_compatible.from_settings",
    "fake": "memories.providers.fake.from_settings",
}
MODEL_EXTRACTOR = "memories.providers.llm.extractor.from_settings"


@dataclass(frozen=True, slots=True)
class Encoder:
    """Vectors of texts from the provider that is set, and of their word pieces from a model in this process.

    `pieces` None: TOKEN_VECTORS is off.
    """

    embedder: Embedder
    pieces: PieceEncoder | None

    @property
    def is_near(self) -> bool:
        """Whether a call costs nothing but its work: the model runs in this process."""
        return isinstance(self.embedder, PieceEncoder)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Raises like `Embedder.embed`. Word pieces only refine: where their model is away, there are none."""
        if self.pieces is self.embedder:
            return self.pieces.encode(texts)
        if self.pieces is None and isinstance(self.embedder, PieceEncoder):
            return replace(self.embedder.encode(texts), pieces=None)  # it knows the share of unknown word pieces
        if self.pieces is None:
            return Encoded(self.embedder.embed(texts), None)
        vectors = self.embedder.embed(texts)
        try:
            return replace(self.pieces.encode(texts), vectors=vectors)
        except Unavailable as error:
            log.warning("no vectors of word pieces: %s", error.message)
            return Encoded(vectors, None)


def encoder() -> Encoder:
    """One per process, a new one after a fork. Raises ImproperlyConfigured."""
    return _encoder(os.getpid())


def embedder() -> Embedder:
    """What EMBEDDING_PROVIDER names: one per process, a new one after a fork. Raises ImproperlyConfigured."""
    return _embedder(os.getpid())


def model_extractor() -> ModelReader | None:
    """The language model that LLM_PROVIDER names: one per process, a new one after a fork; None when there is none.
    Raises ImproperlyConfigured."""
    return _model_extractor(os.getpid()) if settings.LLM_PROVIDER else None


def reset() -> None:
    """Forget what was made; the next call reads the settings again."""
    _embedder.cache_clear()
    _encoder.cache_clear()
    _model_extractor.cache_clear()


@cache
def _encoder(pid: int) -> Encoder:  # noqa: ARG001  as below
    model = embedder()
    if not settings.TOKEN_VECTORS:
        return Encoder(model, None)
    if isinstance(model, PieceEncoder):
        return Encoder(model, model)
    make: Callable[[], PieceEncoder] = import_string(EMBEDDERS["local"])
    return Encoder(model, make())


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


@cache
def _model_extractor(pid: int) -> ModelReader:  # noqa: ARG001  as above
    make: Callable[[], ModelReader] = import_string(MODEL_EXTRACTOR)
    return make()


def _settings_changed(*, setting: str, **_: object) -> None:
    if setting.startswith(("EMBEDDING_", "LLM_")) or setting in ("TOKEN_VECTORS", "SPACY_MODEL"):
        reset()


setting_changed.connect(_settings_changed, dispatch_uid="memories.providers.registry")
