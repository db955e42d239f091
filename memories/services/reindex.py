"""Index the words of stored texts again after a change of a project's language."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.db.models import F
from django.db.models.functions import Left, Length, Substr

from core.tenancy import across_tenants
from memories.languages import configuration
from memories.models import Owner, Passage, Source
from memories.pipeline import apply, owner_locks
from memories.pipeline.fulltext import SOURCE_CHARACTERS, to_tsvector
from memories.pipeline.passages import evidence_of

BATCH_SIZE = 500


def reindex_words(project: str | None = None) -> int:
    """For one project, or all; → number of passages. Repeating it changes nothing.

    Runs beside the service: one row at a time, to avoid deadlocks.
    """
    where = {} if project is None else {"project": project}
    with across_tenants("an operator indexes words anew"):
        owners = list(Owner.objects.filter(**where).values_list("tenant_id", "project", "user_id"))
        waiting = Source.objects.filter(**where, tsv__isnull=False).annotate(said=Left("text", SOURCE_CHARACTERS))
        sources = list(waiting.values_list("tenant_id", "id", "project", "said"))
    for tenant_id, key, of, text in sources:
        rows = Source.objects.filter(tenant=tenant_id, id=key, tsv__isnull=False)
        rows.update(tsv=to_tsvector(text, configuration(of)))
    return sum(_owner(*owner) for owner in owners)


def _owner(tenant_id: uuid.UUID, project: str, user_id: str) -> int:
    count = 0
    for passage, text, evidence in _passages(tenant_id, project, user_id):
        count += apply.reword(passage, text, evidence, configuration(project))
    owner_locks.reindexed(tenant_id, project, user_id)
    return count


def _passages(tenant_id: uuid.UUID, project: str, user_id: str) -> Iterator[tuple[Passage, str, str]]:
    """(passage, its text, its evidence)"""
    said = Substr("text__content", F("start") + 1, F("stop") - F("start"))
    rows = Passage.objects.filter(tenant=tenant_id, project=project, user_id=user_id)
    rows = rows.annotate(said=said, size=Length("text__content"), evidence=F("text__evidence"))
    rows = rows.only("tenant_id", "speaker", "ordinal", "stop").order_by("id")
    batch = list(rows[:BATCH_SIZE])
    while batch:
        for passage in batch:
            is_last = passage.stop == passage.size
            yield passage, passage.said, evidence_of(passage.evidence, passage.ordinal, is_last=is_last)
        batch = list(rows.filter(id__gt=batch[-1].id)[:BATCH_SIZE])
