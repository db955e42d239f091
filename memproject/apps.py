"""The project as a Django app: start-up checks and Celery's app."""

from django.apps import AppConfig


class MemprojectConfig(AppConfig):
    name = "memproject"
    label = "memproject"

    def ready(self) -> None:
        # The only module that imports the tasks of all apps: a process that enqueues needs them like a worker.
        from core.idempotency import tasks as idempotency_tasks  # noqa: F401
        from entities import tasks as entity_tasks  # noqa: F401
        from memories import tasks  # noqa: F401
        from memproject import celery, checks  # noqa: F401
        from webhooks import tasks as webhook_tasks  # noqa: F401
