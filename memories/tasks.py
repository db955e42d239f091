"""The tasks of this app: names for the worker, no logic."""

from __future__ import annotations

import uuid

from celery import shared_task

from memories.pipeline import erase_tenant as erasing
from memories.pipeline import expire, fade, owner_pass, usage, write_queue


@shared_task(name=write_queue.TASK)
def run_owner(tenant_id: str, queue_id: str) -> None:
    """Apply the accepted writes of one owner."""
    owner_pass.run(uuid.UUID(tenant_id), uuid.UUID(queue_id))


@shared_task(name="memories.tasks.sweep")
def sweep() -> None:
    """Enqueue the owners with accepted writes that no worker looks at."""
    write_queue.sweep()


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
