"""`manage.py export_memories`: export a tenant's memories, or one user's, with their history, as JSON Lines."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import AppError
from memories.services.export import export_tenant


class Command(BaseCommand):
    help = "Write a tenant's memories and entities, with their history, as JSON Lines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", default="default", help="slug (default: %(default)s)")
        parser.add_argument("--user", help="only this user")
        parser.add_argument("--project", help="only this project")
        parser.add_argument("--output", type=Path, help="the file to write (default: standard output)")

    def handle(self, **options: Any) -> None:
        try:
            lines = export_tenant(options["tenant"], options["user"], options["project"])
        except AppError as error:
            raise CommandError(error.message) from None
        output: Path | None = options["output"]
        if output is None:
            sys.stdout.buffer.writelines(lines)
            sys.stdout.buffer.flush()
            return
        part = output.with_name(output.name + ".part")
        try:
            # Readable only by its owner, since it contains personal data.
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.writelines(lines)
            part.replace(output)
        except OSError as error:
            raise CommandError(f"{output}: {error.strerror}") from None
        finally:
            with suppress(OSError):
                part.unlink()
