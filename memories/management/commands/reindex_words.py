"""`manage.py reindex_words`: index the words of stored texts again after a change of PROJECT_LANGUAGES."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from memories.services.reindex import reindex_words


class Command(BaseCommand):
    help = "Index the words of stored texts again, in the languages of PROJECT_LANGUAGES."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", help="only this project")

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"The words of {reindex_words(options['project'])} passages were indexed again.")
