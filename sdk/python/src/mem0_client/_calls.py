"""One function for each endpoint: what is sent, and the type of what comes back. Nothing here touches the network."""

from __future__ import annotations

import datetime as dt
import enum
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from mem0_client import types as t

T = TypeVar("T")


class Unset(enum.Enum):
    """For `expires_at`, where None says never."""

    UNSET = enum.auto()


UNSET = Unset.UNSET


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request without its server and key; `T` is the type of the answer's `data`, or of the whole if it is `bare`."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    bare: bool = False


def add(
    messages: str | Sequence[t.Message] | None = None,
    *,
    content: str | None = None,
    user_id: str | None = None,
    agent_id: str | None = None,
    run_id: str | None = None,
    project: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    infer: bool | None = None,
    ttl: str | None = None,
    expires_at: t.When | None = None,
    timestamp: t.When | None = None,
    respond_async: bool = False,
    idempotency_key: str | None = None,
) -> Call[t.AddResult]:
    """Remember a text or a conversation. `infer=False` stores each message word for word."""
    if isinstance(messages, str) and content is None:
        messages, content = None, messages
    body = _given(messages=messages, content=content, metadata=metadata, infer=infer, ttl=ttl, expires_at=expires_at)
    body |= _given(user_id=user_id, agent_id=agent_id, run_id=run_id, project=project, timestamp=timestamp)
    return Call("POST", "/v1/memories", body=_json(body), headers=_writing(idempotency_key, respond_async))


def search(
    query: str,
    *,
    user_id: str | None = None,
    agent_id: str | None = None,
    run_id: str | None = None,
    project: str | None = None,
    limit: int | None = None,
    threshold: float | None = None,
    filters: Mapping[str, Any] | None = None,
    as_of: t.When | None = None,
    valid_at: t.When | None = None,
    reference_time: t.When | None = None,
    archived: bool | None = None,
    explain: bool | None = None,
) -> Call[t.SearchResults]:
    """What is remembered that matters to `query`, best first."""
    asked = _query(query=query, user_id=user_id, agent_id=agent_id, run_id=run_id, project=project, filters=filters)
    asked |= _query(as_of=as_of, valid_at=valid_at, reference_time=reference_time, archived=archived, explain=explain)
    asked |= _query(limit=limit, threshold=threshold)
    return Call("GET", "/v1/memories/search", asked)


def get(memory_id: str, *, include: str | Iterable[str] | None = None, as_of: t.When | None = None) -> Call[t.Memory]:
    """One memory; `include` adds its "embedding", its "history" or both."""
    wanted = include if include is None or isinstance(include, str) else ",".join(include)
    return Call("GET", _path("memories", memory_id), _query(include=wanted, as_of=as_of))


def update(
    memory_id: str,
    content: str | None = None,
    *,
    metadata: Mapping[str, Any] | None = None,
    memory_type: str | None = None,
    ttl: str | None = None,
    expires_at: t.When | Unset | None = UNSET,
    pinned: bool | None = None,
    importance: float | None = None,
    respond_async: bool = False,
    idempotency_key: str | None = None,
) -> Call[t.Memory | t.PendingUpdate]:
    """Change what is given, as a new revision: metadata are merged, `expires_at=None` means never. Where the answer
    has an `event_id`, the change is still at work."""
    body = _given(
        content=content, metadata=metadata, memory_type=memory_type, ttl=ttl, pinned=pinned, importance=importance
    )
    if expires_at is not UNSET:
        body["expires_at"] = expires_at
    headers = _writing(idempotency_key, respond_async)
    return Call("PUT", _path("memories", memory_id), body=_json(body), headers=headers)


def delete(memory_id: str, *, idempotency_key: str | None = None) -> Call[t.Deleted]:
    """Erase a memory with its history."""
    return Call("DELETE", _path("memories", memory_id), headers=_writing(idempotency_key))


def history(memory_id: str) -> Call[t.History]:
    """All revisions of a memory, newest first."""
    return Call("GET", _path("memories", memory_id, "history"))


def get_all(
    user_id: str,
    *,
    limit: int | None = None,
    cursor: str | None = None,
    project: str | None = None,
    filters: Mapping[str, Any] | None = None,
    as_of: t.When | None = None,
) -> Call[t.UserMemories]:
    """One page of a user's memories, newest first; `next_cursor` is the next page's `cursor`, None after the last."""
    asked = _query(limit=limit, cursor=cursor, project=project, filters=filters, as_of=as_of)
    return Call("GET", _path("memories", "user", user_id), asked)


def delete_user(user_id: str, *, idempotency_key: str | None = None) -> Call[t.ErasureReceipt]:
    """Erase all memories of a user; the receipt says what went."""
    return Call("DELETE", _path("memories", "user", user_id), headers=_writing(idempotency_key))


def event(event_id: str) -> Call[t.Event]:
    """What became of a write that was answered before it was done."""
    return Call("GET", _path("events", event_id))


def health() -> Call[t.Health]:
    """Needs no key. An unhealthy service is an answer too, not an error."""
    return Call("GET", "/v1/health", bare=True)


def status() -> Call[dict[str, Any]]:
    """Version, uptime, and each component's state and latency."""
    return Call("GET", "/v1/status")


def metrics() -> Call[dict[str, Any]]:
    """Counters and latency quantiles. Needs an admin key."""
    return Call("GET", "/v1/metrics")


def _path(*parts: str) -> str:
    """Dots are quoted too: URLs drop `.` and `..`, and a path without its id is another one."""
    if not all(parts):
        raise ValueError("an id must not be empty")
    return "/v1/" + "/".join(quote(part, safe="").replace(".", "%2E") for part in parts)


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _query(**fields: Any) -> dict[str, str]:
    return {name: value if isinstance(value, str) else _word(value) for name, value in _given(**fields).items()}


def _word(value: object) -> str:
    return _moment(value) if isinstance(value, dt.date) else _json(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_moment)


def _moment(value: object) -> str:
    """A time without a zone is refused: the service would take it for UTC, and Python for local time."""
    if isinstance(value, dt.datetime) and value.utcoffset() is None:
        raise ValueError(f"{value!r} needs a time zone")
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} can't be sent as JSON")


def _writing(idempotency_key: str | None, respond_async: bool = False) -> dict[str, str]:
    headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
    return headers | {"Prefer": "respond-async"} if respond_async else headers
