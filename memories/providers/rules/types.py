"""What the rules find in a text: frozen data, no framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from memories.types import Fact, Span

USER = "user"  # whoever speaks in the first person, and who a note calls "User"

PERSON, ORG, LOCATION, PRODUCT, EVENT, DATE, CONCEPT = (
    "PERSON",
    "ORG",
    "LOCATION",
    "PRODUCT",
    "EVENT",
    "DATE",
    "CONCEPT",
)


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity where it is named. `span`: in its statement's evidence. `value`: of a DATE, the ISO day, month or
    year, as far as the text is exact."""

    name: str
    type: str
    span: Span
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """`source` and `target` are names of mentions, common nouns, or USER.

    `negated`: it does not hold, or no longer. `hedged`: possible, planned or reported only. `past`: it held once.
    `valid_from`, `valid_to`: ISO days, months or years, where the text gives them.
    """

    source: str
    type: str
    target: str
    properties: Mapping[str, str] = field(default_factory=dict)
    valid_from: str | None = None
    valid_to: str | None = None
    negated: bool = False
    hedged: bool = False
    past: bool = False

    @property
    def holds(self) -> bool:
        """Whether the text says that it is so now, or, of what happens once, that it was."""
        return not (self.negated or self.hedged or self.past)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number that is stated of something; `standing`: not of one occasion. `head`: the lemma of what is counted,
    or clock, record, money, age, frequency, count. `words`: the lemmas around it."""

    value: str
    head: str
    words: frozenset[str]
    standing: bool = True


@dataclass(frozen=True, slots=True)
class Attribute:
    """What has one value at a time: `key` of `owner` (a name, USER, a common noun or "")."""

    owner: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One fact with what it speaks of. `words`: its content lemmas, for comparison with others.

    `hedged`: a plan, a wish or a guess. `negated`: its main clause denies something. `subject`: who or what it is
    about, "" when that isn't clear. `quoted`: somebody else's words. `labels`: numbers that name one of several things
    ("locker 12" is ("locker", "12")).
    """

    fact: Fact
    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()
    amounts: tuple[Amount, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    words: frozenset[str] = frozenset()
    subject: str = ""
    hedged: bool = False
    negated: bool = False
    labels: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Extraction:
    """What one text states. `mentions` are all of the text's, questions included, without spans' worth: first
    mention first, each name once. `user_name`: how the text calls the user, where it does."""

    statements: tuple[Statement, ...] = ()
    mentions: tuple[Mention, ...] = ()
    user_name: str | None = None
