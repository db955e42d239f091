"""Celery tasks of this app, without logic.

A task imports its code at its first run, because every process that enqueues tasks imports this module, and the
pipeline imports numpy and the models' libraries.
"""

from __future__ import annotations

import uuid
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils.module_loading import import_string

RUN_OWNER = "memories.pipeline.owner_pass.run_quick"
RUN_OWNER_LONG = "memories.pipeline.owner_pass.run_long"
GRACE_SECONDS = 15.0
CLEAN_EXPIRED = "memories.pipeline.expire.run_for_all_tenants"
ARCHIVE_DECAYED = "memories.pipeline.decay_cleanup.run_for_all_tenants"
FLUSH_USAGE = "memories.pipeline.recall_counters.flush"
ERASE_TENANT = "memories.pipeline.erase_tenant.run"


def _limits(seconds: float) -> dict[str, Any]:
    """Celery's time limits: the soft one raises, the hard one kills the process."""
    return {"soft_time_limit": seconds, "time_limit": seconds + min(GRACE_SECONDS, seconds / 2)}


# A write that a request waits for is short (but a language model may be called twice); longer ones continue in `long`.
# A long one may have a million characters, which take about two minutes.
STORE_LIMITS = _limits(
    settings.STORE_TIME_LIMIT_SECONDS + (2 * settings.LLM_TIMEOUT_SECONDS if settings.LLM_PROVIDER else 0)
)
WRITE_LIMITS = _limits(settings.WRITE_TIME_LIMIT_SECONDS)


@shared_task(name="memories.tasks.run_owner", **STORE_LIMITS)
def run_owner(tenant_id: str, queue_id: str) -> None:
    """Apply the accepted writes of one owner, except long ones."""
    import_string(RUN_OWNER)(uuid.UUID(tenant_id), uuid.UUID(queue_id), STORE_LIMITS["time_limit"])


@shared_task(name="memories.tasks.run_owner_long", **WRITE_LIMITS)
def run_owner_long(tenant_id: str, queue_id: str) -> None:
    """Apply the accepted writes of one owner, including long ones."""
    import_string(RUN_OWNER_LONG)(uuid.UUID(tenant_id), uuid.UUID(queue_id), WRITE_LIMITS["time_limit"])


@shared_task(name="memories.tasks.clean_expired")
def clean_expired() -> None:
    """Erase expired memories."""
    import_string(CLEAN_EXPIRED)()


@shared_task(name="memories.tasks.archive_decayed")
def archive_decayed() -> None:
    """Archive decayed memories."""
    import_string(ARCHIVE_DECAYED)()


@shared_task(name="memories.tasks.flush_usage")
def flush_usage() -> None:
    """Add the waiting uses to the counters."""
    import_string(FLUSH_USAGE)()


@shared_task(name="memories.tasks.erase_tenant")
def erase_tenant(tenant_id: str) -> None:
    """Erase all data of a tenant."""
    import_string(ERASE_TENANT)(uuid.UUID(tenant_id))
