"""What a later text does to an earlier one. Pure: two lists of statements in, one decision out.

In doubt both are kept: a memory too many costs less than one that is lost.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
import unicodedata
from collections.abc import Iterable, Sequence

from memories.providers.rules import amounts as am
from memories.providers.rules.lexicon import PEOPLE
from memories.providers.rules.types import DATE, LOCATION, ORG, PERSON, USER, Relation, Statement
from memproject.common.unicode import normalize


class Verdict(enum.StrEnum):
    SUPERSEDE = "supersede"
    KEEP_BOTH = "keep_both"
    DUPLICATE = "duplicate"
    NEGATE = "negate"


# one target at a time for a source; MANAGES has one source for a target
FUNCTIONAL = frozenset({"WORKS_AT", "LIVES_IN", "MARRIED_TO", "PARTNER_OF"})
SYMMETRIC = frozenset({"MARRIED_TO", "PARTNER_OF", "SIBLING_OF", "FRIEND_OF"})
ADDING = re.compile(r"\b(?:also|too|as well|another|in addition|second|additionally)\b", re.IGNORECASE)
CORRECTING = re.compile(r"\b(?:sorry|mistyped|typo|i meant|correction|wrong|mistake|misspoke)\b", re.IGNORECASE)
REPLACING = re.compile(
    r"\b(?:instead of|rather than|replaced|switched|traded|upgraded|swapped|moved|changed|"
    r"rescheduled|postponed|stepped down)\b",
    re.IGNORECASE,
)
PROGRESS = re.compile(
    r"\b(?:now|so far|already|total|reached|hit|up to|brings?|just (?:finished|completed|added|got)|since)\b",
    re.IGNORECASE,
)
ON_A_DAY = re.compile(r"\bon \d|\bthat day\b", re.IGNORECASE)
NOW = re.compile(r"\b(?:now|currently|these days|at the moment|lately|obsessed|current|favou?rite)\b", re.IGNORECASE)
CHANGE = re.compile(f"{REPLACING.pattern}|{NOW.pattern}|{PROGRESS.pattern}", re.IGNORECASE)
ENDED = re.compile(
    r"\b(?:no longer|any ?more|any longer|stopped|quit|cancell?ed|gave up|ended|sold|left|broke up|divorced)\b",
    re.IGNORECASE,
)


def decide(old: Sequence[Statement], new: Sequence[Statement]) -> Verdict:
    """What the later statements `new` do to the earlier ones `old`, each list out of one text."""
    if not old or not new or _earlier(new, old):
        return Verdict.KEEP_BOTH
    if any(_labelled_apart(a, b) for a in old for b in new):
        return Verdict.KEEP_BOTH
    for judge in (_repeated, _ended, _replaced, _attribute, _count, _exchanged, _same_relation, _said_again):
        verdicts = [v for a in old for b in new if (v := judge(a, b)) is not None]
        if verdicts:
            return verdicts[0]
    return Verdict.KEEP_BOTH


def _earlier(new: Sequence[Statement], old: Sequence[Statement]) -> bool:
    a, b = _time(old), _time(new)
    return a is not None and b is not None and b < a


def _time(statements: Iterable[Statement]) -> dt.datetime | None:
    return next((s.fact.said_at for s in statements if s.fact.said_at), None)


# --- names -----------------------------------------------------------------------------------------------------------
def _fold(name: str) -> str:
    plain = normalize("NFKD", name)
    return " ".join(re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)).casefold()))


def _same(a: str, b: str) -> bool:
    """The same name, or one as whole words inside the other."""
    x, y = f" {_fold(a)} ", f" {_fold(b)} "
    return x.strip() != "" and y.strip() != "" and (x in y or y in x)


def _normal(relation: Relation) -> tuple[str, str, str]:
    if relation.type == "REPORTS_TO":
        return relation.target, "MANAGES", relation.source
    if relation.type == "MOVED_TO":
        return relation.source, "LIVES_IN", relation.target
    if relation.type in SYMMETRIC and _fold(relation.target) < _fold(relation.source):
        return relation.target, relation.type, relation.source
    return relation.source, relation.type, relation.target


def _equal(a: Relation, b: Relation) -> bool:
    x, y = _normal(a), _normal(b)
    return x[1] == y[1] and _same(x[0], y[0]) and _same(x[2], y[2])


def _labelled_apart(old: Statement, new: Statement) -> bool:
    """Locker 12 and locker 14 are two, whatever else is the same; but for a correction."""
    if CORRECTING.search(new.fact.evidence):
        return False
    for noun in {noun for noun, _ in old.labels} & {noun for noun, _ in new.labels}:
        ours, theirs = ({value for name, value in s.labels if name == noun} for s in (old, new))
        if not ours & theirs:
            return True
    return False


# --- the judges: each says what it is sure of, or nothing ------------------------------------------------------------
def _repeated(old: Statement, new: Statement) -> Verdict | None:
    """The same words, but for case, accents and order."""
    if _fold(old.fact.content) == _fold(new.fact.content) and not _two_occasions(old, new):
        return Verdict.DUPLICATE
    return None


def _ended(old: Statement, new: Statement) -> Verdict | None:
    if new.hedged:
        return None
    for was in (r for r in old.relations if r.holds):
        for over in (r for r in new.relations if r.negated and not r.hedged):
            if _ends(was, over, old):
                again = any(
                    r.holds
                    and _normal(r)[1] == _normal(was)[1]
                    and _same(_normal(r)[0], _normal(was)[0])
                    and not _equal(r, was)
                    for r in new.relations
                )
                return Verdict.SUPERSEDE if again and _normal(was)[1] in FUNCTIONAL else Verdict.NEGATE
    return None


def _ends(was: Relation, over: Relation, old: Statement) -> bool:
    if _equal(was, over):
        return True
    owning = {"OWNS", "HAS_PET"}
    if was.type in owning and over.type in owning and _same(was.source, over.source):
        # "I have a dog called Bruno" … "I no longer have a dog"
        return _same(was.target, over.target) or (
            _fold(over.target).split()[-1:] != [] and _fold(over.target).split()[-1] in old.words
        )
    return False


def _replaced(old: Statement, new: Statement) -> Verdict | None:
    """Another value of a relation that has one at a time."""
    if ADDING.search(new.fact.evidence):
        return None
    held = [_normal(r) for r in new.relations if r.holds]
    for was in (r for r in old.relations if r.holds):
        if _normal(was) in held:
            continue
        for now in (r for r in new.relations if r.holds):
            x, y = _normal(was), _normal(now)
            if x[1] != y[1] or _equal(was, now):
                continue
            if x[1] in FUNCTIONAL and _one_of_two(was, now):
                return Verdict.SUPERSEDE
            if x[1] == "MANAGES" and _same(x[2], y[2]) and not _same(x[0], y[0]):
                return Verdict.SUPERSEDE
    return None


def _same_relation(old: Statement, new: Statement) -> Verdict | None:
    if _two_occasions(old, new):
        return None
    for was in (r for r in old.relations if r.holds):
        if any(r.holds and _equal(was, r) for r in new.relations) and _adds_nothing(old, new, was):
            return Verdict.DUPLICATE
    return None


def _one_of_two(was: Relation, now: Relation) -> bool:
    if was.type in SYMMETRIC:
        ends = {_fold(was.source), _fold(was.target)} & {_fold(now.source), _fold(now.target)}
        return len(ends) == 1
    if not _same(_normal(was)[0], _normal(now)[0]):
        return False
    return not (was.valid_from and now.valid_from and now.valid_from < was.valid_from)


def _adds_nothing(old: Statement, new: Statement, shared: Relation) -> bool:
    """The shared relation is the point of the old statement, and its numbers are not told anew."""
    if _differ(old, new) or old.hedged != new.hedged or _news(old, new):
        return False
    if shared.type in (
        "HAS_ROLE",
        "SIBLING_OF",
        "FRIEND_OF",
        "VISITED",
        "CREATED",
        "PART_OF",
        "LIKES",
        "DISLIKES",
        "STUDIED_AT",
        "OWNS",
    ):
        return _overlap(old, new) >= 0.6
    held = [r for r in old.relations if r.holds]
    return all(any(_equal(r, s) for s in new.relations) for r in held) or len(held) == 1


def _differ(old: Statement, new: Statement) -> bool:
    return any(a.head == b.head and a.value != b.value for a in old.amounts for b in new.amounts)


def _attribute(old: Statement, new: Statement) -> Verdict | None:
    for was in old.attributes:
        for now in new.attributes:
            same_owner = _same(was.owner, now.owner) if was.owner and now.owner else was.owner == now.owner
            if same_owner and (was.key == now.key or was.key.split()[-1] == now.key):
                if was.value == now.value:
                    return Verdict.DUPLICATE
                if not new.hedged and not ADDING.search(new.fact.evidence):
                    return Verdict.SUPERSEDE
    return None


def _count(old: Statement, new: Statement) -> Verdict | None:
    """Another number of the same thing; of two dated occasions each has its own."""
    if _two_occasions(old, new) or (new.hedged and "best" not in new.words | old.words and not new.amounts):
        return None
    if not _about_one(old, new):
        return None
    for was in old.amounts:
        for now in new.amounts:
            told = PROGRESS.search(new.fact.evidence) is not None
            if not (now.standing or told) or not (was.standing or PROGRESS.search(old.fact.evidence)):
                continue
            if was.value != now.value and _same_thing(was.head, now.head, was.words, now.words, old, new):
                return Verdict.SUPERSEDE
    return None


def _two_occasions(old: Statement, new: Statement) -> bool:
    def days(statement: Statement) -> set[str]:
        return {m.value for m in statement.mentions if m.value and len(m.value) == 10}

    if PROGRESS.search(new.fact.evidence) and not ON_A_DAY.search(new.fact.evidence):
        return False
    a, b = days(old), days(new)
    return bool(a) and bool(b) and not a & b


def _same_thing(
    head: str, other: str, around: frozenset[str], around2: frozenset[str], old: Statement, new: Statement
) -> bool:
    shared = (around & around2) - am.LIGHT - am.GENERIC
    named = _named_apart(old, new)
    if head != other:
        # "32 on my species count" has no noun of its own
        return "count" in (head, other) and bool({head, other} & (around & around2)) and not named
    if head in ("age",):
        return bool(around & around2)
    if head in am.GENERIC:
        return len(shared - {head}) >= (1 if head in ("frequency", "record", "clock") else 2) and not named
    if shared - {head}:
        return not named
    return not named and PROGRESS.search(new.fact.evidence) is not None


def _named_apart(old: Statement, new: Statement) -> bool:
    """Each names persons or places that the other doesn't: two things, not one."""
    kinds = (PERSON, LOCATION, ORG)
    a = {_fold(m.name) for m in old.mentions if m.type in kinds}
    b = {_fold(m.name) for m in new.mentions if m.type in kinds}
    return bool(a) and bool(b) and not any(_same(x, y) for x in a for y in b)


