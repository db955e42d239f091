"""What the rules would do about a new statement: it is compared with the stored memories that are near to it."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import replace

from memories.providers import registry
from memories.providers.base import ProviderRefused, ProviderUnavailable
from memories.providers.rules import stated, supersede
from memories.providers.rules.supersede import Verdict
from memories.providers.rules.types import Statement as RulesStatement
from memories.statements import Known, Proposal
from memories.types import Decision, Item

# The parse of a memory is kept for a while, because the next statements of its owner are compared with it again.
MAX_KEPT = 2_048
MAX_SENTENCE = 1_000  # characters of a memory that is compared: those of the extractor are no longer
KEPT_SECONDS = 300.0  # no longer, because the memory may be erased meanwhile

PROPOSAL_BY_VERDICT = {
    Verdict.DUPLICATE: Proposal(Decision.NOOP, reason="says the same"),
    Verdict.SUPERSEDE: Proposal(Decision.UPDATE, reason="a newer value of the same"),
    Verdict.NEGATE: Proposal(Decision.DELETE, reason="says that it ended"),
}

_Key = tuple[str, dt.datetime]
_kept: OrderedDict[_Key, tuple[float, list[RulesStatement]]] = OrderedDict()
_lock = threading.Lock()


def read(memories: Collection[Known]) -> dict[_Key, list[RulesStatement]]:
    """What the rules read in these memories, parsed in one batch where it is not kept. Raises like the rules."""
    rules = registry.rules()
    if rules is None:
        return {}
    wanted = dict.fromkeys((known.content, known.said_at) for known in memories if len(known.content) <= MAX_SENTENCE)
    with _lock:
        _drop_old()
        found = {key: _kept[key][1] for key in wanted if key in _kept}
    missing = [key for key in wanted if key not in found]
    if missing:
        parsed = rules.read([Item(content, said_at=said_at) for content, said_at in missing])
        new = {
            key: [one.statement for one in stated.spoken(extraction, None)]
            for key, extraction in zip(missing, parsed, strict=True)
        }
        with _lock:
            _kept.update((key, (time.monotonic(), statements)) for key, statements in new.items())
        found |= new
    return found


def _drop_old() -> None:
    """The oldest come first: a key that is there already keeps its place and its time."""
    until = time.monotonic() - KEPT_SECONDS
    while _kept and (len(_kept) > MAX_KEPT or next(iter(_kept.values()))[0] < until):
        _kept.popitem(last=False)


def propose(new: RulesStatement, near: Sequence[Known]) -> Proposal | None:
    """The memory that says the same already; else the nearest that the statement outdates or ends."""
    verdicts = [(known.id, supersede.decide(parsed, [new])) for known, parsed in _parsed(near)]
    for wanted in ((Verdict.DUPLICATE,), (Verdict.SUPERSEDE, Verdict.NEGATE)):
        for key, verdict in verdicts:
            if verdict in wanted:
                return replace(PROPOSAL_BY_VERDICT[verdict], target=key)
    return None


def outdated_by(new: RulesStatement, near: Sequence[Known]) -> Known | None:
    """The first of these later memories that outdates the statement: it is news of an earlier time."""
    later = [known for known, parsed in _parsed(near) if supersede.decide([new], parsed) is Verdict.SUPERSEDE]
    return min(later, key=lambda known: known.said_at, default=None)


def _parsed(near: Sequence[Known]) -> list[tuple[Known, list[RulesStatement]]]:
    """Nothing where the pipeline of the rules is unavailable: in doubt both texts are kept."""
    try:
        parsed = read(near)
    except (ProviderUnavailable, ProviderRefused):
        return []
    return [(known, parsed.get((known.content, known.said_at), [])) for known in near]
