"""The project as an app: its start-up checks, and Celery's app for whoever enqueues."""

from django.apps import AppConfig


class MemprojectConfig(AppConfig):
    name = "memproject"
    label = "memproject"

    def ready(self) -> None:
        # The one place where they may be loaded: an enqueuer needs the tasks as a worker does.
        from core.idempotency import tasks as idempotency_tasks  # noqa: F401
        from entities import tasks as entity_tasks  # noqa: F401
        from memories import tasks  # noqa: F401
        from memproject import celery, checks  # noqa: F401
        from webhooks import tasks as webhook_tasks  # noqa: F401
