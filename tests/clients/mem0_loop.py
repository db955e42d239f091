"""Runs in the environment of mem0's Python client, not in the tests': a line of JSON in (key, method and arguments), a
line of JSON out (what the method gave, or the exception that it raised). `sync` or `async` is the client."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any

from mem0 import AsyncMemoryClient, MemoryClient


class Clients:
    """One client for each key."""

    def __init__(self, host: str, kind: str) -> None:
        self.host, self.make = host, {"sync": MemoryClient, "async": AsyncMemoryClient}[kind]
        self.loop = asyncio.new_event_loop()
        self.made: dict[str, Any] = {}

    def call(self, key: str, method: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if key not in self.made:
            asyncio.set_event_loop(self.loop)
            self.made[key] = self.make(api_key=key, host=self.host)
        client = self.made[key]
        if method == "identity":
            return {name: getattr(client, name) for name in ("org_id", "project_id", "user_email")}
        found = client
        for name in method.split("."):
            found = getattr(found, name)
        given = found(*args, **kwargs)
        return self.loop.run_until_complete(given) if asyncio.iscoroutine(given) else given


def answer(clients: Clients, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"gave": clients.call(asked["key"], asked["method"], asked["args"], asked["kwargs"])}
    except Exception as error:
        details = getattr(error, "details", None)
        said = getattr(error, "message", str(error))
        debug = {k: v for k, v in getattr(error, "debug_info", {}).items() if k != "url"}
        return {"raised": type(error).__name__, "message": said, "details": details, "debug": debug}


if __name__ == "__main__":
    logging.disable()
    clients = Clients(sys.argv[1], sys.argv[2])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(clients, json.loads(line))) + "\n")
        sys.stdout.flush()
