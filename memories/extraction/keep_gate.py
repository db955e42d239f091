"""Stand-in until the branch `sentences` is merged."""

from __future__ import annotations

from memories.extraction.segments import Segment
from memories.providers.sentences import states_something


def keeps(segment: Segment, *, role: str | None, before: str | None, first: bool, last: bool, count: int) -> bool:
    return states_something(segment.text)
