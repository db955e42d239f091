"""`manage.py rebuild_graph`: rebuild the graph from PostgreSQL. A killed rebuild continues with the next call."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from entities.services import graph

WIDTH = 30


class Command(BaseCommand):
    help = "Empty the graph in Neo4j (NEO4J_URI) and rebuild it from PostgreSQL. Continues a killed rebuild."

    def handle(self, **options: Any) -> None:
        if not graph.is_on():
            raise CommandError("NEO4J_URI is not set: the graph is off.")
        try:
            noted = graph.rebuild(self.show)
        except graph.FAILURES as error:
            raise CommandError(f"The graph is not finished: {error}") from None
        self.stdout.write(f"The graph is rebuilt: {noted} objects.")

    def show(self, what: str, done: int, of: int) -> None:
        """A progress bar on a terminal, an occasional line elsewhere."""
        share = done / of if of else 1.0
        bar = "#" * round(share * WIDTH)
        end = "\r" if self.stderr.isatty() and done < of else "\n"
        self.stderr.write(f"{what:8} [{bar:{WIDTH}}] {done:,} of {of:,}", ending=end)
