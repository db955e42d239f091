"""A language model on loopback: real HTTP in a thread, in OpenAI's dialect and in Ollama's, that follows a script.

    llm.script = [Says({"facts": [...], "user_name": None}), Fails(429, {"Retry-After": "7"}), Hangs()]

One step for each request for an answer; when the steps run out the model states nothing. `llm.calls` keeps those
requests, `llm.embeddings` those for vectors (which are `FakeEmbedder`'s), so that both can be counted.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from memories.embeddings.fake import FakeEmbedder

MODEL = "scripted-model"
NOTHING: dict[str, Any] = {"facts": [], "user_name": None}
PROMPT = re.compile(r"BEGIN (?P<mark>[0-9a-f]{16})\n(?P<data>.*)\nEND (?P=mark)")  # the data are one line


@dataclass(frozen=True)
class Call:
    """A request as it came. `data`: what the model was given to read."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def system(self) -> str:
        return str(self.body["messages"][0]["content"])

    @property
    def user(self) -> str:
        return str(self.body["messages"][1]["content"])

    @property
    def mark(self) -> str:
        return self._prompt()["mark"]

    @property
    def data(self) -> Any:
        return json.loads(self._prompt()["data"])

    def _prompt(self) -> re.Match[str]:
        found = PROMPT.fullmatch(self.user)
        assert found is not None, "the prompt is not one line of data between two marks"
        return found


# --- the steps of a script -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Says:
    """An answer: an object as JSON, a string as it is. `finish` as the API calls it."""

    content: object
    finish: str = "stop"


@dataclass(frozen=True)
class Declines:
    """A refusal, in the field that is there for it (Ollama has none: it says so in words)."""

    words: str = "I can't help with that."


@dataclass(frozen=True)
class Fails:
    """`error` is what the body says; a string is the whole body."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    error: object = None


@dataclass(frozen=True)
class Sends:
    """A body of the test's own, with status 200."""

    body: bytes


@dataclass(frozen=True)
class Hangs:
    """No answer, until the client gives up."""


@dataclass(frozen=True)
class Drips:
    """A space now and then, for as long as somebody listens: each keeps the connection alive."""


@dataclass(frozen=True)
class Dies:
    """Half of an answer, and the connection is cut."""


Step = Says | Declines | Fails | Sends | Hangs | Drips | Dies
Script = list[Step | Callable[[Call], Step]]


class LLMServer:
    """`base_url` for LLM_BASE_URL, of either provider."""

    def __init__(self) -> None:
        self.script: Script = []
        self.calls: list[Call] = []
        self.embeddings: list[Call] = []
        self.probes: list[Call] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._http.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that go away are meant
        self.root = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def base_url(self, provider: str) -> str:
        return self.root if provider == "ollama" else f"{self.root}/v1"

    def settings(self, provider: str = "openai_compatible") -> dict[str, Any]:
        """The LLM_ settings with which the service uses this server."""
        return {
            "LLM_PROVIDER": provider,
            "LLM_BASE_URL": self.base_url(provider),
            "LLM_API_KEY": "llm-secret-key",
            "LLM_MODEL": MODEL,
            "LLM_TIMEOUT_SECONDS": 5.0,
        }

    def next(self, call: Call) -> Step:
        with self._lock:
            self.calls.append(call)
            step = self.script.pop(0) if self.script else Says(NOTHING)
        return step(call) if callable(step) else step

    def close(self) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.probes.append(Call(self.path, {k.lower(): v for k, v in self.headers.items()}, {}))
                self.reply(200, {"object": "list", "data": [], "version": "0.12.0"})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                call = Call(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                if self.path == "/v1/embeddings":
                    server.embeddings.append(call)
                    self.reply(200, {"object": "list", "model": MODEL, "data": vectors(body["input"])})
                elif self.path in ANSWERS:
                    self.follow(server.next(call), ANSWERS[self.path])
                else:
                    self.reply(404, {"error": {"message": "not found"}})

            def follow(self, step: Step, answer: Callable[[Says | Declines], dict[str, Any]]) -> None:
                if isinstance(step, Says | Declines):
                    self.reply(200, answer(step))
                elif isinstance(step, Fails):
                    self.reply(step.status, step.error or {"error": {"message": "scripted"}}, step.headers)
                elif isinstance(step, Sends):
                    self.send(200, step.body)
                elif isinstance(step, Hangs):
                    server.closing.wait(60)
                elif isinstance(step, Drips):
                    self.head(200, 1_000_000)
                    while not server.closing.wait(0.02):
                        self.wfile.write(b" ")
                else:
                    whole = json.dumps(answer(Says(NOTHING))).encode()
                    self.head(200, len(whole))
                    self.wfile.write(whole[: len(whole) // 2])

            def reply(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
                text = body if isinstance(body, str) else json.dumps(body)
                self.send(status, text.encode(), headers)

            def send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
                self.head(status, len(body), headers)
                self.wfile.write(body)

            def head(self, status: int, length: int, headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(length))
                self.end_headers()

            def log_message(self, *args: object) -> None: ...

        return Handler


def vectors(texts: list[str]) -> list[dict[str, Any]]:
    found = FakeEmbedder().embed(texts).tolist()
    return [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(found)]


def _words(step: Says | Declines) -> str:
    if isinstance(step, Declines):
        return step.words
    return step.content if isinstance(step.content, str) else json.dumps(step.content)


def _openai(step: Says | Declines) -> dict[str, Any]:
    declined = isinstance(step, Declines)
    message = {
        "role": "assistant",
        "content": None if declined else _words(step),
        "refusal": _words(step) if declined else None,
    }
    finish = "stop" if isinstance(step, Declines) else step.finish
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
    }


def _ollama(step: Says | Declines) -> dict[str, Any]:
    finish = "stop" if isinstance(step, Declines) else step.finish
    message = {"role": "assistant", "content": _words(step)}
    return {"model": MODEL, "message": message, "done": True, "done_reason": finish}


ANSWERS = {"/v1/chat/completions": _openai, "/api/chat": _ollama}


def fact(content: str, evidence: str, **more: Any) -> dict[str, Any]:
    """One fact of an answer, as a model that keeps to the schema gives it."""
    return {
        "content": content,
        "evidence": evidence,
        "message": 0,
        "importance": 0.6,
        "confidence": 0.9,
        "valid_from": None,
        "decision": "add",
        "candidate": None,
        "reason": "",
        "entities": [],
        "relations": [],
        **more,
    }


def answer(*facts: dict[str, Any], user_name: str | None = None) -> dict[str, Any]:
    return {"facts": list(facts), "user_name": user_name}


@pytest.fixture
def llm() -> Iterator[LLMServer]:
    server = LLMServer()
    yield server
    server.close()
