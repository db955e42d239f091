"""The tasks of this app: names for the worker, no logic.

What a task runs is imported with its first run, because every process that enqueues one loads this module, and the
pipeline takes numpy and the models' libraries along.
"""

from __future__ import annotations

import uuid

from celery import shared_task
from django.utils.module_loading import import_string

RUN_OWNER = "memories.pipeline.owner_pass.run"
CLEAN_EXPIRED = "memories.pipeline.expire.everywhere"
ARCHIVE_DECAYED = "memories.pipeline.fade.everywhere"
FLUSH_USAGE = "memories.pipeline.usage.flush"
ERASE_TENANT = "memories.pipeline.erase_tenant.run"


@shared_task(name="memories.tasks.run_owner")
def run_owner(tenant_id: str, queue_id: str) -> None:
    """Apply the accepted writes of one owner."""
    import_string(RUN_OWNER)(uuid.UUID(tenant_id), uuid.UUID(queue_id))


@shared_task(name="memories.tasks.clean_expired")
def clean_expired() -> None:
    """Erase what has expired."""
    import_string(CLEAN_EXPIRED)()


@shared_task(name="memories.tasks.archive_decayed")
def archive_decayed() -> None:
    """Archive what nobody has used for long."""
    import_string(ARCHIVE_DECAYED)()


@shared_task(name="memories.tasks.flush_usage")
def flush_usage() -> None:
    """Add what recall found to the counters."""
    import_string(FLUSH_USAGE)()


@shared_task(name="memories.tasks.erase_tenant")
def erase_tenant(tenant_id: str) -> None:
    """Erase all that a tenant holds."""
    import_string(ERASE_TENANT)(uuid.UUID(tenant_id))