def _exchanged(old: Statement, new: Statement) -> Verdict | None:
    """Replacement in so many words ("switched to", "instead of", a correction), or another "current" of one kind."""
    text = new.fact.evidence
    if new.hedged and not CORRECTING.search(text):
        return None
    shared = (old.words & new.words) - am.LIGHT
    if CORRECTING.search(text) and len(shared) >= 2:
        return Verdict.SUPERSEDE
    replacing = REPLACING.search(text)
    if replacing and shared and _about_one(old, new) and not REPLACING.search(old.fact.evidence):
        return Verdict.SUPERSEDE
    if (
        ENDED.search(text)
        and shared
        and _about_one(old, new)
        and not _named_apart(old, new)
        and len(new.words - old.words) <= 2
    ):
        return Verdict.NEGATE
    if NOW.search(text) and NOW.search(old.fact.evidence) and not ADDING.search(text):
        a, b = ({_fold(m.name) for m in s.mentions if m.type != DATE} for s in (old, new))
        if a and b and not a & b and len(shared) >= 2:
            return Verdict.SUPERSEDE
    return None


def _about_one(old: Statement, new: Statement) -> bool:
    """Not about two different persons; "my collection" and "I" are one."""
    if not old.subject or not new.subject or _same(old.subject, new.subject):
        return True
    persons = {m.name for s in (old, new) for m in s.mentions if m.type == PERSON}
    others = [s for s in (old.subject, new.subject) if s != USER]
    return not any(s in persons or s in PEOPLE for s in others) and (
        USER in (old.subject, new.subject) or len(others) < 2
    )


