"""The embedder of this process, by the settings."""

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

from core.errors import Unavailable
from memories.embeddings.base import Embedder, Encoded, TokenEncoder, Vectors

log = logging.getLogger(__name__)

# Dotted names, as Django does for its cache backends: a process loads the library of the provider it uses and no
# other (openai alone takes 0.7 s and 24 MB).
EMBEDDERS = {
    "local": "memories.embeddings.local.from_settings",
    "openai": "memories.embeddings.openai_compatible.from_settings",
    "fake": "memories.embeddings.fake.from_settings",
}
TOKEN_ENCODER = "memories.embeddings.local.beside_a_server"  # noqa: S105  a dotted name


@dataclass(frozen=True, slots=True)
class Encoder:
    """Vectors of texts from the configured provider, and token embeddings from a local model.

    `token_encoder` None: TOKEN_EMBEDDINGS is off.
    """

    embedder: Embedder
    token_encoder: TokenEncoder | None

    @property
    def is_near(self) -> bool:
        """Whether the model runs in this process, so that calls have no network cost."""
        return isinstance(self.embedder, TokenEncoder)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Raises like `Embedder.embed`. Token embeddings are optional: if their model is unavailable, there are
        none."""
        return self._encode(lambda model: model.encode(texts), lambda: self.embedder.embed(texts))

    def encode_question(self, text: str) -> Encoded:
        """One text that is compared with stored ones, in one row; `encode` is for texts to be stored. Raises like
        `encode`."""
        return self._encode(lambda model: model.encode_question(text), lambda: self.embedder.embed([text]))

    def _encode(self, near: Callable[[TokenEncoder], Encoded], remote: Callable[[], Vectors]) -> Encoded:
        if isinstance(self.embedder, TokenEncoder):
            encoded = near(self.embedder)
            if self.token_encoder is self.embedder:
                return encoded
        else:
            encoded = Encoded(remote(), None)
        if self.token_encoder is None:
            return replace(encoded, token_embeddings=None)  # a local model knows the share of unknown tokens
        try:
            return replace(near(self.token_encoder), vectors=encoded.vectors)
        except Unavailable as error:
            log.warning("no token embeddings: %s", error.message)
            return Encoded(encoded.vectors, None)

    def warm_question(self) -> None:
        """Load what would make the first `encode_question` of this process slow. Raises like `encode`."""
        for model in {self.embedder, self.token_encoder}:
            if isinstance(model, TokenEncoder):
                model.encode_question("warm")


def encoder() -> Encoder:
    """One per process, a new one after a fork. Raises ImproperlyConfigured."""
    return _encoder(os.getpid())


def embedder() -> Embedder:
    """The embedder of EMBEDDING_PROVIDER: one per process, a new one after a fork. Raises ImproperlyConfigured."""
    return _embedder(os.getpid())


def reset() -> None:
    """Drop the cached embedder; the next call reads the settings again."""
    _embedder.cache_clear()
    _encoder.cache_clear()


@cache
def _encoder(pid: int) -> Encoder:  # noqa: ARG001  as below
    model = embedder()
    if not settings.TOKEN_EMBEDDINGS:
        return Encoder(model, None)
    if isinstance(model, TokenEncoder):
        return Encoder(model, model if model.token_model else None)
    make: Callable[[], TokenEncoder] = import_string(TOKEN_ENCODER)
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


def _settings_changed(*, setting: str, **_: object) -> None:
    if setting.startswith("EMBEDDING_") or setting == "TOKEN_EMBEDDINGS":
        reset()


setting_changed.connect(_settings_changed, dispatch_uid="memories.embeddings.registry")
