"""Types of events, webhooks and deliveries. Pure."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.unset import UNSET, Unset

EVENTS = (
    "memory.created",
    "memory.updated",
    "memory.deleted",
    "memory.expired",
    "entity.created",
    "entity.merged",
)
TEST = "webhook.test"
# Their bodies contain ids and no text, so an erasure keeps them: receivers must learn of the deletion.
TEXTLESS = frozenset({"memory.deleted", "memory.expired"})


class DeliveryState(enum.StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    ERASED = "erased"


class DisabledReason(enum.StrEnum):
    """Why a webhook is off."""

    API = "caller"
    OPERATOR = "operator"
    KEY = "key_revoked"
    FAILING = "failing"
    HTTP_410 = "gone"


@dataclass(frozen=True, slots=True)
class Event:
    """An event about `subject`. `data` is JSON; `also` are other objects whose text `data` contains.

    An erasure of `subject`, or of one in `also`, removes the body if it was not sent yet.
    """

    type: str
    tenant_id: uuid.UUID
    project: str
    user_id: str
    subject: uuid.UUID
    at: dt.datetime
    data: Mapping[str, Any]
    also: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class CreateWebhook:
    """`user_id` None and `project_ids` empty: the whole scope of the key. Without `secret` one is generated."""

    url: str
    events: tuple[str, ...]
    secret: str | None = None
    user_id: str | None = None
    project_ids: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class ChangeWebhook:
    webhook_id: str
    url: str | Unset = UNSET
    events: tuple[str, ...] | Unset = UNSET
    active: bool | Unset = UNSET
    user_id: str | Unset | None = UNSET
    project_ids: tuple[str, ...] | Unset = UNSET
    name: str | Unset = UNSET


@dataclass(frozen=True, slots=True)
class WebhookRecord:
    id: uuid.UUID
    url: str
    events: tuple[str, ...]
    user_id: str | None
    project_ids: tuple[str, ...]
    active: bool
    disabled_at: dt.datetime | None
    disabled_reason: str
    failing_since: dt.datetime | None
    caller: str
    created_at: dt.datetime
    name: str = ""


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A new webhook. `secret` is shown once."""

    view: WebhookRecord
    secret: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: the status code of the receiver, or the error that prevented a response."""

    at: dt.datetime
    status: int | None
    error: str
    milliseconds: int

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    id: uuid.UUID
    message_id: uuid.UUID
    event: str
    state: DeliveryState
    error: str
    attempts: tuple[Attempt, ...]
    due_at: dt.datetime | None
    created_at: dt.datetime
    finished_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    deliveries: tuple[DeliveryRecord, ...]
    next_cursor: str | None
