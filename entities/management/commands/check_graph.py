"""`manage.py check_graph`: compare PostgreSQL and Neo4j. The exit code is 1 if they differ."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from entities.services import graph

SHOWN = 20


class Command(BaseCommand):
    help = "Compare counts, and the content of a sample, in PostgreSQL and in Neo4j (NEO4J_URI)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sample", type=int, default=200, help="objects of each kind and tenant (200)")
        parser.add_argument("--all", action="store_true", help="compare every object")

    def handle(self, **options: Any) -> None:
        if not graph.is_on():
            raise CommandError("NEO4J_URI is not set: the graph is off.")
        try:
            found = list(islice(graph.differences(sample=None if options["all"] else options["sample"]), SHOWN + 1))
        except graph.FAILURES as error:
            raise CommandError(f"Neo4j does not answer: {error}") from None
        for sentence in found[:SHOWN]:
            self.stdout.write(sentence)
        if found:
            more = " and more" if len(found) > SHOWN else ""
            hint = f"; {waiting} changes still wait to be drained" if (waiting := graph.waiting()) else ""
            raise CommandError(f"{len(found[:SHOWN])} differences{more}{hint}.")
        self.stdout.write("PostgreSQL and the graph are equal.")
