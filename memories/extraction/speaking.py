"""The messages that may state facts: the user's, and those of speakers with a name."""

from __future__ import annotations

from memories.types import Item

NOT_THE_USER = frozenset({"assistant", "system", "tool", "function", "developer"})


def may_state(item: Item, roles: frozenset[str] | None) -> bool:
    """`roles`: the roles that may; None: all but NOT_THE_USER, and named speakers."""
    if roles is not None:
        return item.role in roles
    return item.speaker is not None or item.role not in NOT_THE_USER
