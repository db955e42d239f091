"""Stand-in until the pair decision takes the place of the comparison by rules: nothing is proposed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from memories.statements import Known, Proposal, Statement


def read(memories: Collection[Known]) -> None:
    """Nothing is read."""


def propose(new: Statement, near: Sequence[Known]) -> Proposal | None:  # noqa: ARG001
    return None


def outdated_by(new: Statement, near: Sequence[Known]) -> Known | None:  # noqa: ARG001
    return None
