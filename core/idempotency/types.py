"""A claim of an `Idempotency-Key`, and the record of an earlier one."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class IdempotencyClaim:
    """A record that is ours to fill: nobody else may until `since` is long past."""

    tenant_id: uuid.UUID
    record_id: uuid.UUID
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A record that somebody claimed before. `status` None: not answered yet."""

    claim: IdempotencyClaim
    fingerprint: bytes
    status: int | None
    body: Any
    response_context: Any
    sources: tuple[uuid.UUID, ...]
    subjects: tuple[uuid.UUID, ...]
    erased: bool
