"""`manage.py graph_schema`: create missing constraints and indexes of the graph."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from entities.services import graph


class Command(BaseCommand):
    help = "Create missing constraints and indexes of the graph in Neo4j (NEO4J_URI)."

    def handle(self, **options: Any) -> None:
        if not graph.is_on():
            raise CommandError("NEO4J_URI is not set: the graph is off.")
        try:
            self.stdout.write(f"{graph.make_schema()} constraints and indexes are there.")
        except graph.FAILURES as error:
            raise CommandError(f"Neo4j failed: {error}") from None
