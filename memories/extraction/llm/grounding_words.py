"""Words as grounding compares them: folded, without their endings, with their near synonyms. Data and pure functions.

English, since endings and synonyms are of a language; of another one equal words and equal beginnings are found.
"""

from __future__ import annotations

import re

from core.unicode import normalize

# Scripts without spaces are read character by character.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
TOKEN = re.compile(rf"[{UNSPACED}]|(?:(?![{UNSPACED}])[\w\u0300-\u036f])+")
THOUSANDS = re.compile(r"(?<=\d)[,'’](?=\d{3}(?!\d))")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION = _words(
    "a an the this that these those it its he him his she her hers they them their theirs i me my mine we us our ours "
    "you your yours who whom whose which what where when how why as of in on at by to for from with without about into "
    "onto over under after before during until till since than then there here and or but nor so if because while "
    "although though also too very really quite just only even still already yet again ever never not no s t d ll m re "
    "ve don doesn didn isn aren wasn weren won wouldn couldn shouldn hasn haven hadn can cannot could will would shall "
    "should may might must do does did done be is am are was were been being have has had having get gets got some any "
    "all both each other another such own same more most less least much many few lot lots new now currently "
    "anymore longer 1 one ones name named called person people thing things fact states state says said say mentioned "
    "mentions while up down out off per etc"
)
USER = _words("user users i me myself")
MONTHS = _words(
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec"
)
DAYS = _words("monday tuesday wednesday thursday friday saturday sunday")
TEMPORAL = (
    MONTHS
    | DAYS
    | _words(
        "today tonight yesterday tomorrow ago last next this since now recently just day days week weeks month months "
        "year years weekend morning afternoon evening night summer winter spring autumn fall birthday soon later until"
    )
)
NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        (
            *("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
            *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
        ),
        start=2,
    )
}
ENDINGS = (("ies", 2), ("ied", 2), ("ing", 3), ("ed", 3), ("es", 3), ("ly", 3), ("s", 3), ("e", 3))
ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
# Synonyms: a fact may use one word where its source uses another.
_SYNONYMS = (
    "like love enjoy adore prefer preference favourite favorite fan fond passion into keen crazy best obsessed",
    "dislike hate detest loathe despise avoid stand",
    "live reside home house move moved relocate settle base stay apartment flat city residence",
    "work job employ employer employment employee join hire hired company career role position quit resign left leave "
    "colleague profession occupation professional office retire retired",
    "own buy bought purchase possess have sell sold",
    "wife husband spouse marry married marriage wedding wed divorce",
    "partner girlfriend boyfriend fiance fiancee engaged dating date relationship",
    "son daughter child children kid kids parent mother father mom mum dad baby",
    "brother sister sibling",
    "pet dog cat puppy kitten",
    "allergic allergy allergies intolerant",
    "eat ate diet food meal",
    "born birth birthday birthdate",
    "study studied student degree graduate major university college school learn attend",
    "plan want wish intend hope going aim goal",
    "go went gone visit visited travel travelled trip",
    "make made create created build built write wrote author develop",
    "stop end ended over former formerly ex past quit finish left cancel cancelled used longer anymore",
    "speak speaks language fluent",
    "boss manager manage report lead",
    "age old",
)


def tokens(text: str) -> list[str]:
    """The words of a text, folded; numbers without their separators of thousands."""
    return [fold(match) for match in TOKEN.findall(THOUSANDS.sub("", text))]


def fold(word: str) -> str:
    folded = normalize("NFKC", word).casefold().replace(" ", "")  # some signs are several words
    ordinal = ORDINAL.fullmatch(folded)
    return ordinal[1] if ordinal else NUMBERS.get(folded, folded)


def stem(word: str) -> str:
    """Without an ending of English: works, working and worked are one, fly and flies too."""
    for ending, shortest in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= shortest:
            word = word[: -len(ending)]
            break
    if len(word) > 2 and word[-1] == "y" and word[-2] not in "aeiou":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


GROUPS: dict[str, frozenset[int]] = {
    key: frozenset(number for number, group in enumerate(_SYNONYMS) if key in {stem(word) for word in group.split()})
    for key in {stem(word) for group in _SYNONYMS for word in group.split()}
}
