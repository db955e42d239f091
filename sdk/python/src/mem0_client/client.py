"""The two clients: each only sends and sleeps. What they send and how they read it is the same (`_calls`, `_core`)."""

from __future__ import annotations

import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

import anyio
import httpx2

from mem0_client import _calls as calls
from mem0_client import types as t
from mem0_client._core import Core, Flow, Outcome

P = ParamSpec("P")
T = TypeVar("T")


class _Method(Generic[P, T]):
    """A call's function as a method that makes the call: at once, or when it is awaited."""

    def __init__(self, call: Callable[P, calls.Call[T]]) -> None:
        self._call = call

    @overload
    def __get__(self, client: MemoryClient, owner: object = None) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: AsyncMemoryClient, owner: object = None) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, client: None, owner: object = None) -> Callable[P, calls.Call[T]]: ...
    def __get__(self, client: Any, owner: object = None) -> Callable[P, Any]:
        if client is None:
            return self._call

        @functools.wraps(self._call)
        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client._run(client._perform(self._call(*args, **kwargs)))

        return method


class _Api(Core):
    """What both clients do: the whole of `/v1`, one method for each endpoint."""

    add = _Method(calls.add)
    search = _Method(calls.search)
    get = _Method(calls.get)
    update = _Method(calls.update)
    delete = _Method(calls.delete)
    history = _Method(calls.history)
    get_all = _Method(calls.get_all)
    delete_user = _Method(calls.delete_user)
    event = _Method(calls.event)
    health = _Method(calls.health)
    status = _Method(calls.status)
    metrics = _Method(calls.metrics)


class MemoryClient(_Api):
    """The whole of `/v1`. Safe to share between threads.

    `base_url` defaults to MEM0_BASE_URL, else http://localhost:8080; `api_key` to MEM0_API_KEY. `timeout` (seconds)
    bounds connecting and each wait for a piece of the answer. `http_client` brings proxies, certificates or a transport
    of your own, and stays yours to close.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float = 30.0,
        max_retries: int = 3,
        http_client: httpx2.Client | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        super().__init__(api_key, base_url, timeout, max_retries)
        self._own = http_client is None
        self._http = http_client or httpx2.Client()
        self._sleep = sleep

    def iterate(
        self,
        user_id: str,
        *,
        limit: int | None = None,
        project: str | None = None,
        filters: Mapping[str, Any] | None = None,
        as_of: t.When | None = None,
    ) -> Iterator[t.Memory]:
        """All memories of a user, fetched page by page (`limit` is the size of a page)."""
        fetch = functools.partial(self.get_all, user_id, limit=limit, project=project, filters=filters, as_of=as_of)
        page: t.UserMemories | None = None
        while page is None or page["next_cursor"]:
            page = fetch(cursor=page and page["next_cursor"])
            yield from page["results"]

    def wait_for_event(self, event_id: str, *, patience: float = 60.0) -> t.Event:
        """The event once it has succeeded or failed; Mem0TimeoutError if that takes longer than `patience` seconds."""
        return self._run(self._wait(event_id, patience))

    def close(self) -> None:
        if self._own:
            self._http.close()

    def __enter__(self) -> MemoryClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                if step.pause:
                    self._sleep(step.pause)
                try:
                    outcome: Outcome = self._http.send(step.request)
                except httpx2.RequestError as failure:
                    outcome = failure
                step = flow.send(outcome)
        except StopIteration as done:
            return cast(T, done.value)


class AsyncMemoryClient(_Api):
    """`MemoryClient` for asyncio and trio: the same arguments and methods, to be awaited."""

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float = 30.0,
        max_retries: int = 3,
        http_client: httpx2.AsyncClient | None = None,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
    ) -> None:
        super().__init__(api_key, base_url, timeout, max_retries)
        self._own = http_client is None
        self._http = http_client or httpx2.AsyncClient()
        self._sleep = sleep

    async def iterate(
        self,
        user_id: str,
        *,
        limit: int | None = None,
        project: str | None = None,
        filters: Mapping[str, Any] | None = None,
        as_of: t.When | None = None,
    ) -> AsyncIterator[t.Memory]:
        """All memories of a user, fetched page by page (`limit` is the size of a page)."""
        fetch = functools.partial(self.get_all, user_id, limit=limit, project=project, filters=filters, as_of=as_of)
        page: t.UserMemories | None = None
        while page is None or page["next_cursor"]:
            page = await fetch(cursor=page and page["next_cursor"])
            for memory in page["results"]:
                yield memory

    async def wait_for_event(self, event_id: str, *, patience: float = 60.0) -> t.Event:
        """The event once it has succeeded or failed; Mem0TimeoutError if that takes longer than `patience` seconds."""
        return await self._run(self._wait(event_id, patience))

    async def close(self) -> None:
        if self._own:
            await self._http.aclose()

    async def __aenter__(self) -> AsyncMemoryClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                if step.pause:
                    await self._sleep(step.pause)
                try:
                    outcome: Outcome = await self._http.send(step.request)
                except httpx2.RequestError as failure:
                    outcome = failure
                step = flow.send(outcome)
        except StopIteration as done:
            return cast(T, done.value)
