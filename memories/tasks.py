"""The tasks of this app: names for the worker, no logic."""

from __future__ import annotations

import uuid

from celery import shared_task

from memories.pipeline import erase_tenant as erasing
from memories.pipeline import expire, fade, usage
from memories.pipeline import run as pipeline
from memories.pipeline import sweep as sweeper


@shared_task(name="memories.tasks.run")
def run(tenant_id: str, source_id: str) -> None:
    """Work on one accepted write."""
    pipeline.run(uuid.UUID(tenant_id), uuid.UUID(source_id))


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
