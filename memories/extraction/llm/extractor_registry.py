"""Which language model reads texts in this process, by the settings."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import Protocol

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from memories.statements import ExistingMemory, ExtractionResult
from memories.types import Item

# A dotted name: only a process that uses a language model loads its libraries (openai alone takes 0.7 s and 24 MB).
MODEL_EXTRACTOR = "memories.extraction.llm.model_extractor.from_settings"


class ModelReader(Protocol):
    """A language model that reads writes (`memories.extraction.llm.model_extractor`)."""

    @property
    def name(self) -> str:
        """The name of the model, stored with each statement."""

    def fits(self, items: Sequence[Item]) -> bool:
        """Whether one call can hold these items."""

    def read(
        self,
        items: Sequence[Item],
        *,
        roles: frozenset[str] | None,
        known: Sequence[ExistingMemory],
        moment: dt.datetime,
        wishes: str = "",
    ) -> ExtractionResult:
        """The statements of `items`, which fit, and their proposals for `known`. `wishes`: instructions of the project.
        Raises ModelFailed."""

    def probe(self) -> None:
        """Ask whether the model's server answers. Raises ModelFailed."""


def model_extractor() -> ModelReader | None:
    """The language model that LLM_PROVIDER names: one per process, a new one after a fork; None when there is none.
    Raises ImproperlyConfigured."""
    return _model_extractor(os.getpid()) if settings.LLM_PROVIDER else None


def reset() -> None:
    """Forget what was made; the next call reads the settings again."""
    _model_extractor.cache_clear()


@cache
def _model_extractor(pid: int) -> ModelReader:  # noqa: ARG001  the key: connections don't survive a fork
    make: Callable[[], ModelReader] = import_string(MODEL_EXTRACTOR)
    return make()


def _settings_changed(*, setting: str, **_: object) -> None:
    if setting.startswith("LLM_"):
        reset()


setting_changed.connect(_settings_changed, dispatch_uid="memories.extraction.llm.extractor_registry")
