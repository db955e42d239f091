"""Whether an answer has the shape of a documented example."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

_PUBLIC_ID = re.compile(r"([a-z]+_)\w+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def shaped_like(example: Any, answer: Any) -> list[str]:
    """What of the example is missing in the answer or of another type: its keys, the prefix of ids, the form of times.

    The answer may have more keys. A list may be empty; each of its elements is like the example's first.
    """
    return list(_misfits(example, answer, "answer"))


def _misfits(example: Any, answer: Any, path: str) -> Iterator[str]:
    if _kind(example) != _kind(answer):
        yield f"{path}: {_kind(answer)} instead of {_kind(example)}"
    elif isinstance(example, dict):
        for key, value in example.items():
            if key in answer:
                yield from _misfits(value, answer[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}: missing"
    elif isinstance(example, list) and example:
        for place, value in enumerate(answer):
            yield from _misfits(example[0], value, f"{path}.{place}")
    elif isinstance(example, str):
        id_of = _PUBLIC_ID.fullmatch(example) if path.endswith(".id") else None
        if id_of and not answer.startswith(id_of[1]):
            yield f"{path}: no id with {id_of[1]}"
        if _MOMENT.fullmatch(example) and not _is_moment(answer):
            yield f"{path}: no time as in the example"


def _kind(value: Any) -> str:
    """Numbers are one kind: whether 1 is written 1.0 says nothing in JSON."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return type(value).__name__


def _is_moment(text: str) -> bool:
    return bool(_MOMENT.fullmatch(text)) and dt.datetime.fromisoformat(text).tzinfo is not None
