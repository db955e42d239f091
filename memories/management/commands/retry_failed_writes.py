"""`manage.py retry_failed_writes`: try the writes again that were set aside as failed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from memories.services.retry import retry_failed


class Command(BaseCommand):
    help = "Try the accepted writes again that were set aside as failed. Their texts were kept."

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"{retry_failed()} writes will be tried again within seconds.")
