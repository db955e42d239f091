"""Extraction by a language model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from memories.extraction.llm import prompt
from memories.extraction.llm.base import Chat
from memories.extraction.llm.interpretation import interpret
from memories.extraction.llm.ollama import OllamaChat
from memories.extraction.llm.openai_chat import OpenAIChat
from memories.extraction.speaking import may_state
from memories.statements import ExistingMemory, ExtractionResult
from memories.types import Item

MAX_CANDIDATES = 20
MAX_WISHES = 4_000  # characters of a project's instructions in a prompt
FRAME = 200  # characters of JSON around a message or a candidate
PROVIDERS = ("openai_compatible", "ollama")


class ModelExtractor:
    """`characters` is the maximum text of one call; a text that is not ASCII counts by its UTF-8 bytes, since a model
    needs more tokens for it."""

    def __init__(self, chat: Chat, characters: int) -> None:
        self.name: str = chat.model
        self._chat, self._characters = chat, characters

    def fits(self, items: Sequence[Item]) -> bool:
        """Whether one call can read these. Otherwise the rules read the write: several calls would not see it as a
        whole."""
        return sum(_size(item.content) + FRAME for item in items) <= self._characters + FRAME

    def read(
        self,
        items: Sequence[Item],
        *,
        roles: frozenset[str] | None,
        known: Sequence[ExistingMemory],
        moment: dt.datetime,
        wishes: str = "",
    ) -> ExtractionResult:
        """The statements of `items`, which fit, and their proposals about `known` (the first 20 are offered): one call,
        or none if no item may state a fact.

        `roles` are those that may state facts; None: the user and named speakers. `moment` is the default time of a
        message, `wishes` are instructions of the project. Raises ModelFailed; the same call may succeed later.
        """
        if not self.fits(items):
            raise ValueError("more text than one call may hold")
        if not any(may_state(item, roles) and item.content.strip() for item in items):
            return ExtractionResult((), self.name)
        offered = known[:MAX_CANDIDATES]
        answer = self._chat.complete(prompt.system(wishes), prompt.data(items, roles, offered, moment))
        return interpret(answer, items, roles, offered, moment, self.name)

    def probe(self) -> None:
        """Probe the model's server; costs no tokens. Raises ModelFailed."""
        self._chat.probe()


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def from_settings() -> ModelExtractor:
    """As configured by the LLM_ settings."""
    for name in ("LLM_BASE_URL", "LLM_MODEL"):
        if not getattr(settings, name):
            raise ImproperlyConfigured(f"LLM_PROVIDER {settings.LLM_PROVIDER!r} needs {name}.")
    return ModelExtractor(_chat(settings.LLM_PROVIDER), settings.LLM_INPUT_CHARACTERS)


def _chat(provider: str) -> Chat:
    if provider == "openai_compatible":
        return OpenAIChat(
            base_url=settings.LLM_BASE_URL,
            api_key=settings.LLM_API_KEY,
            model=settings.LLM_MODEL,
            seconds=settings.LLM_TIMEOUT_SECONDS,
        )
    if provider == "ollama":
        candidates = MAX_CANDIDATES * (prompt.CANDIDATE_CHARACTERS + FRAME)
        return OllamaChat(
            base_url=settings.LLM_BASE_URL,
            api_key=settings.LLM_API_KEY,
            model=settings.LLM_MODEL,
            seconds=settings.LLM_TIMEOUT_SECONDS,
            characters=len(prompt.SYSTEM) + MAX_WISHES + candidates + settings.LLM_INPUT_CHARACTERS,
        )
    raise ImproperlyConfigured(f"LLM_PROVIDER is {provider!r}; it must be one of {', '.join(PROVIDERS)}, or empty.")
