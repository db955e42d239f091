"""The tasks of this app: names for the worker, no logic."""

from __future__ import annotations

import uuid
from typing import Any

from celery import shared_task
from django.conf import settings

from memories.pipeline import attempts, expire, fade, usage
from memories.pipeline import erase_tenant as erasing
from memories.pipeline import run as pipeline
from memories.pipeline import sweep as sweeper
from memproject.common.kick import kick


def _limits(seconds: float) -> dict[str, Any]:
    return {"soft_time_limit": seconds, "time_limit": seconds + min(seconds / 2, attempts.GRACE_SECONDS)}


# A write that nobody waits for may be long: a million characters are read in two minutes or so.
WRITE_LIMITS = _limits(settings.WRITE_TIME_LIMIT_SECONDS)
# One that somebody waits for is short (but a language model may be asked twice); what takes longer goes on in `bulk`.
STORE_LIMITS = _limits(
    settings.STORE_TIME_LIMIT_SECONDS + (2 * settings.LLM_TIMEOUT_SECONDS if settings.LLM_PROVIDER else 0)
)


@shared_task(name="memories.tasks.run", **WRITE_LIMITS)
def run(tenant_id: str, source_id: str) -> None:
    """Work on one accepted write, in the queue `bulk`."""
    tenant, source = uuid.UUID(tenant_id), uuid.UUID(source_id)
    if not attempts.paused(tenant, source):
        pipeline.run(tenant, source, WRITE_LIMITS["time_limit"])


@shared_task(name="memories.tasks.run_waited_for", **STORE_LIMITS)
def run_waited_for(tenant_id: str, source_id: str) -> None:
    """Work on one accepted write, in the queue `store`."""
    tenant, source = uuid.UUID(tenant_id), uuid.UUID(source_id)
    if attempts.is_slow(tenant):
        kick("memories.tasks.run", tenant, source, queue="bulk")
    else:
        pipeline.run(tenant, source, STORE_LIMITS["time_limit"])


@shared_task(name="memories.tasks.sweep")
def sweep() -> None:
    """Enqueue accepted writes that nobody is working on."""
    sweeper.sweep()


@shared_task(name="memories.tasks.clean_expired")
def clean_expired() -> None:
    """Erase what has expired."""
    expire.everywhere()


@shared_task(name="memories.tasks.archive_decayed")
def archive_decayed() -> None:
    """Archive what nobody has used for long."""
    fade.everywhere()


@shared_task(name="memories.tasks.flush_usage")
def flush_usage() -> None:
    """Add what recall found to the counters."""
    usage.flush()


@shared_task(name="memories.tasks.erase_tenant")
def erase_tenant(tenant_id: str) -> None:
    """Erase all that a tenant holds."""
    erasing.run(uuid.UUID(tenant_id))


@shared_task(name="memories.tasks.sweep_tenants")
def sweep_tenants() -> None:
    """Enqueue erasures of tenants that nobody is working on."""
    erasing.sweep()
