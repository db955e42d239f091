"""What the clean-up of expired memories does to recall, and that recall writes nothing.

    .venv/bin/python -m benchmarks.cleanup --expired 100000

One user's memories are asked over HTTP, with one client, before, while and after the expired memories of a thousand
others are erased in batches, as the clock does it. Then PostgreSQL's counters of written rows are compared around 1,000
recalls. All of it is loaded by COPY (`benchmarks/loader.py`) and erased again.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from itertools import count, islice
from typing import Any

from benchmarks.client import Api, CannotMeasureError
from benchmarks.load import ask, key_of_our_own  # it sets Django up: what follows needs that

# isort: split
import datetime as dt

from django.conf import settings
from django.db import connection

from apikeys import services
from benchmarks import loader
from benchmarks.conversation import questions
from benchmarks.retrieval_metrics import percentiles
from core.clock import now
from memories.pipeline import expire
from memories.types import MemoryScope

ASKED = 5_000  # memories of the user who is asked
EACH = 100  # of each of the others
CALLS = 300
RECALLS = 1_000
FLUSHED = 3.0  # seconds after which every process has told PostgreSQL what it wrote

EXPIRE = """
UPDATE memories_revision SET recorded_at = %(before)s, expires_at = %(moment)s
WHERE tenant_id = %(tenant)s AND user_id LIKE %(users)s
"""
WRITTEN = """
SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables
UNION ALL
SELECT 'pg_stat_database', tup_inserted + tup_updated + tup_deleted FROM pg_stat_database
WHERE datname = current_database()
"""


def measure(options: argparse.Namespace, key: str) -> None:
    api, run = Api(options.url, key), f"cleanup-{int(time.time())}"
    api.check()
    print(f"{os.cpu_count()} cores, the client on the same machine; {ASKED:,d} memories are asked", flush=True)
    try:
        loader.load(f"{run}-asked", ASKED)
        loader.load(f"{run}-others", options.expired, each=EACH)
        loader.settle()
        asked = count()
        texts = questions(RECALLS, ASKED)

        def recall() -> None:
            ask(api, texts, f"{run}-asked", next(asked))

        timed(api, recall, CALLS // 4)
        report("before", timed(api, recall, CALLS))
        cleaning = Cleaning(f"{run}-others-%")
        cleaning.start()
        during = timed(api, recall, sys.maxsize, until=cleaning.done)
        cleaning.join()
        report("during", during)
        rate = cleaning.erased / cleaning.took
        print(f"# erased {cleaning.erased:,d} in {cleaning.took:.0f} s, {rate:,.0f} a second")
        report("after", timed(api, recall, CALLS))
        print(written(lambda: timed(api, recall, RECALLS)))
    finally:
        loader.erase(run)


class Cleaning(threading.Thread):
    """Lets memories expire, and erases them as the task of the clock does."""

    def __init__(self, users: str) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.erased, self.took, self._users = 0, 0.0, users

    def run(self) -> None:
        try:
            self._let_expire()
            scope = MemoryScope(services.default_tenant().id, None, None)
            begun, self.erased = time.perf_counter(), expire.count(scope)
            while expire.count(scope):  # the service's own clock may be at it already: then it is waited for
                expire.run_for_all_tenants()
                time.sleep(0.1)
            self.took = time.perf_counter() - begun
        finally:
            self.done.set()
            connection.close()

    def _let_expire(self) -> None:
        tenant, moment = services.default_tenant().id, now()
        before = moment - dt.timedelta(days=1)
        values: dict[str, Any] = {"tenant": tenant, "users": self._users, "moment": moment, "before": before}
        with connection.cursor() as cursor:
            cursor.execute(EXPIRE, values)


def timed(api: Api, call: Callable[[], None], times: int, *, until: threading.Event | None = None) -> list[float]:
    """Seconds of each call."""
    api.times.clear()
    for _ in islice(count(), times):
        if until is not None and until.is_set():
            break
        call()
    return list(api.times["recall"])


def report(name: str, times: list[float]) -> None:
    p50, p95 = percentiles(times)
    print(f"recall {name:7s} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   {len(times):6,d} calls", flush=True)


def written(act: Callable[[], object]) -> str:
    """What was written while something else went on, by PostgreSQL's counters."""
    before = counters()
    act()
    after = counters()
    grown = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    everything = grown.pop("pg_stat_database", 0)
    # Uses are added up by a task, a key's last use is noted once a minute; what no table has is PostgreSQL's own.
    tables = ", ".join(f"{name} {rows:,d}" for name, rows in sorted(grown.items())) or "none"
    return f"rows written around {RECALLS:,d} recalls: {everything:,d} (pg_stat_database); by table: {tables}"


def counters() -> dict[str, int]:
    time.sleep(FLUSHED)
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN)
        return {name: int(rows) for name, rows in cursor.fetchall()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=f"http://127.0.0.1:{settings.API_PORT}")
    parser.add_argument("--expired", type=int, default=100_000)
    options = parser.parse_args()
    try:
        with key_of_our_own() as key:
            measure(options, key)
    except CannotMeasureError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
