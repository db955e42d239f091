"""Ollama's own API, since its `/v1` can set neither the context size nor switch off thinking."""

from __future__ import annotations

import time
from typing import Any

from core import http_client
from core.monitoring import metrics
from memories.extraction.llm import schema
from memories.extraction.llm.base import (
    CONNECT_SECONDS,
    BrokenAnswer,
    ModelUnavailable,
    collected,
    from_status,
    left,
    parsed,
)

FORMATS: tuple[object, ...] = (schema.ANSWER, "json")  # before 0.5 it knew no schema
ANSWER_TOKENS = 4096
CHARACTERS_OF_A_TOKEN = 3  # a low estimate: Ollama silently drops text beyond the context
STEP = 1024


class OllamaChat:
    """`base_url` ends before `/api`. `characters` is the longest prompt; `seconds` as for OpenAIChat. An `api_key`
    serves an Ollama behind a proxy that wants one."""

    def __init__(self, *, base_url: str, api_key: str, model: str, seconds: float, characters: int) -> None:
        self.model = model
        self._url = base_url.rstrip("/")
        self._seconds = seconds
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = http_client.client(connect=CONNECT_SECONDS, read=seconds, environment_proxies=True)
        tokens = characters // CHARACTERS_OF_A_TOKEN + ANSWER_TOKENS
        # The same for every call: another size makes Ollama load the model anew.
        self._options = {"temperature": 0, "num_ctx": -(-tokens // STEP) * STEP}
        self._format = 0

    @metrics.completion("ollama")
    def complete(self, system: str, user: str) -> str:
        deadline = time.monotonic() + self._seconds
        for number in range(self._format, len(FORMATS)):
            asked = self._request(system, user, FORMATS[number])
            status, headers, body = self._send("POST", "/api/chat", deadline, asked)
            if status == 200:
                self._format = number
                return _content(body)
            if status != 400 or number + 1 == len(FORMATS):
                break
        raise from_status(status, headers)

    def probe(self) -> None:
        status, headers, _ = self._send("GET", "/api/version", time.monotonic() + CONNECT_SECONDS)
        if status != 200:
            raise from_status(status, headers)

    def _request(self, system: str, user: str, output: object) -> dict[str, Any]:
        return {
            "model": self.model,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
            "format": output,
            "stream": False,
            "think": False,
            "options": self._options,
        }

    def _send(self, method: str, path: str, deadline: float, body: object = None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (in small letters) and body. Raises ModelUnavailable."""
        seconds = left(deadline)
        try:
            with self._client.stream(
                method, self._url + path, json=body, headers=self._headers, timeout=seconds
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return response.status_code, headers, collected(response.iter_bytes(), deadline)
        except http_client.ERRORS:
            raise ModelUnavailable(
                "The language model's server can't be reached, broke off, or did not answer in time."
            ) from None


def _content(body: bytes) -> str:
    """The text of the message. Raises BrokenAnswer."""
    answer = parsed(body)
    message = answer.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if answer.get("done_reason") == "length" or not isinstance(content, str):
        raise BrokenAnswer("The language model's answer is not whole.")
    return content
