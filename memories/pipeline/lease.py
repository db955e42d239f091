"""The right to work on an accepted write, for as long as the work goes on."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from memories.models import Source
from memories.types import SourceState
from memproject.common.clock import now

LOST = "lost_attempts"  # in `Source.result`: attempts in a row that have no end


@dataclass(slots=True)
class Lease:
    """Our right to work on a Source, renewed while the work goes on. `limit`: seconds that an attempt may take."""

    tenant_id: uuid.UUID
    source_id: uuid.UUID
    renewed: float
    limit: float

    def keep(self) -> None:
        """Renew the lease, unless that was done a moment ago."""
        if time.monotonic() - self.renewed > settings.LEASE_SECONDS / 3:
            self._extend(settings.LEASE_SECONDS)

    @contextmanager
    def held(self) -> Iterator[None]:
        """For reading a text: nobody renews the lease meanwhile, so it lasts until the time limit kills the attempt.

        A text whose reading hangs would otherwise be handed to one worker after the other. An attempt that may take
        little longer than a lease needs no longer one.
        """
        if self.limit <= 1.5 * settings.LEASE_SECONDS:
            yield
            return
        self._extend(self.limit + settings.LEASE_SECONDS)
        try:
            yield
        finally:
            self._extend(settings.LEASE_SECONDS)

    def _extend(self, seconds: float) -> None:
        until = now() + dt.timedelta(seconds=seconds)
        pending(self.tenant_id, self.source_id).update(lease_until=until, kick_at=until)
        self.renewed = time.monotonic()


def pending(tenant_id: uuid.UUID, source_id: uuid.UUID) -> QuerySet[Source]:
    """The Source, as long as nobody has finished or erased it: a change of state that comes too late touches no row."""
    return Source.objects.filter(tenant=tenant_id, id=source_id, state=SourceState.PENDING)
