"""Both Python clients, called in one way, so that each test holds for both."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
from mem0_client import AsyncMemoryClient, MemoryClient


class Awaited:
    """The async client, called as the sync one is."""

    def __init__(self, **options: Any) -> None:
        self._loop = asyncio.Runner()
        self._client = AsyncMemoryClient(**options)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(*args: Any, **fields: Any) -> Any:
            answer = method(*args, **fields)
            return self._loop.run(answer if inspect.iscoroutine(answer) else collect(answer))

        return call

    def close(self) -> None:
        self._loop.run(self._client.close())
        self._loop.close()


async def collect(found: AsyncIterator[Any]) -> list[Any]:
    return [one async for one in found]


KINDS: dict[str, Callable[..., Any]] = {"sync": MemoryClient, "async": Awaited}


class Lossy(httpx2.HTTPTransport):
    """Sends each request; the answer of the first one is lost."""

    lost = False

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        response.read()
        if not self.lost:
            self.lost = True
            raise httpx2.ReadError("the connection was lost")
        return response


class AsyncLossy(httpx2.AsyncHTTPTransport):
    lost = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        await response.aread()
        if not self.lost:
            self.lost = True
            raise httpx2.ReadError("the connection was lost")
        return response


def lossy(kind: str, **options: Any) -> Any:
    """A client whose first answer is lost."""
    if kind == "sync":
        return MemoryClient(http_client=httpx2.Client(transport=Lossy()), **options)
    return Awaited(http_client=httpx2.AsyncClient(transport=AsyncLossy()), **options)


class Scripted:
    """A service that answers as it was told, one answer after the other (the last one again and again), and what it
    was asked. `slept` are the pauses, none of which was slept."""

    def __init__(self, kind: str, *answers: httpx2.Response | Exception, **options: Any) -> None:
        self.asked: list[httpx2.Request] = []
        self.slept: list[float] = []
        self._answers = answers
        transport = httpx2.MockTransport(self._answer)
        if kind == "sync":
            options |= {"http_client": httpx2.Client(transport=transport), "sleep": self.slept.append}
        else:
            options |= {"http_client": httpx2.AsyncClient(transport=transport), "sleep": self._sleep}
        self.client = KINDS[kind](**{"api_key": "k", "base_url": "http://memory.test"} | options)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self._answers[min(len(self.asked), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def ok(data: Any) -> httpx2.Response:
    return httpx2.Response(200, json={"success": True, "data": data, "message": "m", "timestamp": "t"})


def refused(status: int, code: str = "CODE", details: Any = None, **headers: str) -> httpx2.Response:
    body = {"success": False, "error": {"code": code, "message": "why", "details": details or {}}, "timestamp": "t"}
    return httpx2.Response(status, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
