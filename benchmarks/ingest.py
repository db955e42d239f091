"""How fast texts are read, embedded and written without a language model, and what takes the time.

    .venv/bin/python -m benchmarks.ingest

The worker's own code runs in this process, one write after another, against the database of a running service. Shares
are of the time from an accepted write to an applied one; `parsing` is spaCy and the rules, of the old facts that a new
one is compared with, too.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from benchmarks.client import CannotMeasureError
from benchmarks.load import key_of_our_own  # it sets Django up: what follows needs that

# isort: split
from django.db import connection, transaction

from apikeys import services
from apikeys.scopes import Role
from apikeys.types import Principal
from benchmarks import loader
from benchmarks.conversation import turns
from core.clock import iso
from memories.embeddings import registry
from memories.extraction.extractor import from_settings
from memories.models import Source, WriteQueue
from memories.pipeline import owner_pass, write_queue
from memories.pipeline.write_queue import Priority
from memories.services.store import source_of
from memories.types import Item, StoreCommand

USER = "ingest-"
TURNS = 600
BATCH_SIZES = (1, 20)  # messages of one write
WARM = 20


class Clock:
    """Seconds by part; what runs inside a part that is measured already belongs to that."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._inside = False

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            if self._inside:
                return function(*args, **named)
            self._inside, begun = True, time.perf_counter()
            try:
                return function(*args, **named)
            finally:
                self._inside = False
                self.spent[part] += time.perf_counter() - begun

        return call

    @contextmanager
    def running(self) -> Iterator[None]:
        """While this is open, parsing, embedding and the database are measured."""
        extractor, encoder = from_settings(), registry.encoder()
        database = self.timed("database", lambda execute, *args: execute(*args))
        with (
            mock.patch.object(type(extractor), "read", self.timed("parsing", type(extractor).read)),
            mock.patch.object(type(encoder), "encode", self.timed("embedding", type(encoder).encode)),
            connection.execute_wrapper(database),
        ):
            yield


def measure(at_once: int, count: int) -> str:
    """One line: the rate and the shares, of `count` turns in writes of `at_once` messages."""
    user = f"{USER}{int(time.time())}-{at_once}"
    caller = Principal(services.default_tenant().id, caller="benchmark", role=Role.EDITOR)
    said = [Item(t.text, "user", t.speaker, t.said_at, iso(t.said_at)) for t in turns(count + WARM)]
    try:
        for item in said[:WARM]:
            _store(caller, user, (item,))
        clock, begun = Clock(), time.perf_counter()
        with clock.running():
            for start in range(WARM, len(said), at_once):
                _store(caller, user, tuple(said[start : start + at_once]))
        took = time.perf_counter() - begun
    finally:
        loader.erase(user)
    shares = {part: 100 * clock.spent[part] / took for part in ("parsing", "embedding", "database")}
    line = "  ".join(f"{part} {share:4.1f} %" for part, share in shares.items())
    return (
        f"{at_once:3d} a write: {count / took:6.1f} messages/s   {line}  the rest {100 - sum(shares.values()):4.1f} %"
    )


def _store(caller: Principal, user: str, items: tuple[Item, ...]) -> None:
    source = source_of(caller, StoreCommand(items, user_id=user))
    with transaction.atomic():
        write_queue.enqueue(source.tenant_id, source.project, source.user_id, count=1, priority=Priority.BULK)
        Source.objects.bulk_create([source])
    queue = WriteQueue.objects.get(tenant=source.tenant_id, project=source.project, user_id=source.user_id)
    owner_pass.run(source.tenant_id, queue.id)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=TURNS)
    options = parser.parse_args()
    try:
        with key_of_our_own():
            for at_once in BATCH_SIZES:
                print(measure(at_once, options.turns), flush=True)
    except CannotMeasureError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
