"""The claim of an `Idempotency-Key`, and the stored response of an earlier request."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class IdempotencyClaim:
    """The right to fill a record: no other request takes it over until `since` is long past."""

    tenant_id: uuid.UUID
    record_id: uuid.UUID
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A record that was claimed before. `status` None: not answered yet."""

    claim: IdempotencyClaim
    fingerprint: bytes
    status: int | None
    body: Any
    response_context: Any
    sources: tuple[uuid.UUID, ...]
    subjects: tuple[uuid.UUID, ...]
    erased: bool
