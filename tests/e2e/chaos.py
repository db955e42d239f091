"""Stores from many clients while processes are killed: what was acknowledged is there once, and nothing is overtaken.

`python -m tests.e2e.chaos` is the full run (`make chaos`), on a PostgreSQL of its own, which is killed as well.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from memproject.embedded.servers import Database
from tests.e2e import running
from tests.e2e.running import Service
from tests.e2e.sending import KEPT, Client, Request, requests_of
from tests.e2e.strikes import Chaos

FIRST = ("worker stopped", "Redis emptied", "postmaster", "backend", "Redis", "worker", "web process", "Redis emptied")


@dataclass
class Found:
    """The figures of a run. `lost`, `doubled`: acknowledged texts. `overtaken`: requests."""

    requests: int = 0
    texts: int = 0
    tries: int = 0
    refused: list[Any] = field(default_factory=list)
    given_up: int = 0
    strikes: Counter[str] = field(default_factory=Counter)
    last_strike: str = ""
    seconds: float = 0.0
    pending: int = 0
    until_nothing_is_pending: float | None = None
    failed: list[Any] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    overtaken: list[str] = field(default_factory=list)
    wrong_homes: list[str] = field(default_factory=list)

    def good(self) -> bool:
        bad = (self.refused, self.given_up, self.pending, self.failed, self.lost, self.doubled, self.overtaken)
        return not any((*bad, self.wrong_homes))


EFFECTS = """
SELECT r.content, m.id, r.recorded_at, s.sequence
FROM memories_memory m
JOIN memories_revision r ON r.tenant_id = m.tenant_id AND r.memory_key = m.id AND r.action = 'ADD'
JOIN memories_source s ON s.tenant_id = r.tenant_id AND s.id = r.source_key
JOIN apikeys_tenant t ON t.id = m.tenant_id
WHERE m.user_id = %s
"""
LIVE_HOMES = """
SELECT content FROM memories_revision
WHERE user_id = %s AND retired_at IS NULL AND valid_to IS NULL AND NOT archived AND content LIKE 'User lives in %%'
"""


def look(service: Service, clients: Sequence[Client], found: Found) -> None:
    """Compare what was acknowledged with what is stored. Users have names of their own, also across tenants."""
    with psycopg.connect(service.database) as connection:
        failed = "SELECT failure, attempts, count(*) FROM memories_source WHERE state = 'failed' GROUP BY 1, 2"
        found.failed = connection.execute(failed).fetchall()
        for user in sorted({client.user for client in clients}):
            requests = [request for client in clients if client.user == user for request in client.requests]
            taken = [request for request in requests if request.acknowledged is not None]
            rows = connection.execute(EFFECTS, [user]).fetchall()
            times = Counter(content for content, *_ in rows)
            effect = {content: (moment.timestamp(), sequence) for content, _, moment, sequence in rows}
            texts = [text for request in taken for text in request.texts]
            found.lost += [text for text in texts if not times[text]]
            found.doubled += [text for text, number in times.items() if number > 1]
            found.overtaken += overtaken(taken, effect)
            last = max((r for r in taken if r.home), key=lambda r: r.sent, default=None)
            homes = [content for (content,) in connection.execute(LIVE_HOMES, [user])]
            wanted = [] if last is None else [KEPT.format(last.home)]
            if homes != wanted:
                found.wrong_homes.append(f"{user}: {homes}, not {wanted}")


def overtaken(taken: Sequence[Request], effect: dict[str, tuple[float, int]]) -> list[str]:
    """Requests that a later one, sent when they were acknowledged already, has taken effect before."""
    placed = [(r, [effect[text] for text in r.texts if text in effect]) for r in taken]
    found = []
    for earlier, mine in placed:
        for later, theirs in placed:
            if mine and theirs and later.sent > (earlier.acknowledged or 0.0):
                if min(moment for moment, _ in theirs) < max(moment for moment, _ in mine):
                    found.append(f"{earlier.texts[0]} by {later.texts[0]}")
                    break
                if min(place for _, place in theirs) < max(place for _, place in mine):
                    found.append(f"{earlier.texts[0]} has a later place than {later.texts[0]}")
                    break
    return found


def run(
    service: Service,
    keys: Sequence[str],
    *,
    owners: int,
    stores: int,
    first: Sequence[str],
    pause: tuple[float, float],
    think: float,
    database: Database | None = None,
    seed: int = 0,
    patience: float = 60.0,
) -> Found:
    """`owners` users, shared among `keys` (one a tenant), with two clients each: one of them says where they live."""
    dice = random.Random(seed)
    mark = uuid.uuid4().hex[:6]
    clients = []
    for number in range(owners):
        for moves in (True, False):
            user, key = f"chaos-{mark}-{number}", keys[number % len(keys)]
            asked = requests_of(dice, user, stores // owners // 2, moves=moves)
            clients.append(Client(service.url, key, user, asked, think))
    chaos = Chaos(service, dice, pause, database)
    striking = threading.Thread(target=chaos.run, args=(first,))
    begun = time.time()
    striking.start()
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(Client.run, clients))
    chaos.over.set()
    striking.join()
    found = Found(strikes=chaos.strikes, last_strike=chaos.last_strike, seconds=round(time.time() - begun, 1))
    last = chaos.last or time.time()
    while (waiting := pending(service)) != 0 and time.time() - last < patience:
        time.sleep(0.25)
    found.pending = -1 if waiting is None else waiting
    found.until_nothing_is_pending = None if waiting else round(max(0.0, time.time() - last), 1)
    every = [request for client in clients for request in client.requests]
    found.requests, found.texts = len(every), sum(len(request.texts) for request in every)
    found.tries = sum(request.tries for request in every)
    found.refused = [(r.path, r.refused) for r in every if r.refused is not None]
    found.given_up = sum(r.acknowledged is None and r.refused is None for r in every)
    look(service, clients, found)
    return found


def pending(service: Service) -> int | None:
    """None while the database is away."""
    try:
        return service.pending()
    except psycopg.Error:
        return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=1000)
    parser.add_argument("--owners", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--think", type=float, default=18.0, help="the longest pause of a client, in seconds")
    parser.add_argument("--lease", default="4", help="LEASE_SECONDS of the service")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mp-chaos-"))
    database = Database(folder / "postgres", print)
    service = None
    try:
        os.environ["DATABASE_URL"] = database.create()
        service = running.start(
            folder / "service",
            also=database.poll,
            SECRET_KEY="for the chaos alone",
            MASTER_KEY="the-master-key-of-the-chaos",
            KEY_PEPPERS="1:older,2:newer",
            SPACY_MODEL="en_core_web_sm",
            EMBEDDING_MODEL_DIR=os.environ.get("EMBEDDING_MODEL_DIR") or str(running.children.ROOT / ".cache/models"),
            PIPELINE_PROCESSES="2",
            LEASE_SECONDS=asked.lease,
        )
        _, other = running.another_tenant(service, "other")
        print(f"seed {asked.seed}, logs in {folder}", flush=True)
        found = run(
            service,
            [service.key, other.key],
            owners=asked.owners,
            stores=asked.stores,
            first=FIRST,
            pause=(2.0, 5.0),
            think=asked.think,
            database=database,
            seed=asked.seed,
        )
    finally:
        if service is not None:
            running.stop(service)
        database.stop()
    for name, value in vars(found).items():
        shown = f"{len(value)} {value[:5]}" if isinstance(value, list) else value
        print(f"{name.replace('_', ' ')}: {shown}")
    print("good" if found.good() else "NOT GOOD")
    if found.good():
        shutil.rmtree(folder)
    return 0 if found.good() else 1


if __name__ == "__main__":
    raise SystemExit(main())
