"""Split a JSON text into parts that can be understood alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WHOLE = 400  # characters: an object of plain values up to this length stays one part
DEPTH = 6  # deeper values stay one part; each level reads its values again
MAX_NAME_LENGTH = 60
SPACE = re.compile(r"[ \t\r\n]*+")
DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class JsonPart:
    start: int
    stop: int
    path: tuple[str, ...]


def parts(text: str, start: int, stop: int) -> list[JsonPart] | None:
    """The parts of a JSON object or array, in order; None if `text[start:stop]` is none."""
    if start >= stop or text[start] not in "{[" or text[stop - 1] not in "}]":
        return None
    source = text[:stop]
    try:
        value, end = DECODER.raw_decode(source, start)
        if end != stop or not value:
            return None
        return list(_parts(source, start, stop, value, ()))
    except (ValueError, RecursionError):
        return None


def _parts(text: str, start: int, stop: int, value: Any, path: tuple[str, ...]) -> Iterator[JsonPart]:
    if _plain(value, stop - start) or len(path) >= DEPTH:
        yield JsonPart(start, stop, path)
        return
    inside = path
    for key, begun, at, end, member in _members(text, start):
        if isinstance(member, dict | list) and member:
            below = (*inside, key) if key else inside
            if _plain(member, end - at):
                yield JsonPart(begun if key else at, end, inside)
            else:
                yield from _parts(text, at, end, member, below)
        elif member not in (None, "", [], {}):
            yield JsonPart(begun, end, inside)
            if inside is path and isinstance(member, str) and len(member) <= MAX_NAME_LENGTH and key:
                inside = (*path, f"{key}: {member}")  # the first plain value says what the others are about


def _plain(value: Any, length: int) -> bool:
    """Whether it is short and holds no objects or lists, but for a list of plain values."""
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return length <= WHOLE and not any(isinstance(each, dict) for each in inner) and not _nested(inner)


def _nested(values: Any) -> bool:
    return any(isinstance(deep, dict | list) for each in values if isinstance(each, list) for deep in each)


def _members(text: str, start: int) -> Iterator[tuple[str, int, int, int, Any]]:
    """(key or "", start of the member, start and end of its value, value) of the object or array at `start`."""
    named = text[start] == "{"
    at = _skip(text, start + 1)
    while text[at] not in "}]":
        begun, key = at, ""
        if named:
            key, at = DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        value, end = DECODER.raw_decode(text, at)
        yield key, begun, at, end, value
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = SPACE.match(text, at)
    return match.end() if match else at
