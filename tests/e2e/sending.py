"""Clients that store texts, and try again as a sane client does until a request is acknowledged."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests import leaks

CITIES = (
    *("Gent", "Namur", "Antwerp", "Lisbon", "Porto", "Oslo", "Bergen", "Vienna", "Graz", "Rome", "Milan", "Turin"),
    *("Paris", "Lyon", "Berlin", "Bremen", "Madrid", "Seville", "Dublin", "Cork", "London", "Leeds", "Prague", "Brno"),
    *("Warsaw", "Krakow", "Athens", "Patras", "Helsinki", "Turku", "Zurich", "Basel", "Geneva", "Budapest", "Sofia"),
)
KEPT = "User lives in {}"  # what the rules make of such a text
GIVE_UP = 180.0  # seconds after which a client gives up on a request
CALL = 30.0  # seconds that it waits for an answer


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
