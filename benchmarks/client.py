"""The service as a program calls it: one kept-alive connection, timed."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

IDLE = 5.0  # seconds after which a kept-alive connection isn't trusted


class CannotMeasureError(Exception):
    """What to do before measuring, in one sentence."""


@dataclass
class Api:
    """`/api/v1` of a running service. `times` holds the seconds of each call by its name."""

    url: str
    key: str
    times: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=60)
        self._used = time.monotonic()
        self._headers = {"X-API-Key": self.key, "Content-Type": "application/json"}

    def check(self) -> None:
        """Raises CannotMeasureError when nothing answers, the key is bad or rate limits are on."""
        try:
            status, _, headers = self.call("GET", "/api/v1/memories?limit=1", None, "check")
        except OSError:
            raise CannotMeasureError(
                f"Nothing answers at {self.url}: start the service with RATE_LIMITS_ENABLED=false make up"
            ) from None
        if status == 401:
            raise CannotMeasureError("The key is refused: give --key, or MEMPROJECT_KEY, as make up prints it.")
        if "x-ratelimit-limit" in headers:
            raise CannotMeasureError("Rate limits are on: start the service with RATE_LIMITS_ENABLED=false make up")

    def model(self) -> str:
        """The embedding model of the service. Raises CannotMeasureError while writes are pending: a pending text is
        ranked without its token embeddings and its conversation."""
        status, answer, _ = self.call("GET", "/status", None, "status")
        if status != 200:
            raise CannotMeasureError(f"The status of the service was refused with {status}: {answer}")
        if pending := answer["data"]["writes"]["pending"]:
            raise CannotMeasureError(f"{pending} writes are pending: ask again when /status says that none is.")
        return str(answer["data"]["embedder"]["model"])

    def call(
        self, method: str, path: str, body: Any, name: str, more: Mapping[str, str] | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """(status, JSON, headers in lower case) of a request, its time noted under `name`."""
        if time.monotonic() - self._used > IDLE:
            self._connection.close()  # the server may have closed it meanwhile; it opens anew by itself
        begun = time.perf_counter()
        self._connection.request(
            method, path, None if body is None else json.dumps(body), {**self._headers, **(more or {})}
        )
        answer = self._connection.getresponse()
        data = json.loads(answer.read())
        self.times.setdefault(name, []).append(time.perf_counter() - begun)
        self._used = time.monotonic()
        return answer.status, data, {key.lower(): value for key, value in answer.getheaders()}

    def store(self, content: str, user: str, **fields: Any) -> None:
        """Store a text word for word and wait until it is applied."""
        body = {"content": content, "user_id": user, "skip_extraction": True, **fields}
        status, answer, headers = self.call("POST", "/api/v1/memories", body, "store")
        if status not in (201, 202):
            raise CannotMeasureError(f"A store was refused with {status}: {answer}")
        until = time.monotonic() + 120
        while status == 202:
            _, event, _ = self.call("GET", headers["location"], None, "event")
            if event["status"] == "succeeded":
                return
            if event["status"] == "failed" or time.monotonic() > until:
                raise CannotMeasureError(f"A store did not come through: {event}")
            time.sleep(0.05)

    def store_many(self, items: Sequence[dict[str, Any]]) -> None:
        """Store several texts word for word in one request, and wait until all are applied."""
        status, answer, _ = self.call("POST", "/api/v1/memories/batch", {"items": list(items)}, "batch")
        if status not in (200, 201, 202, 207) or answer["failed"]:
            raise CannotMeasureError(f"A batch was refused with {status}: {answer}")
        until = time.monotonic() + 300
        for stored in answer["results"]:
            while self._pending(stored["response"]["id"]):
                if time.monotonic() > until:
                    raise CannotMeasureError("A batch did not come through in five minutes.")
                time.sleep(0.1)

    def _pending(self, memory_id: str) -> bool:
        _, memory, _ = self.call("GET", f"/api/v1/memories/{memory_id}", None, "get")
        return bool(memory.get("status") == "pending")

    def recall(self, query: str, user: str, recipe: str = "", **fields: Any) -> list[dict[str, Any]]:
        """The memories found, best first. `recipe` needs a service with RANKING_PROFILES=true."""
        body = {"query": query, "user_id": user, "threshold": 0, **fields}
        more = {"X-Ranking-Profile": recipe} if recipe else {}
        status, answer, _ = self.call("POST", "/api/v1/memories/recall", body, f"recall {recipe}".strip(), more)
        if status != 200:
            raise CannotMeasureError(f"A recall was refused with {status}: {answer}")
        return list(answer["memories"])

    def erase(self, user: str) -> None:
        self.call("DELETE", f"/v1/memories/user/{user}", None, "erase")
