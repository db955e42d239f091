"""`manage.py verify_erasure RECEIPT_ID`: verify that erased data is gone. The exit code is 1 if some is left."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import AppError
from memories.services.verify import verify


class Command(BaseCommand):
    help = (
        "Look again for what was erased: in the tables of its tenant, webhooks' messages and idempotency records "
        "included, in Redis, and in Neo4j where it is on. The receipt itself holds neither ids nor words: name some."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("receipt_id", help="ers_…")
        parser.add_argument("--ids", nargs="+", default=[], help="ids of erased memories or entities: mem_…, ent_…")
        parser.add_argument("--words", nargs="+", default=[], help="words that occur only in erased texts")
        parser.add_argument(
            "--stdin", action="store_true", help="read ids and words from standard input, one a line: no shell keeps it"
        )

    def handle(self, **options: Any) -> None:
        things = [*options["ids"], *options["words"]]
        if options["stdin"]:
            things += sys.stdin.read().splitlines()
        found = 0
        try:
            for probe in verify(options["receipt_id"], things):
                found += probe.found
                self.stdout.write(f"{probe.place}: {probe.found} {probe.said}" if probe.found else f"{probe.place}: ok")
        except AppError as error:
            raise CommandError(error.message) from None
        if found:
            raise CommandError("Erased data was found.")
        hint = "" if things else " No ids or words were named, so only what is marked as erased was looked at."
        self.stdout.write(f"Nothing was found.{hint}")
