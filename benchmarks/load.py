"""`make bench`: how fast store and recall are at 1 and at 8 clients, beside the floor of the same run.

The floor of a recall is what it can't do without: embedding the question, and the SQL that finds candidates, each
measured in this process, on the service's own database: the time that its statements take, and nothing around them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memproject.settings")
os.environ.setdefault("MEMPROJECT_WORKER", "true")  # one connection, no pool
django.setup()

from django.conf import settings  # noqa: E402  (Django has to be set up first)
from django.db import DatabaseError, connection  # noqa: E402

from apikeys import services  # noqa: E402
from benchmarks.client import Api, CannotMeasureError  # noqa: E402
from benchmarks.retrieval_metrics import percentiles  # noqa: E402
from core.clock import now  # noqa: E402
from memories.embeddings import registry  # noqa: E402
from memories.retrieval.analyze import analyze  # noqa: E402
from memories.retrieval.fuse import fuse  # noqa: E402
from memories.retrieval.retrieve import retrieve  # noqa: E402
from memories.retrieval.score import score  # noqa: E402
from memories.types import MemoryScope, RecallQuery  # noqa: E402

MEMORIES = 2_000
CALLS = 400
PEOPLE = ("Ann", "Bob", "Carla", "Dmitri", "Elif", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Keiko", "Lena", "Mateo")
VERBS = ("bought", "sold", "painted", "repaired", "photographed", "described", "lost", "found", "studied", "borrowed")
THINGS = (
    *("garden", "bicycle", "violin", "lantern", "kayak", "telescope", "notebook", "harbour", "orchard", "bakery"),
    *("museum", "bridge", "castle", "lighthouse", "greenhouse", "workshop", "library", "stadium", "cinema", "meadow"),
)
WHEN = ("in spring", "last winter", "on a Sunday", "during the storm", "before lunch", "at dawn", "in the holidays")


def sentence(dice: random.Random, number: int) -> str:
    who, other = dice.sample(PEOPLE, 2)
    where, what = dice.sample(THINGS, 2)
    return f"{who} {dice.choice(VERBS)} the {what} near the {where} with {other} {dice.choice(WHEN)} ({number})"


def question(dice: random.Random) -> str:
    return f"What did {dice.choice(PEOPLE)} do with the {dice.choice(THINGS)} {dice.choice(WHEN)}?"


def timed(call: Callable[[int], object], times: int) -> list[float]:
    """Seconds of each of `times` calls."""
    found = []
    for number in range(times):
        begun = time.perf_counter()
        call(number)
        found.append(time.perf_counter() - begun)
    return found


def floor(user: str, questions: list[str]) -> dict[str, tuple[float, float]]:
    """(p50, p95) in ms of embedding a question, and of the candidates' statement, each alone."""
    encoder = registry.encoder()
    encoder.encode(["warm"])
    scope = MemoryScope(services.default_tenant().id, user, ("default",))
    spent: list[float] = []

    def clock(execute: Callable[..., Any], *statement: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(*statement)
        finally:
            spent[-1] += time.perf_counter() - begun

    def sql(number: int) -> None:
        spent.append(0.0)
        fuse(score(retrieve(analyze(scope, RecallQuery(questions[number % len(questions)]), now()))))

    with connection.execute_wrapper(clock):
        timed(sql, CALLS // 2)
    return {
        "embedding": percentiles(timed(lambda n: encoder.encode([questions[n % len(questions)]]), CALLS // 2)),
        "SQL": percentiles(spent[20:]),
    }


def with_clients(
    apis: list[Api], name: str, work: Callable[[Api, int], None], calls: int
) -> tuple[float, float, float]:
    """(p50 ms, p95 ms, calls a second) of `calls` calls, shared among the clients."""
    for api in apis:
        api.times.clear()

    def run(index: int) -> None:
        for number in range(index, calls, len(apis)):
            work(apis[index], number)

    begun = time.perf_counter()
    with ThreadPoolExecutor(len(apis)) as pool:
        list(pool.map(run, range(len(apis))))
    took = time.perf_counter() - begun
    return *percentiles([t for api in apis for t in api.times[name]]), calls / took


def measure(options: argparse.Namespace, key: str) -> None:
    apis = [Api(options.url, key) for _ in range(8)]
    apis[0].check()
    dice, user = random.Random(7), f"load-{int(time.time())}"
    texts = [sentence(dice, number) for number in range(options.memories)]
    questions = [question(dice) for _ in range(50)]
    extra = min(CALLS, options.memories // 4)
    try:
        rows = {
            "store, 1 client": with_clients(apis[:1], "store", lambda a, n: a.store(texts[n], user), extra),
            "store, 8 clients": with_clients(
                apis, "store", lambda a, n: a.store(texts[extra + n], user), options.memories - extra
            ),
            "recall, 1 client": with_clients(apis[:1], "recall", lambda a, n: ask(a, questions, user, n), CALLS),
            "recall, 8 clients": with_clients(apis, "recall", lambda a, n: ask(a, questions, user, n), CALLS * 2),
        }
        alone = floor(user, questions)
    finally:
        apis[0].erase(user)
    print(f"{options.memories} memories of one user; {os.cpu_count()} cores, the clients on the same machine")
    for name, (p50, p95, rate) in rows.items():
        print(f"{name:18s} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   {rate:6.1f}/s")
    for name, (p50, p95) in alone.items():
        print(f"{name + ' alone':18s} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms")
    bottom = sum(p50 for p50, _ in alone.values())
    ratio = rows["recall, 1 client"][0] / bottom
    print(f"floor (both)       p50 {bottom:6.1f} ms   recall / floor = {ratio:.2f} (aim: at most 2)")
    if options.json:
        Path(options.json).write_text(json.dumps({"calls": rows, "alone": alone, "ratio": ratio}, indent=1))


def ask(api: Api, questions: list[str], user: str, number: int) -> None:
    api.recall(questions[number % len(questions)], user)


@contextlib.contextmanager
def key_of_our_own() -> Iterator[str]:
    """A key for this run alone: we have the service's database anyway."""
    try:
        new = services.create(tenant=services.default_tenant(), name="make bench", created_by="make bench")
    except DatabaseError:
        raise CannotMeasureError(
            "There is no database: start the service with RATE_LIMITS_ENABLED=false make up"
        ) from None
    try:
        yield new.secret
    finally:
        services.revoke(new.row.id)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=f"http://127.0.0.1:{settings.API_PORT}")
    parser.add_argument("--memories", type=int, default=MEMORIES)
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
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
