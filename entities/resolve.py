"""Resolve a name in a text to a known entity, a new one, or a new ambiguous one. Pure.

Names are compared by whole words. In doubt two entities are kept: a manual merge is cheap, and a wrong merge hides
information.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rapidfuzz.fuzz import ratio

from entities.names import Parts, normal, parts
from entities.types import EntityMention

MIN_SIMILARITY = 90.0  # of 100
GROUP = "from "  # the beginning of a qualifier that names a group
LONG = 5  # letters of a word that may be misspelt


@dataclass(frozen=True, slots=True)
class EntityCandidate:
    """A known entity. `ambiguous`: it may be one of several others, so it takes no fuller name.

    `qualifiers`: those of its mentions.
    """

    id: uuid.UUID
    name: str
    type: str
    aliases: tuple[str, ...] = ()
    ambiguous: bool = False
    qualifiers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`id` None: a new entity. `candidates`: the possible entities of an ambiguous name."""

    id: uuid.UUID | None = None
    candidates: tuple[uuid.UUID, ...] = ()


NEW = Verdict()


def resolve(
    named: EntityMention, known: Sequence[EntityCandidate], *, contexts: Sequence[Collection[uuid.UUID]] = ()
) -> Verdict:
    """The entity that `named` means among the `known` entities of one owner.

    `contexts`: the entities that are named near it, nearest first (the same text, then the same write). A short form
    means the one that it fits.
    """
    words = parts(named.name, named.type)
    known = [c for c in known if not _is_told_apart(named, c)]
    kin = [c for c in known if c.type == named.type]
    same = [c for c in kin if _is_called(words, c)] or [c for c in known if _has_the_name(named, c)]
    short = [c for c in kin if c not in same and _fits(words, c)]
    if len(same) == 1 and not (_is_short(words) and short) and not same[0].ambiguous:
        return Verdict(same[0].id)
    if same or short:
        return _told_apart([*same, *short], same, contexts)
    found = [c for c in kin if _is_misspelt(words, c)]
    return Verdict(found[0].id) if len(found) == 1 else NEW


def is_fuller(name: str, than: str, of_type: str) -> bool:
    """Whether `name` is a longer form than `than`: `John Smith` than `John` or `J. Smith`."""
    full, short = parts(name, of_type), parts(than, of_type)
    return _shortens(short, full) and sum(map(len, full.words + full.within)) > sum(map(len, short.words))


def _told_apart(
    fitting: Sequence[EntityCandidate], same: Sequence[EntityCandidate], contexts: Sequence[Collection[uuid.UUID]]
) -> Verdict:
    """The candidate in the context; else the only one with exactly this name, or the only fitting one."""
    for around in contexts:
        here = [c for c in fitting if c.id in around]
        if len(here) == 1:
            return Verdict(here[0].id)
        if here:
            break
    for group in (same if len(same) == 1 else [c for c in same if c.ambiguous], [] if same else fitting):
        if len(group) == 1:
            return Verdict(group[0].id)
    return Verdict(None, tuple(sorted(c.id for c in fitting if not c.ambiguous)))


def _is_called(words: Parts, candidate: EntityCandidate) -> bool:
    """By its name, or by an alias that is not only a short form of that name."""
    name = parts(candidate.name, candidate.type)
    if _contradict(words, candidate):
        return False
    if _equal(words, name):
        return True
    aliases = (parts(alias, candidate.type) for alias in candidate.aliases)
    return any(_equal(words, alias) and not _shortens(alias, name) for alias in aliases)


def _fits(words: Parts, candidate: EntityCandidate) -> bool:
    """As a short or a longer form of its names, without a contradicting word."""
    if _contradict(words, candidate):
        return False
    for name in (candidate.name, *candidate.aliases):
        called = parts(name, candidate.type)
        if _equal(words, called) or _shortens(words, called):
            return True
        if _shortens(called, words) and not candidate.ambiguous:
            return True
    return False


def _is_short(words: Parts) -> bool:
    """A first or a last name; a place without its region."""
    return not words.within if words.type == "LOCATION" else words.type == "PERSON" and len(words.words) == 1


def _equal(one: Parts, other: Parts) -> bool:
    return one.key == other.key


def _shortens(short: Parts, full: Parts) -> bool:
    """`paris` of `paris, texas`; `john`, `mr smith`, `j smith`, `john smith` of `john adam smith`: the ends count."""
    if full.type == "LOCATION":
        return bool(full.within) and not short.within and short.words == full.words
    if full.type != "PERSON":
        return False
    few, many = short.words, full.words
    if len(few) > len(many) or few == many or (short.born and short.born != full.born):
        return False
    if len(few) == 1:
        return len(many) > 1 and few[0] in ((many[-1],) if short.titled else (many[0], many[-1]))
    return few[-1] == many[-1] and _same_first(few[0], many[0]) and short.born == full.born


def _same_first(one: str, other: str) -> bool:
    """Equal, or one is the initial of the other."""
    return one == other or (min(len(one), len(other)) == 1 and one[0] == other[0])


def _contradict(words: Parts, candidate: EntityCandidate) -> bool:
    """Whether a title, or all full names of the candidate, contradict."""
    called = [parts(name, candidate.type) for name in (candidate.name, *candidate.aliases)]
    if words.sex and any(name.sex not in ("", words.sex) for name in called):
        return True
    full = [] if _is_short(words) else [name for name in called if not _is_short(name)]
    return bool(full) and not any(_agree(words, name) for name in full)


def _agree(one: Parts, other: Parts) -> bool:
    return _equal(one, other) or _shortens(one, other) or _shortens(other, one)


def _is_misspelt(words: Parts, candidate: EntityCandidate) -> bool:
    """One word with another spelling. A first name is never a misspelling: Daniel and Daniela are two people."""
    if candidate.type == "DATE":
        return False
    for name in (candidate.name, *candidate.aliases):
        called = parts(name, candidate.type)
        if len(called.words) != len(words.words) or called.born != words.born:
            continue
        differing = [(i, a, b) for i, (a, b) in enumerate(zip(words.words, called.words, strict=True)) if a != b]
        if len(differing) != 1 or (candidate.type == "PERSON" and differing[0][0] == 0):
            continue
        if _alike(*differing[0][1:]):
            return True
    return False


def _alike(one: str, other: str) -> bool:
    """Long words without digits that are nearly equal."""
    if min(len(one), len(other)) < LONG or not (one.isalpha() and other.isalpha()):
        return False
    return ratio(one, other) >= MIN_SIMILARITY


def _has_the_name(named: EntityMention, candidate: EntityCandidate) -> bool:
    """Whether the names are equal and the types differ. A common noun ("apple") is not a name ("Apple")."""
    if "DATE" in (named.type, candidate.type) or named.type == candidate.type:
        return False
    return any(
        normal(name) == normal(named.name) and name.islower() == named.name.islower()
        for name in (candidate.name, *candidate.aliases)
    )


def _is_told_apart(named: EntityMention, candidate: EntityCandidate) -> bool:
    """Two people of one first name with different qualifiers of the same kind: a son and a boss, but not a son who is
    from Lyon."""
    if not named.qualifier or not candidate.qualifiers or len(parts(named.name, "PERSON").words) > 1:
        return False
    sort = named.qualifier.startswith(GROUP)
    others = {qualifier for qualifier in candidate.qualifiers if qualifier.startswith(GROUP) == sort}
    return bool(others) and named.qualifier not in others
