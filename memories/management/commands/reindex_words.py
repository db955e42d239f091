"""`manage.py reindex_words`: index the words of stored texts anew, once PROJECT_LANGUAGES has changed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from memories.services.reindex import reindex_words


class Command(BaseCommand):
    help = "Index the words of stored texts anew, in the languages that PROJECT_LANGUAGES names now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", help="of this project alone")

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"The words of {reindex_words(options['project'])} passages were indexed anew.")
