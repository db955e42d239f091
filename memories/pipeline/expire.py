"""Erase expired memories and writes: a TTL limits how long data is stored.

A memory has its own expiry, which may have changed; the source text has the expiry that it was sent with.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter

from django.db import transaction
from django.db.models import QuerySet

from core.advisory_lock import try_advisory_lock
from core.clock import now
from core.tenancy import across_tenants
from memories.models import Revision, Source
from memories.models.revision import RevisionQuerySet
from memories.pipeline import erase
from memories.types import MemoryScope, SourceKind, SourceState

JOB = 7_318_002


def count(where: MemoryScope) -> int:
    """The number of expired memories of a scope that still exist, including stores that were never applied."""
    moment = now()
    waiting = _sources(moment).filter(erase.inside(where), tenant=where.tenant_id, kind=SourceKind.STORE)
    return _revisions(moment).in_scope(where).count() + waiting.exclude(state=SourceState.APPLIED).count()


def scope(where: MemoryScope) -> int:
    """Erase the expired memories of a scope; → number."""
    moment, gone = now(), 0
    while True:
        memories = list(_revisions(moment).in_scope(where).values_list("memory_key", flat=True)[: erase.BATCH_SIZE])
        texts = _sources(moment).filter(erase.inside(where), tenant=where.tenant_id).values_list("id", flat=True)
        sources = list(texts[: erase.BATCH_SIZE])
        if not memories and not sources:
            return gone
        gone += _erase(where.tenant_id, memories, sources)


def run_for_all_tenants() -> int:
    """Erase the expired memories of all tenants; → number. Of concurrent runs only one works."""
    with try_advisory_lock(JOB) as acquired:
        return _run_for_all_tenants() if acquired else 0


def _run_for_all_tenants() -> int:
    """Longest expired first, in batches."""
    moment, gone = now(), 0
    while True:
        with across_tenants("the clean-up of what has expired"):
            memories = _oldest(_revisions(moment), "memory_key")
            sources = _oldest(_sources(moment), "id")
        if not memories and not sources:
            return gone
        for tenant_id in dict.fromkeys(tenant for tenant, _ in [*memories, *sources]):
            mine = ([row for tenant, row in found if tenant == tenant_id] for found in (memories, sources))
            gone += _erase(tenant_id, *mine)


def _erase(tenant_id: uuid.UUID, memories: list[uuid.UUID], sources: list[uuid.UUID]) -> int:
    with transaction.atomic():
        counts: Counter[str] = erase.locked(tenant_id, memories, expired=True)
        counts += erase.redact(tenant_id, Source.objects.filter(tenant=tenant_id, id__in=sources, redacted_at=None))
    return counts["memories"] + counts["pending"]


def _revisions(moment: dt.datetime) -> RevisionQuerySet:
    return Revision.objects.filter(retired_at=None, expires_at__lte=moment)


def _sources(moment: dt.datetime) -> QuerySet[Source]:
    return Source.objects.filter(redacted_at=None, expires_at__lte=moment)


def _oldest(rows: QuerySet[Revision] | QuerySet[Source], key: str) -> list[tuple[uuid.UUID, uuid.UUID]]:
    return list(rows.order_by("expires_at").values_list("tenant_id", key)[: erase.BATCH_SIZE])
