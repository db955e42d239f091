"""The decision about one statement, given what is stored. Pure: no framework, no network, no clock.

The pair model, or a language model, proposes what a statement does to the memories that it was compared with.
`reconcile` accepts or rejects the proposal; in doubt both texts are kept.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from entities.types import EMPTY_GRAPH, ExtractedGraph, RelationConflict
from memories.decisions import texts
from memories.decisions.decide import Candidate, Effect, Slot, allows, judge
from memories.statements import Doubt, ExistingMemory, Proposal, Statement
from memories.types import Decision, Fact

REASONS = {
    Effect.DUPLICATE: "says the same",
    Effect.EXTEND: "says the same and more",
    Effect.SUPERSEDE: "gives a newer value",
    Effect.NEGATE: "says that it ended",
}
DECISIONS = {
    Effect.DUPLICATE: Decision.NOOP,
    Effect.EXTEND: Decision.UPDATE,
    Effect.SUPERSEDE: Decision.UPDATE,
    Effect.NEGATE: Decision.DELETE,
}
SLOTS = {
    None: Slot.NONE,
    RelationConflict.SAME: Slot.NONE,
    RelationConflict.OTHER_VALUE: Slot.OTHER_VALUE,
    RelationConflict.CONTRADICTED: Slot.CONTRADICTED,
}
MAX_WORDS = 8  # of a memory that states one relation and little else
MIN_COMMON, MAX_VALUE = 2, 4  # words that two texts of one relation share, and that are its value
ENDS = (Effect.SUPERSEDE, Effect.NEGATE)


@dataclass(frozen=True, slots=True)
class Operation:
    """One statement and the decision about it. `existing_id` is the memory that holds it already (NOOP), `replaces`
    the memory that it outdates (UPDATE) or ends (DELETE). `outdated_by`: a memory of a later time that outdates the
    statement, which is therefore added as past (ADD). `open`: pairs for the review queue."""

    fact: Fact
    digest: bytes
    decision: Decision
    existing_id: uuid.UUID | None = None
    replaces: uuid.UUID | None = None
    outdated_by: ExistingMemory | None = None
    reason: str = ""
    probability: float = 1.0
    graph: ExtractedGraph = EMPTY_GRAPH
    open: tuple[Doubt, ...] = ()


def reconcile(
    statement: Statement,
    digest: bytes,
    moment: dt.datetime,
    *,
    existing_id: uuid.UUID | None = None,
    compared: Collection[ExistingMemory] = (),
) -> Operation:
    """Decide about a statement of `moment`. `existing_id`: the live memory with exactly this text.

    A proposal counts if it names a memory of `compared` and if the statement is not older than that memory.
    """
    fact, proposal = statement.fact, statement.proposal
    known = statement.graph
    if existing_id is not None:
        return Operation(fact, digest, Decision.NOOP, existing_id=existing_id, graph=known)
    add = Operation(fact, digest, Decision.ADD, graph=known)
    if proposal is None or proposal.target is None or fact.verbatim:
        return add
    old = next((memory for memory in compared if memory.id == proposal.target), None)
    if old is None or moment < old.said_at:
        return add
    decided = replace(add, decision=proposal.decision, reason=proposal.reason, probability=proposal.confidence)
    match proposal.decision:
        case Decision.NOOP:
            return replace(decided, existing_id=old.id)
        case Decision.UPDATE | Decision.DELETE:
            return replace(decided, replaces=old.id)
    return add


# --- proposals of the pair model -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Compared:
    """A live memory beside a new statement. `cosine`: 0 if it was not found by its vector."""

    known: ExistingMemory
    cosine: float
    conflict: RelationConflict | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """The proposal about one statement. `outdated_by`: a memory of a later time that ends the statement."""

    proposal: Proposal | None = None
    outdated_by: ExistingMemory | None = None
    open: tuple[Doubt, ...] = ()


def compare(
    content: str, moment: dt.datetime, near: Sequence[Compared], *, is_chat: bool, note: Sequence[str] = ()
) -> Opinion:
    """Compare a statement of `moment` with live memories: those of later times may outdate it.

    `note`: all statements of a short note. If the statement alone ends no memory, the whole note is compared; an end by
    the whole note is a proposal for review. Example: "Ada has retired. My nurse is Tom."
    """
    later = [one for one in near if one.known.said_at > moment]
    for one in sorted(later, key=lambda one: one.known.said_at):
        old = Candidate(content, one.cosine, _slot(content, one))
        if judge(one.known.content, [old], is_chat=is_chat).effect in ENDS:
            return Opinion(outdated_by=one.known)
    earlier = [one for one in near if one.known.said_at <= moment]
    if (same := next((one.known for one in earlier if _is_reordered(content, one)), None)) is not None:
        return Opinion(Proposal(Decision.NOOP, same.id, REASONS[Effect.DUPLICATE]))
    found = judge(content, _candidates(content, earlier), is_chat=is_chat)
    doubts = tuple(Doubt(earlier[one.index].known, one.effect, one.probability) for one in found.open)
    if found.effect is Effect.KEEP_BOTH and not doubts and len(note) > 1:
        whole = judge(". ".join(note), _candidates(content, earlier), is_chat=is_chat)
        if whole.effect in ENDS and whole.index is not None and content == _closest(note, earlier[whole.index]):
            doubts = (Doubt(earlier[whole.index].known, whole.effect, whole.probability),)
    if found.index is None or found.effect not in DECISIONS:
        return Opinion(open=doubts)
    target = earlier[found.index].known.id
    return Opinion(Proposal(DECISIONS[found.effect], target, REASONS[found.effect], found.probability), open=doubts)


def _closest(note: Sequence[str], one: Compared) -> str:
    """The statement that shares most words with a memory."""
    old = texts.read(one.known.content).bag
    return max(note, key=lambda content: len(texts.read(content).bag & old))


def _is_reordered(content: str, one: Compared) -> bool:
    """Whether a memory has the same words in another order and states the same relation: "works at Acme as a cook".
    Names and numbers keep their order: "Ana lent Tom 40" is another statement than "Tom lent Ana 40"."""
    new, old = content.split(), one.known.content.split()
    has_same_words = sorted(map(str.casefold, new)) == sorted(map(str.casefold, old))
    return one.conflict is RelationConflict.SAME and has_same_words and _anchors(new) == _anchors(old)


def _anchors(words: Sequence[str]) -> list[str]:
    """The names and numbers of a text, in order: words with a capital or a digit."""
    return [word for word in words if word[0].isupper() or any(map(str.isdigit, word))]


def _candidates(content: str, compared: Sequence[Compared]) -> list[Candidate]:
    return [Candidate(one.known.content, one.cosine, _slot(content, one)) for one in compared]


def _slot(content: str, one: Compared) -> Slot:
    """Another value ends a memory that says more than the relation only if the model is as sure as without the
    relation."""
    old = one.known.content
    if one.conflict is RelationConflict.OTHER_VALUE:
        if _is_another_value(old, content):
            return Slot.REPLACED
        if len(old.split()) > MAX_WORDS:
            return Slot.NONE
    return SLOTS[one.conflict]


def _is_another_value(old: str, new: str) -> bool:
    """Whether the texts are word for word the same but for one run of words, as "lives in Gent", "lives in Namur"."""
    was, now = old.casefold().split(), new.casefold().split()
    shortest = min(len(was), len(now))
    begin = next((i for i in range(shortest) if was[i] != now[i]), shortest)
    end = next((i for i in range(shortest - begin) if was[-1 - i] != now[-1 - i]), shortest - begin)
    return begin + end >= MIN_COMMON and max(len(was), len(now)) - begin - end <= MAX_VALUE


def second_opinion(content: str, proposal: Proposal | None, shown: Sequence[ExistingMemory]) -> Proposal | None:
    """The proposal of a language model, or None if the guards of the pair model forbid it."""
    old = next((memory for memory in shown if proposal is not None and memory.id == proposal.target), None)
    if proposal is None or old is None:
        return proposal
    repeats = proposal.decision is Decision.NOOP
    effect = Effect.DUPLICATE if repeats else Effect.SUPERSEDE
    return proposal if allows(content, old.content, effect) else None
