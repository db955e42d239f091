"""How the time of a function grows with the length of a hostile text."""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable
from functools import partial
from typing import Any

# Units that are repeated up to a length. A scanner that looks at the text again for each of them is quadratic.
UNITS = {
    "newlines": "\n",
    "carriage returns": "\r\n",
    "blanks": " ",
    "square brackets": "[",
    "round brackets": "(",
    "braces": '{"a":',
    "quotation marks": '"',
    "opening quotation marks": "“",
    "apostrophes": "'",
    "backticks": "`",
    "code fences": "```\n",
    "digits": "7",
    "numbers": "7 ",
    "phone numbers": "12-",
    "underscored": "a_",
    "comments": "<!--",
    "dotted": "a.b.c.",
    "abbreviations": "Mr. ",
    "initials": "A.",
    "stops": ". ",
    "questions": "?",
    "stops and quotes": ".'",
    "full-width stops": "。",
    "at signs": "@",
    "addresses": "a@b.",
    "half addresses": "a@",
    "calls": "a(",
    "statements": "a; ",
    "tags": "<a ",
    "emoji": "😀",
    "combining marks": "\u0301\u0316",
    "marks that decompose": "\u0f73",
    "half-width marks": "\uff9e\u0334",
    "one long word": "x",
    "one long line of underscores": "_",
    "Chinese": "東京",
    "small talk": "ok ",
    "names": "Ann, ",
    "repeated dates": "5 May 2023 ",
    "ISO times": "2024-01-01T11:11",
    "dates in brackets": "[2024-01-01] ",
    "lines of a context": "[2024-01-01] Ann: I like tea.\n",
    "times ago": "a few days ago ",
    "fields": "Name: ",
    "lists": "- a\n",
}
# Around the repeated part: what makes a scanner try it, and what makes it fail at the end.
FRAMES = ("{}", "[2024-01-01] Ann: x{}x")

FLOOR = 0.5  # seconds; less is no danger at the lengths that are tried, and too little to be compared
MAX_RATIO = 3.0  # times as long for twice the text
FIRST = 4_000  # characters: a quadratic function fails at a short text, in seconds and not in hours

Make = Callable[[int], Any]
Clock = Callable[[], float]


def texts(frames: tuple[str, ...] = FRAMES) -> dict[str, Make]:
    """Functions that give a text of (about) a length, by what is repeated in which frame."""
    return {
        f"{name} in {frame!r}": partial(_framed, frame, unit)
        for (name, unit), frame in itertools.product(UNITS.items(), frames)
    }


def fault(
    run: Callable[[str], object], length: int, frames: tuple[str, ...] = FRAMES, clock: Clock = time.thread_time
) -> str:
    """The first hostile text of up to `length` characters for which `run` is not linear, with its times; or ""."""
    made = texts(frames).items()
    found = (f"{name}: {times}" for name, make in made if (times := superlinear(run, make, length, clock)))
    return next(found, "")


def superlinear(run: Callable[[Any], object], make: Make, length: int, clock: Clock = time.thread_time) -> str:
    """The two times if `run(make(2 * n))` takes more than MAX_RATIO times as long as `run(make(n))`, else "".

    Short texts are tried first, then `length`. The clock is that of this thread, so that other processes don't count,
    and what looks slow is measured again.
    """

    def seconds(size: int) -> float:
        given, begun = make(size), clock()
        gc.freeze()  # the garbage collector doesn't visit what earlier tests left
        try:
            run(given)
        finally:
            gc.unfreeze()
        return clock() - begun

    short = itertools.takewhile(lambda size: size < length / 10, (FIRST << step for step in itertools.count()))
    for size in (*short, length):
        now = seconds(size)
        if now > FLOOR and now > MAX_RATIO * (before := seconds(size // 2)):
            before = min(before, seconds(size // 2), seconds(size // 2))
            now = min(now, seconds(size), seconds(size))
            if now > MAX_RATIO * before:
                return f"{size // 2:,} take {before:.3f} s and {size:,} take {now:.3f} s"
    return ""


def _framed(frame: str, unit: str, length: int) -> str:
    return frame.replace("{}", (unit * (length // len(unit) + 1))[:length])
