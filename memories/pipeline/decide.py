"""What the rules would do about each new fact: it is compared with the old ones that are nearest to it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from memories.pipeline.extract import Extracted
from memories.providers import registry
from memories.providers.rules import stated, supersede
from memories.providers.rules.supersede import Verdict
from memories.providers.rules.types import Statement as RulesStatement
from memories.statements import Known, Proposal, Statement
from memories.types import Decision, Item

MOST_CHARACTERS = 2_000  # of an old memory are read: one fact would else have whole documents read again
SAYS = {
    Verdict.DUPLICATE: Proposal(Decision.NOOP, reason="says the same"),
    Verdict.SUPERSEDE: Proposal(Decision.UPDATE, reason="a newer value of the same"),
    Verdict.NEGATE: Proposal(Decision.DELETE, reason="says that it ended"),
}


def by_rules(extracted: Extracted, offered: Sequence[Sequence[Known]]) -> tuple[Statement, ...]:
    """The statements with proposals. `offered[n]` are the memories near statement n, nearest first."""
    rules = registry.rules()
    if rules is None or not extracted.read:
        return extracted.statements
    old = {known.id: known for near in offered for known in near}
    items = [Item(known.content[:MOST_CHARACTERS], said_at=known.said_at) for known in old.values()]
    read = dict(zip(old, ([r.statement for r in stated.spoken(e, None)] for e in rules.read(items)), strict=True))
    return tuple(
        replace(statement, proposal=_proposal(new, near, read))
        for statement, new, near in zip(extracted.statements, extracted.read, offered, strict=True)
    )


def _proposal(
    new: RulesStatement, near: Sequence[Known], read: dict[uuid.UUID, list[RulesStatement]]
) -> Proposal | None:
    """Who says the same is known already; else the nearest that the fact outdates or ends."""
    verdicts = [(known.id, supersede.decide(read[known.id], [new])) for known in near]
    for wanted in ((Verdict.DUPLICATE,), (Verdict.SUPERSEDE, Verdict.NEGATE)):
        for key, verdict in verdicts:
            if verdict in wanted:
                return replace(SAYS[verdict], target=key)
    return None
