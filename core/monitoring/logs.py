"""The format of log lines. An exception is logged by its type and place, never by its message."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import Any


def frames(error: BaseException) -> str:
    """The stack frames of an error, and the types of its causes. Messages are left out, because they quote input
    (`invalid literal for int(): '…'`) and stored data (`Failing row contains (…)`)."""
    return "\n".join(_parts(error))


def _parts(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield "".join(["Traceback (most recent call last):\n", *traceback.format_tb(each.__traceback__)]).rstrip("\n")
        yield f"{type(each).__module__}.{type(each).__qualname__}"
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


class LogFormatter(logging.Formatter):
    def formatException(self, ei: Any) -> str:
        return frames(ei[1]) if ei[1] is not None else ""
