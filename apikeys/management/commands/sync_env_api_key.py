"""`manage.py sync_env_api_key`: make API_KEY of the environment a key, and end the one of its earlier value."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from apikeys import services


class Command(BaseCommand):
    help = "Make API_KEY of the environment one editor key of the default tenant; its earlier value ends."

    def handle(self, **options: Any) -> None:
        services.ensure_environment_key()
