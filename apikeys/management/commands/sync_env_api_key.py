"""`manage.py sync_env_api_key`: create the key of API_KEY, and revoke the key of its earlier value."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from apikeys import services


class Command(BaseCommand):
    help = "Create an editor key of the default tenant from API_KEY; revoke the key of its earlier value."

    def handle(self, **options: Any) -> None:
        services.ensure_environment_key()
