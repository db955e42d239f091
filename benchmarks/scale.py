"""How fast recall is in scopes of different sizes, and in a big table, beside the floor of the same run.

    .venv/bin/python -m benchmarks.scale --sizes 1000 10000 100000 --table 1000000

Each scope is loaded by COPY (`benchmarks/loader.py`), asked over HTTP and erased again. The rows of a scope:

- `cold`: the first question about an owner whom no process has been asked about; each of a few owners is asked once;
- `repeated scope`: questions about one owner, each question once;
- `repeated question`: a few questions about that owner, over and over.

CPU is that of all web processes and of PostgreSQL, on this machine, divided by the number of recalls.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.client import Api, CannotMeasureError
from benchmarks.load import ask, floor, key_of_our_own, with_clients  # it sets Django up: what follows needs that

# isort: split
from django.conf import settings

from apikeys import services
from benchmarks import loader, service_usage
from benchmarks.conversation import questions
from core.clock import now
from memories.embeddings import registry
from memories.models import Owner
from memories.retrieval import nearest
from memories.retrieval.analyze import analyze
from memories.retrieval.database_search import SearchContext, search_vectors
from memories.retrieval.recipes import DENSE
from memories.retrieval.types import Question
from memories.types import MemoryScope, RecallQuery

PREFIX = "scale-"
CALLS = 300  # with one client; with eight there are twice as many
WARM = 20
FEW = 10
NEAREST_OF = 50  # questions whose nearest memories are compared
COLD = 20  # owners that are asked once
COLD_MEMORIES = 100_000  # of all of them, if that leaves three of them
ASKED = 10_000  # of the memories of `--table` belong to the scope that is asked
EACH = 100  # of the others belong to one user


@dataclass(frozen=True, slots=True)
class Measurement:
    """Times in ms; `web` and `postgres` are CPU for each recall; `floor` and `sql` are p50, alone, with one client."""

    scope: int
    table: int
    asked: str
    clients: int
    p50: float
    p95: float
    rate: float
    web: float | None
    postgres: float | None
    floor: float
    sql: float

    def __str__(self) -> str:
        ratio = f"{self.p50 / self.floor:9.2f}" if self.clients == 1 else ""
        return (
            f"{self.scope:8,d} {self.table:10,d} {self.asked:17s} {self.clients:7d} {self.p50:8.1f} {self.p95:8.1f} "
            f"{self.rate:8.1f} {_shown(self.web)} {_shown(self.postgres)} {self.floor:8.1f} {self.sql:8.1f} {ratio}"
        )


def _shown(milliseconds: float | None) -> str:
    return f"{'-':>8s}" if milliseconds is None else f"{milliseconds:8.1f}"


HEAD = (
    f"{'scope':>8s} {'table':>10s} {'asked':17s} {'clients':>7s} {'p50 ms':>8s} {'p95 ms':>8s} {'calls/s':>8s} "
    f"{'web CPU':>8s} {'PG CPU':>8s} {'floor ms':>8s} {'SQL ms':>8s} p50/floor"
)


def measure(options: argparse.Namespace, key: str) -> list[Measurement]:
    """A few rows for each scope; they are printed as they come."""
    apis = [Api(options.url, key) for _ in range(8)]
    apis[0].check()
    run, rows = f"{PREFIX}{int(time.time())}", []
    print(f"{os.cpu_count()} cores, the clients on the same machine; floor = embedding + SQL, each alone\n{HEAD}")
    try:
        for size in options.sizes:
            user = f"{run}-of-{size}"
            loaded(user, size, cold=max(3, min(COLD, COLD_MEMORIES // size)))
            rows += asked(apis, user, size, size, options.calls)
            if size > nearest.EXACT_UP_TO:
                print(by_signs(user, questions(NEAREST_OF, size)), flush=True)
            if not options.keep:
                loader.erase(user)
        if options.table:
            size = min(ASKED, options.table // 2)
            others = (options.table - size) // EACH * EACH
            loaded(f"{run}-others", others, each=EACH)
            loaded(f"{run}-asked", size, cold=3)
            rows += asked(apis, f"{run}-asked", size, size + others, options.calls)
    finally:
        if options.keep:
            print(f"kept: users {run}…; python -m benchmarks.scale --erase takes them away")
        else:
            loader.erase(run)
    return rows


def loaded(user: str, count: int, *, each: int | None = None, cold: int = 0) -> None:
    """Load a scope, and `cold` other owners with as much: they are asked once each."""
    begun = time.perf_counter()
    rate = loader.load(user, count, each=each)
    for number in range(cold):
        loader.load(f"{user}-cold-{number}", count)
    loader.settle()
    took = time.perf_counter() - begun
    total = count * (1 + cold)
    print(f"# loaded {total:,d} at {rate:,.0f} memories/s; {took:.0f} s with vectors and VACUUM ANALYZE", flush=True)


def asked(apis: list[Api], user: str, size: int, table: int, calls: int) -> list[Measurement]:
    """Ask cold owners, then one scope: distinct questions, and repeated ones, with one client and with eight."""
    all_questions = questions(WARM + 3 * calls, size)
    calls = min(calls, (len(all_questions) - WARM) // 3)
    warm, alone, shared = all_questions[:WARM], all_questions[WARM:][:calls], all_questions[WARM + calls :]
    few = all_questions[:FEW]
    cold = Owner.objects.filter(tenant=services.default_tenant().id, user_id__startswith=f"{user}-cold-").count()
    below = floor(user, alone)
    bottom, sql = sum(p50 for p50, _ in below.values()), below["SQL"][0]

    def timed(kind: str, clients: int, work: Callable[[Api, int], None], count: int) -> Measurement:
        before = service_usage.spent(apis[0].url)
        p50, p95, rate = with_clients(apis[:clients], "recall", work, count)
        after = service_usage.spent(apis[0].url)
        web = service_usage.each_ms(before.web, after.web, count)
        postgres = service_usage.each_ms(before.postgres, after.postgres, count)
        row = Measurement(size, table, kind, clients, p50, p95, rate, web, postgres, bottom, sql)
        print(row, flush=True)
        return row

    rows = [timed("cold", 1, lambda api, n: ask(api, alone, f"{user}-cold-{n}", n), cold)]
    with_clients(apis, "recall", lambda api, n: ask(api, warm, user, n), WARM)
    rows += [
        timed("repeated scope", 1, lambda api, n: ask(api, alone, user, n), calls),
        timed("repeated scope", 8, lambda api, n: ask(api, shared, user, n), 2 * calls),
        timed("repeated question", 1, lambda api, n: ask(api, few, user, n), calls),
        timed("repeated question", 8, lambda api, n: ask(api, few, user, n), 2 * calls),
    ]
    taken = service_usage.snapshot_bytes(apis[0].url)
    if taken is not None:
        print(f"# snapshots of all web processes: {taken / 2**20:,.1f} MB", flush=True)
    return rows


def by_signs(user: str, asked: Sequence[str]) -> str:
    """How many of the 100 nearest the prefilter finds that an exact look at every vector finds, on the average."""
    encoder, scope, found = registry.encoder(), MemoryScope(services.default_tenant().id, user, ("default",)), []
    for text in asked[:NEAREST_OF]:
        vector, analyzed = encoder.encode([text]).vectors[0], analyze(scope, RecallQuery(text), now())
        plain = replace(analyzed, question=Question(text, text))
        exact, sketched = (
            set(sorted_ids(search_vectors(context))[:100])
            for context in (
                SearchContext(
                    replace(plain, state=replace(plain.state, passages=size)),
                    DENSE.first,
                    vector,
                    encoder.embedder.model,
                    None,
                )
                for size in (0, nearest.EXACT_UP_TO + 1)
            )
        )
        found.append(len(exact & sketched) / max(len(exact), 1))
    return f"# by binary codes: {100 * sum(found) / len(found):.1f} % of the 100 nearest, {len(found)} questions"


def sorted_ids(near: nearest.Nearest) -> list[uuid.UUID]:
    return [key for _, key in sorted(zip(-near.cosine, near.ids, strict=True))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=f"http://127.0.0.1:{settings.API_PORT}")
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000], help="memories of one user")
    parser.add_argument("--table", type=int, default=0, help=f"memories of all users, {ASKED:,d} of them of one")
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--keep", action="store_true", help="don't erase what was loaded")
    parser.add_argument("--erase", action="store_true", help="only erase what earlier runs kept")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    if options.erase:
        loader.erase(PREFIX)
        return 0
    try:
        with key_of_our_own() as key:
            rows = measure(options, key)
    except CannotMeasureError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(row) for row in rows], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
