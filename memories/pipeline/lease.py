"""The right to work on an accepted write, for as long as the work goes on."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from memories.models import Source
from memories.types import SourceState
from memproject.common.clock import now


@dataclass(slots=True)
class Lease:
    """Our right to work on a Source, renewed while the work goes on."""

    tenant_id: uuid.UUID
    source_id: uuid.UUID
    renewed: float

    def keep(self) -> None:
        if time.monotonic() - self.renewed > settings.LEASE_SECONDS / 3:
            until = now() + dt.timedelta(seconds=settings.LEASE_SECONDS)
            pending(self.tenant_id, self.source_id).update(lease_until=until, kick_at=until)
            self.renewed = time.monotonic()

    def hold(self, seconds: float) -> None:
        """For a piece of work that can take so long before the next look."""
        if seconds > settings.LEASE_SECONDS / 3:
            until = now() + dt.timedelta(seconds=settings.LEASE_SECONDS + seconds)
            pending(self.tenant_id, self.source_id).update(lease_until=until, kick_at=until)
            self.renewed = time.monotonic() + seconds


def pending(tenant_id: uuid.UUID, source_id: uuid.UUID) -> QuerySet[Source]:
    """The Source, as long as nobody has finished or erased it: a change of state that comes too late touches no row."""
    return Source.objects.filter(tenant=tenant_id, id=source_id, state=SourceState.PENDING)
