"""`manage.py import_memories FILE`: import a file of `export_memories` into a tenant, all of it or nothing."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import AppError
from memories.services.imports import Imported, import_file


class Command(BaseCommand):
    help = "Import an export into a tenant: all of it, with its history, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a file of export_memories; - for standard input")
        parser.add_argument("--tenant", default="default", help="slug (default: %(default)s)")
        parser.add_argument("--user", help="only this user's lines")
        parser.add_argument("--skip-existing", action="store_true", help="skip owners that already have memories here")

    def handle(self, **options: Any) -> None:
        try:
            with _opened(options["file"]) as file:
                done = import_file(
                    options["tenant"], file, user_id=options["user"], skip_existing=options["skip_existing"]
                )
        except AppError as error:
            raise CommandError(error.message) from None
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        self.stdout.write(said(done))


def said(done: Imported) -> str:
    """The result as a sentence."""
    kinds = ", ".join(f"{number} {name}" for name, number in done.lines.items() if number) or "nothing"
    ids = " All ids are new, since some existed." if done.renamed else ""
    left = f" {done.skipped} owners were skipped: they already have memories here." if done.skipped else ""
    return f"Imported of {done.owners} owners: {kinds}.{ids}{left}"


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    """The file, which is read three times; standard input is copied for that."""
    if name != "-":
        with Path(name).open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        yield copy
