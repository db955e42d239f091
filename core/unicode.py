"""Unicode normalization forms in linear time."""

from __future__ import annotations

import itertools
import unicodedata
from typing import Literal

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
DIRECT_LENGTH = 1_000  # characters; below it the quadratic sort of the standard library takes a millisecond at most


def normalize(form: Form, text: str) -> str:
    """`unicodedata.normalize(form, text)`, but linear.

    The standard library sorts a run of combining marks by insertion, which is quadratic: 40,000 alternating marks take
    1.2 s. Marks that are in canonical order already are not sorted, so a long text gets that order here.
    """
    if len(text) <= DIRECT_LENGTH or text.isascii():
        return unicodedata.normalize(form, text)
    decomposed = map(unicodedata.normalize, itertools.repeat("NFKD" if "K" in form else "NFD"), text)
    return unicodedata.normalize(form, "".join(_in_canonical_order("".join(decomposed))))


def _in_canonical_order(text: str) -> itertools.chain[str]:
    """The characters of a decomposed text, each run of combining marks stably sorted by combining class."""
    runs = itertools.groupby(text, key=_is_mark)
    return itertools.chain.from_iterable(
        sorted(run, key=unicodedata.combining) if is_mark else run for is_mark, run in runs
    )


def _is_mark(character: str) -> bool:
    return unicodedata.combining(character) > 0
