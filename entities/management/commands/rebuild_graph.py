"""`manage.py rebuild_graph`: the graph from nothing, out of PostgreSQL. Killed, it goes on when it is called again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from entities.services import graph

WIDTH = 30


class Command(BaseCommand):
    help = "Empty the graph in Neo4j (NEO4J_URI) and make it anew out of PostgreSQL; goes on where it was killed."

    def handle(self, **options: Any) -> None:
        if not graph.is_on():
            raise CommandError("NEO4J_URI is not set: the graph is off.")
        try:
            noted = graph.rebuild(self.show)
        except graph.FAILURES as error:
            raise CommandError(f"The graph is not finished: {error}") from None
        self.stdout.write(f"The graph is made anew: {noted} objects.")

    def show(self, what: str, done: int, of: int) -> None:
        """A bar on a terminal, a line now and then elsewhere."""
        share = done / of if of else 1.0
        bar = "#" * round(share * WIDTH)
        end = "\r" if self.stderr.isatty() and done < of else "\n"
        self.stderr.write(f"{what:8} [{bar:{WIDTH}}] {done:,} of {of:,}", ending=end)
