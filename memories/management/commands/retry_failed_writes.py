"""`manage.py retry_failed_writes`: retry accepted writes that failed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from memories.services.retry import retry_failed


class Command(BaseCommand):
    help = "Retry accepted writes that failed. Their texts were kept."

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"{retry_failed()} writes will be retried within seconds.")
