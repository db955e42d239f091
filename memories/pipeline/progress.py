"""How far a write with many facts is applied: what a repeat after a kill needs, to lose and to double nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

KEY = "progress"  # in `Source.result`


@dataclass(frozen=True, slots=True)
class Progress:
    """`statements` of those that the extractor `by` finds in the write are applied, with so many `outcomes` rows, which
    count on where another extractor had begun. `first` is the public id that the write had reserved at first.
    """

    statements: int = 0
    outcomes: int = 0
    by: str = ""
    first: str | None = None
    entities: int = 0
    relations: int = 0

    def done(self, by: str) -> int:
        """How many statements of a reading by this extractor are applied: another one finds others."""
        return self.statements if by == self.by else 0

    def kept(self) -> dict[str, Any]:
        """As a part of `Source.result`."""
        return {KEY: asdict(self)} if self.outcomes else {}


NOTHING_APPLIED = Progress()


def progress_of(result: Mapping[str, Any]) -> Progress:
    return Progress(**result.get(KEY, {}))
