"""The messages that may state facts: the user's, and those of speakers with a name.

The `name` of a tool's message is the name of a function, and a system message has one to show an example.
"""

from __future__ import annotations

from memories.types import Item

NOT_A_SPEAKER = frozenset({"system", "tool", "function", "developer"})
NOT_THE_USER = NOT_A_SPEAKER | {"assistant"}


def may_state(item: Item, roles: frozenset[str] | None) -> bool:
    """`roles`: the roles that may; None: all but NOT_THE_USER, and an assistant with a name."""
    if roles is not None:
        return item.role in roles
    return item.role not in (NOT_A_SPEAKER if item.speaker is not None else NOT_THE_USER)
