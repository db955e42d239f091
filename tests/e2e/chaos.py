"""Stores from many clients while processes are killed: what was acknowledged is there once, and nothing is overtaken.

`python -m tests.e2e.chaos` is the full run (`make chaos`), on a PostgreSQL of its own, which is killed as well.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from redis import Redis, RedisError

from memproject.embedded import redis
from memproject.embedded.servers import Database
from tests import leaks
from tests.e2e import running
from tests.e2e.running import Service

CITIES = (
    *("Gent", "Namur", "Antwerp", "Lisbon", "Porto", "Oslo", "Bergen", "Vienna", "Graz", "Rome", "Milan", "Turin"),
    *("Paris", "Lyon", "Berlin", "Bremen", "Madrid", "Seville", "Dublin", "Cork", "London", "Leeds", "Prague", "Brno"),
    *("Warsaw", "Krakow", "Athens", "Patras", "Helsinki", "Turku", "Zurich", "Basel", "Geneva", "Budapest", "Sofia"),
)
KEPT = "User lives in {}"  # what the rules make of such a text
GIVE_UP = 180.0  # seconds after which a client gives up on a request
CALL = 30.0  # seconds that it waits for an answer
STOPPED = 20.0  # seconds that a worker is stopped for
FIRST = ("worker stopped", "Redis emptied", "postmaster", "backend", "Redis", "worker", "web process", "Redis emptied")
MOST_DEATHS = 3  # in a row, of one process: the supervisor waits longer and longer before it starts it again


# --- what is sent ----------------------------------------------------------------------------------------------------
@dataclass
class Request:
    """One write request. `texts`: the memories that it makes, each of them the only one; `home`: the city of one."""

    path: str
    body: dict[str, Any]
    texts: list[str]
    home: str | None = None
    wait: bool = True
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    sent: float = 0.0
    acknowledged: float | None = None
    tries: int = 0
    refused: Any = None


@dataclass
class Client:
    """Sends its requests one after the other, with a pause of `pause` seconds at the most before each."""

    url: str
    key: str
    user: str
    requests: list[Request]
    pause: float
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        for request in self.requests:
            self.stop.wait(random.uniform(0, self.pause))
            self._send(request)

    def _send(self, request: Request) -> None:
        """Until it is acknowledged or refused: the same key and body again where the answer is missing or says so."""
        request.sent = time.time()
        leaks.net.remember(self.key, request.path, request.body)
        while time.time() - request.sent < GIVE_UP:
            request.tries += 1
            pause = min(2.0, 0.1 * 2.0**request.tries)
            try:
                self._post(request)
                request.acknowledged = time.time()
                return
            except urllib.error.HTTPError as error:
                again = error.headers.get("Retry-After")
                if error.code < 500 and again is None:
                    request.refused = error.code, error.read()
                    return
                pause = min(float(again or pause), 2.0)
            except (OSError, ValueError, EOFError):  # the connection was cut
                pass
            self.stop.wait(pause)

    def _post(self, request: Request) -> None:
        headers = {"X-API-Key": self.key, "Content-Type": "application/json", "Idempotency-Key": request.key}
        if not request.wait:
            headers["Prefer"] = "respond-async"
        sent = urllib.request.Request(self.url + request.path, json.dumps(request.body).encode(), headers)
        try:
            with urllib.request.urlopen(sent, timeout=CALL) as answer:
                json.load(answer)
        except urllib.error.HTTPError:
            raise
        except Exception as error:  # whatever a cut connection raises
            raise OSError from error


def requests_of(dice: random.Random, user: str, stores: int, *, moves: bool) -> list[Request]:
    """Requests with about `stores` texts in all: single, async, batches and conversations."""
    numbers, homes = iter(range(10_000)), iter(dice.sample(CITIES, len(CITIES)))
    made: list[Request] = []

    def note() -> str:
        number = next(numbers)
        return f"{user} put parcel {number}-{dice.randrange(10**6)} on the shelf of hall {number % 7}"

    def item(text: str, *, verbatim: bool = True) -> dict[str, Any]:
        return {"content": text, "user_id": user, "skip_extraction": verbatim}

    left = stores
    while left > 0:
        home = next(homes, None) if moves and dice.random() < 0.5 else None
        said = [] if home is None else [f"I live in {home}."]
        kept = [] if home is None else [KEPT.format(home)]
        match dice.choice(["one", "one", "async", "batch", "batch", "talk"]):
            case "batch":
                notes = [note() for _ in range(dice.randint(2, 6))]
                items = [*(item(text) for text in notes), *(item(text, verbatim=False) for text in said)]
                dice.shuffle(items)
                made.append(
                    Request("/api/v1/memories/batch", {"items": items}, notes + kept, home, dice.random() < 0.5)
                )
            case "talk" if home is None:
                notes = [note() for _ in range(dice.randint(2, 6))]
                turns = [{"role": "user", "content": text} for text in notes]
                body = {"messages": turns, "user_id": user, "options": {"infer": False}}
                made.append(Request("/api/v1/ingest/conversation", body, notes, None, dice.random() < 0.5))
            case form:
                (text,) = said or [note()]
                body = item(text, verbatim=home is None)
                made.append(Request("/api/v1/memories", body, kept or [text], home, form != "async"))
        left -= len(made[-1].texts)
    return made


# --- what is struck --------------------------------------------------------------------------------------------------
@dataclass
class Chaos:
    """Strikes something every few seconds. `database`: a server of our own, whose postmaster may be killed."""

    service: Service
    dice: random.Random
    pause: tuple[float, float]
    database: Database | None = None
    strikes: Counter[str] = field(default_factory=Counter)
    last: float = 0.0
    last_strike: str = ""
    over: threading.Event = field(default_factory=threading.Event)
    _stopped: list[threading.Timer] = field(default_factory=list)

    def run(self, most: Sequence[str]) -> None:
        """`most`: what is struck in this order at first, then anything."""
        first = list(most)
        names = sorted(self._strikes())
        while not self.over.wait(self.dice.uniform(*self.pause)):
            name = first.pop(0) if first else self.dice.choice(names)
            with suppress(psutil.NoSuchProcess, ProcessLookupError, psycopg.Error, RedisError):
                if self._strikes()[name]():
                    self.strikes[name] += 1
                    self.last, self.last_strike = time.time(), name
        for timer in self._stopped:
            timer.join()

    def _strikes(self) -> dict[str, Callable[[], bool]]:
        found: dict[str, Callable[[], bool]] = {
            "web process": lambda: self._kill_below("web"),
            "worker process": lambda: self._kill_below("worker-pipeline"),
            "worker": lambda: self._kill("worker-pipeline"),
            "maintenance worker": lambda: self._kill("worker-maintenance"),
            "beat": lambda: self._kill("beat"),
            "Redis": lambda: self._kill("redis"),
            "Redis emptied": self._empty,
            "backend": self._backend,
            "worker stopped": self._stop_worker,
        }
        if self.database is not None:
            found["postmaster"] = self._postmaster
        return found

    def _kill(self, name: str) -> bool:
        child = self.service.child(name)
        if child.policy.deaths >= MOST_DEATHS or not child.running():
            return False
        child.signal(signal.SIGKILL)
        return True

    def _below(self, name: str) -> list[psutil.Process]:
        return psutil.Process(self.service.child(name).pid).children()

    def _kill_below(self, name: str) -> bool:
        below = self._below(name)
        if below:
            self.dice.choice(below).kill()
        return bool(below)

    def _stop_worker(self) -> bool:
        """SIGSTOP of a process that applies writes; the others go on."""
        below = self._below("worker-pipeline")
        if not below or any(timer.is_alive() for timer in self._stopped):
            return False
        process = self.dice.choice(below)
        process.suspend()

        def go_on() -> None:
            with suppress(psutil.NoSuchProcess):
                process.resume()
            self.last, self.last_strike = time.time(), "worker going on"

        timer = threading.Timer(STOPPED, go_on)
        timer.start()
        self._stopped.append(timer)
        return True

    def _empty(self) -> bool:
        with Redis.from_url(redis.url(self.service.folder)) as client:
            client.flushall()
        return True

    def _backend(self) -> bool:
        with psycopg.connect(self.service.database) as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchall()
        if rows:
            os.kill(self.dice.choice(rows)[0], signal.SIGKILL)
        return bool(rows)

    def _postmaster(self) -> bool:
        assert self.database is not None
        if self.database.policy.deaths >= MOST_DEATHS:
            return False
        os.kill(self.database._server._server.get_postmaster_info().pid, signal.SIGKILL)
        return True


# --- what is left ----------------------------------------------------------------------------------------------------
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
            KEY_PEPPERS="1:older,2:newer",
            SPACY_MODEL="en_core_web_sm",
            EMBEDDING_MODEL_DIR=os.environ.get("EMBEDDING_MODEL_DIR") or str(running.children.ROOT / ".cache/models"),
            PIPELINE_PROCESSES="2",
            LEASE_SECONDS=asked.lease,
        )
        keys = [service.key, running.another_tenant(service, "other")]
        print(f"seed {asked.seed}, logs in {folder}", flush=True)
        found = run(
            service,
            keys,
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
