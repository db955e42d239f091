"""From what was said to what it states: the first step of the pipeline. No transaction is open here."""

from __future__ import annotations

from collections.abc import Sequence

from memories.providers.sentences import SentenceExtractor
from memories.types import Fact, Item


def extract(items: Sequence[Item], *, infer: bool, roles: frozenset[str] | None = None) -> tuple[Fact, ...]:
    """The facts of `items`, in order; without `infer` each item is one fact, verbatim.

    `roles`: only what these say is looked at, and all of them may state facts. None: the extractor's own judgement.
    """
    if infer:
        return SentenceExtractor().extract(items, roles)
    return tuple(
        Fact(i.content, i.content, position, i.role, i.speaker, i.said_at, i.stamp, verbatim=True)
        for position, i in enumerate(items)
        if roles is None or i.role in roles
    )