def _overlap(old: Statement, new: Statement) -> float:
    smaller = min(len(old.words), len(new.words))
    return len(old.words & new.words) / smaller if smaller else 0.0


def _states_more(old: Statement, new: Statement) -> bool:
    """Of what has one value at a time: no other words for that are a repetition."""
    held = [r for r in new.relations if r.holds and _normal(r)[1] in FUNCTIONAL]
    return any(not any(_equal(r, was) for was in old.relations) for r in held)


def _news(old: Statement, new: Statement) -> bool:
    """Words of change, and something that the old text didn't have: no mere repetition."""
    told = CHANGE.search(new.fact.evidence) is not None and CHANGE.search(old.fact.evidence) is None
    return (told or REPLACING.search(new.fact.evidence) is not None) and bool(new.words - old.words)


def _said_again(old: Statement, new: Statement) -> Verdict | None:
    """Nearly the same content words, the same names and numbers."""
    if _differ(old, new) or old.negated != new.negated or new.hedged != old.hedged or _two_occasions(old, new):
        return None
    if old.words and old.words == new.words:
        return Verdict.DUPLICATE
    if _news(old, new) or _states_more(old, new):
        return None
    if len(old.words - new.words) == 1 == len(new.words - old.words):
        return None  # "staging … production": the one word that differs is the point
    if len(old.words) >= 2 and _overlap(old, new) >= 0.75 and not _named_apart(old, new):
        names = {_fold(m.name) for m in old.mentions} ^ {_fold(m.name) for m in new.mentions}
        if len(names) <= 1:
            return Verdict.DUPLICATE
    return None
