"""Any server with an OpenAI-compatible `/v1/chat/completions`: OpenAI, vLLM, LM Studio, llama.cpp, Ollama."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import openai

from core import http_client
from core.monitoring import metrics
from memories.extraction.llm import schema
from memories.extraction.llm.base import (
    CONNECT_SECONDS,
    BrokenAnswer,
    ModelFailed,
    ModelRefused,
    ModelUnavailable,
    collected,
    from_status,
    left,
    parsed,
    too_slow,
)

# From what binds the model most to what every server takes.
FORMATS: tuple[dict[str, Any] | None, ...] = (
    {"type": "json_schema", "json_schema": {"name": "reading", "strict": True, "schema": schema.ANSWER}},
    {"type": "json_object"},
    None,
)
NOT_THE_FORM = ("context_length_exceeded", "content_filter", "content_policy_violation")  # a 400 for the text's sake


@dataclass(frozen=True, slots=True)
class RequestFormat:
    """How a request is put: `format` of FORMATS, and whether the server lets us ask for no chance at all."""

    format: int = 0
    temperature: bool = True

    def fields(self) -> dict[str, Any]:
        found = FORMATS[self.format]
        return {
            **({"response_format": found} if found else {}),
            **({"temperature": 0} if self.temperature else {}),
        }

    def simpler(self, error: openai.APIStatusError) -> RequestFormat | None:
        """What to try after the server refused this one; None: the form is not to blame, or nothing simpler is left."""
        if error.status_code not in (400, 422) or error.code in NOT_THE_FORM:
            return None
        if error.param == "temperature" and self.temperature:
            return dataclasses.replace(self, temperature=False)
        if self.format + 1 < len(FORMATS):
            return dataclasses.replace(self, format=self.format + 1)
        return None


class OpenAIChat:
    """`base_url` ends before `/chat/completions`. `seconds` bound the wait for a whole answer, and the silence in it.

    A server that refuses structured output is asked in simpler forms; the one that it takes is remembered, so that
    later answers cost one request again.
    """

    def __init__(self, *, base_url: str, api_key: str, model: str, seconds: float) -> None:
        self.model = model
        self._seconds = seconds
        self._client = client_of(base_url=base_url, api_key=api_key, connect=CONNECT_SECONDS, read=seconds)
        self._form = RequestFormat()

    @metrics.completion("openai_compatible")
    def complete(self, system: str, user: str) -> str:
        deadline = time.monotonic() + self._seconds
        form = self._form
        while True:
            try:
                body = self._ask(system, user, form, deadline)
            except openai.APIStatusError as error:
                simpler = form.simpler(error)
                if simpler is None:
                    raise _failed(error) from None  # the chain would carry the server's words, which may quote a text
                form = simpler
            else:
                self._form = form
                return _content(body)

    def probe(self) -> None:
        try:
            self._client.models.list(timeout=CONNECT_SECONDS)
        except openai.APIStatusError as error:
            raise _failed(error) from None
        except (openai.OpenAIError, ValueError):
            raise ModelUnavailable("The language model's server can't be reached.") from None

    def _ask(self, system: str, user: str, form: RequestFormat, deadline: float) -> bytes:
        """The body of one answer. Raises ModelUnavailable, and openai.APIStatusError."""
        seconds = left(deadline)
        messages: Any = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        try:
            # Piece by piece, since a server may keep a connection alive for ever without an answer.
            with self._client.chat.completions.with_streaming_response.create(
                model=self.model, messages=messages, timeout=seconds, **form.fields()
            ) as response:
                return collected(response.iter_bytes(), deadline)
        except openai.APITimeoutError:
            raise too_slow() from None
        except openai.APIConnectionError:
            raise ModelUnavailable("The language model's server can't be reached, or broke off.") from None
        except http_client.ERRORS:
            raise ModelUnavailable("The language model's server broke off.") from None


def client_of(*, base_url: str, api_key: str, connect: float, read: float) -> openai.OpenAI:
    """The library's client through ours, without retries: its caller's task tries again."""
    client = http_client.client(connect=connect, read=read, environment_proxies=True)
    made = openai.OpenAI(
        # Never None: the library would then take its own environment variables instead of ours.
        api_key=api_key or "none",
        base_url=base_url,
        timeout=client.timeout,
        max_retries=0,
        http_client=client,
    )
    made.organization = made.project = None  # OPENAI_ORG_ID and OPENAI_PROJECT_ID aren't settings
    return made


def _failed(error: openai.APIStatusError) -> ModelFailed:
    return from_status(error.status_code, error.response.headers, error.code)


def _content(body: bytes) -> str:
    """The text of the first choice. Raises ModelRefused and BrokenAnswer."""
    choice = _first(parsed(body).get("choices"))
    message = choice.get("message")
    if not isinstance(message, dict):
        raise BrokenAnswer("The language model's server sent no message.")
    if message.get("refusal") or choice.get("finish_reason") == "content_filter":
        raise ModelRefused("The language model declined to answer.")
    content = message.get("content")
    if choice.get("finish_reason") == "length" or not isinstance(content, str):
        raise BrokenAnswer("The language model's answer is not whole.")
    return content


def _first(choices: object) -> Mapping[str, Any]:
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    raise BrokenAnswer("The language model's server sent no answer.")
