"""Runs in the environment of the published client, not in the tests': a line of JSON in (method and arguments), a line
of JSON out (what the method gave, or the exception that it raised)."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import datetime
from typing import Any

from remembra import Memory, MemoryError


def plain(value: Any) -> Any:
    """What `json` can't write by itself."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value))


def answer(client: Memory, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"gave": getattr(client, method)(**arguments)}
    except MemoryError as error:
        return {"raised": str(error), "status_code": error.status_code}


if __name__ == "__main__":
    with Memory(**json.loads(sys.argv[1])) as memory:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(answer(memory, **json.loads(line)), default=plain) + "\n")
            sys.stdout.flush()
