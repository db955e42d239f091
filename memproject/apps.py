"""The project as an app: its start-up checks, and Celery's app for whoever enqueues."""

from django.apps import AppConfig


class MemprojectConfig(AppConfig):
    name = "memproject"
    label = "memproject"

    def ready(self) -> None:
        from memproject import celery, checks  # noqa: F401  (the one place where they may be loaded)
