"""Numbers and attributes that are stated of something, and the words by which two statements are compared."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from memories.providers.rules import entities as en
from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules import types as t
from memories.providers.rules.dates import Dates
from memories.providers.rules.discourse import Discourse
from memories.providers.rules.naming import Sentence

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

NUMBERS = {
    w: n
    for n, w in enumerate(
        (
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
            *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
        )
    )
} | {
    "once": 1,
    "twice": 2,
    "thrice": 3,
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "half": 0.5,
}
CLOCK = re.compile(r"(?<![\w:])\d{1,2}:\d\d(?::\d\d)?(?![\w:])")
RECORD = re.compile(r"(?<![\w-])\d{1,3}[-–]\d{1,3}(?![\w-])")
ORDINAL = re.compile(r"^(\d+)(?:st|nd|rd|th)$")
COUNT = r"(\d+|once|twice|thrice|one|two|three|four|five|six|seven|eight|nine|ten)"
OFTEN = re.compile(
    rf"\b(?:{COUNT}(?: times?)?(?: a| an| per| each| every) (day|week|month|year)"
    r"|every (?:(other|\d+|two|three|four|six) )?(day|week|month|year)s?|(daily|weekly|monthly))\b",
    re.IGNORECASE,
)
GENERIC = lx.words(
    "time day week month year hour minute second dollar euro pound mile km kilometer percent % frequency "
    "record clock money age people"
)
LIGHT = lx.words(
    "be have do get go make take way time thing lot new good great recent recently last currently now start keep try "
    "speak say feel look think like love really actually total far already also still finish reach hit just personal "
    "user week day month year hour old"
)


def of(doc: Doc) -> tuple[t.Amount, ...]:
    """The amounts of a sentence: "15 baseballs", "my 5th project", "27:12", "3-2", "twice a week", "$20"."""
    text = str(doc.text)
    found = [*_often(doc, text), *_scores(doc, text)]
    taken = {i for start, stop, _ in found for i in range(start, stop)}
    amounts = [amount for _, _, amount in found]
    for token in doc:
        if token.i in taken or (token.ent_type_ == "DATE" and not _counted_time(token)):
            continue
        if (amount := _amount(token)) is not None:
            amounts.append(amount)
    days = [x for x in doc if x.lower_.endswith("days") and x.lower_ in en.WEEKDAYS]
    if len(days) > 1 and not any(g.negated(v) for x in days[:1] if (v := g.above(x)) is not None):
        amounts.append(t.Amount(f"{len(days)} a week", "frequency", _around(days[0])))
    return tuple(replace(amount, standing=_standing(doc, amount)) for amount in amounts)


def _standing(doc: Doc, amount: t.Amount) -> bool:
    """What is so or has grown, against what was once: "I've read 12", "12 so far", not "I bought 2 at the fair"."""
    if amount.head in ("frequency", "record", "age") or "best" in amount.words:
        return True
    verbs = [x for x in doc if g.is_verb(x) and x.dep_ not in ("aux", "auxpass", "amod")]
    return not any(g.past(v) for v in verbs) or any(_perfect(v) for v in verbs)


def _perfect(verb: Token) -> bool:
    return any(g.lower(a) in ("have", "has", "'ve") for a in g.kids(verb, "aux"))


def _often(doc: Doc, text: str) -> Iterator[tuple[int, int, t.Amount]]:
    for match in OFTEN.finditer(text):
        span = doc.char_span(match.start(), match.end(), alignment_mode="expand")
        if span is None:
            continue
        if match[1]:
            value = f"{_number(match[1]):g} a {match[2].lower()}"
        elif match[5]:
            value = {"daily": "1 a day", "weekly": "1 a week", "monthly": "1 a month"}[match[5].lower()]
        else:
            step = match[3].lower() if match[3] else "1"
            value = f"1 a {match[4].lower()}" if step == "1" else f"1 in {step} {match[4].lower()}s"
        if span[0].i and doc[span[0].i - 1].lower_ in ("hour", "minute"):
            continue
        yield span.start, span.end, t.Amount(value, "frequency", _around(span.root))


def _scores(doc: Doc, text: str) -> Iterator[tuple[int, int, t.Amount]]:
    for head, pattern in (("clock", CLOCK), ("record", RECORD)):
        for match in pattern.finditer(text):
            span = doc.char_span(match.start(), match.end(), alignment_mode="expand")
            if span is not None:
                yield span.start, span.end, t.Amount(match.group().replace("–", "-"), head, _around(span.root))


def _number(text: str) -> float:
    low = text.lower().replace(",", "")
    if low in NUMBERS:
        return float(NUMBERS[low])
    try:
        return float(low)
    except ValueError:
        return -1.0


def _counted_time(token: Token) -> bool:
    return (
        token.dep_ == "nummod"
        and token.head.ent_type_ == "DATE"
        and g.lemma(token.head) in ("week", "month", "hour", "year", "day")
    )


def _amount(token: Token) -> t.Amount | None:
    text = token.text
    ordinal = ORDINAL.match(text.lower())
    if ordinal and token.dep_ == "amod":
        return t.Amount(f"{float(ordinal[1]):g}", g.lemma(token.head), _around(token.head))
    if token.lower_ in ("a", "an") and g.lemma(token.head) in ("hour", "minute", "mile", "kilometer"):
        return t.Amount("1", g.lemma(token.head), _around(token.head))
    if not token.like_num or (number := _number(text)) < 0:
        return None
    head = token.head
    if token.ent_type_ == "MONEY" or (token.i and token.nbor(-1).text in "$€£"):
        return t.Amount(f"{number:g}", "money", _around(token))
    if token.dep_ in ("nummod", "quantmod", "compound") and head.pos_ in ("NOUN", "PROPN") and head.i > token.i:
        if g.lemma(head) in ("time",) and head.i + 1 < len(token.doc):
            return t.Amount(f"{number:g}", "time", _around(head))
        if head.ent_type_ == "PRODUCT":
            return None
        if head.i + 1 < len(token.doc) and head.nbor(1).lower_ == "old":
            return _age(g.above(token), number)
        return t.Amount(f"{number:g}", _counted(head), _around(head))
    told = token.dep_ in ("attr", "acomp", "dobj") and g.lemma(token.head) in ("be", "turn") and number < 120
    if told and (age := _age(token.head, number)) is not None:
        return age
    if token.dep_ in ("pobj", "dobj", "attr"):
        return t.Amount(f"{number:g}", "count", _around(token))
    return None


def _counted(noun: Token) -> str:
    """What is counted: of "two cups of coffee" the coffee."""
    inner = [o for word, _, o in g.prepositions(noun) if word == "of" and o.pos_ == "NOUN"]
    return g.lemma(inner[0] if inner and g.lemma(noun) not in GENERIC else noun)


def _age(verb: Token | None, number: float) -> t.Amount | None:
    subject = next(iter(g.kids(verb, "nsubj")), None) if verb is not None else None
    if subject is None or not (subject.pos_ == "PROPN" or g.lemma(subject) in lx.PEOPLE | lx.PETS):
        return None
    named = {g.lower(c) for c in g.kids(subject, "appos", "compound")}
    return t.Amount(f"{number:g}", "age", frozenset({g.lemma(subject)} | named))


def _around(token: Token) -> frozenset[str]:
    """The content words of the clause that holds it."""
    doc = token.doc
    return frozenset(_word(x) for x in doc if _content(x) and _word(x) not in LIGHT)


def _word(token: Token) -> str:
    return g.lower(token) if token.tag_ in ("JJS", "RBS") else g.lemma(token)


def _content(token: Token) -> bool:
    return (
        token.pos_ in ("NOUN", "PROPN", "VERB", "ADJ")
        and not token.is_stop
        and len(token.text) > 1
        and not token.like_num
    )


def content_words(doc: Doc) -> frozenset[str]:
    """Lemmas of the nouns, names, verbs and adjectives that mean something by themselves."""
    return frozenset(_word(x) for x in doc if _content(x) and _word(x) not in LIGHT)


def subject_of(sentence: Sentence, discourse: Discourse) -> str:
    """Whom or what the main clause is about: a name, USER, or the lemma of a noun; "" when it isn't clear."""
    for token in sentence.doc:
        if token.dep_ in ("nsubj", "nsubjpass") and token.head.dep_ in ("ROOT", "ccomp", "conj"):
            if found := discourse.refer(token, sentence):
                return found[0]
            if token.pos_ == "NOUN":
                owner = next(iter(g.kids(token, "poss")), None)
                mine = owner is not None and g.lower(owner) in lx.MY and g.lemma(token) not in lx.PEOPLE
                return t.USER if mine else g.lemma(token)
    return t.USER if any(g.lower(x) in lx.FIRST | lx.MY for x in sentence.doc) else ""


# --- attributes ------------------------------------------------------------------------------------------------------
CONTACT = re.compile(
    r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.]*\w|(?<!\w)\+?\d{2,4}(?:[ -]?\d{2,5}){2,5}(?!\w)|(?<!\w)\d{3}-\d{4}(?!\w)"
)
CONTACT_NOUN = re.compile(r"\b(?:e-?mail|address|phone|telephone|mobile|cell|fax|number|line)\b", re.IGNORECASE)


def attributes(sentence: Sentence, discourse: Discourse, dates: Dates) -> tuple[t.Attribute, ...]:
    """As in "my son's birthday is on 3 June", "our landlord is Ms. Duarte", "the launch is for 12 May", an address."""
    found = []
    doc = sentence.doc
    for verb in doc:
        if (
            g.lemma(verb) not in ("be", "plan", "schedule", "move", "set", "postpone", "reschedule")
            or g.asked(verb)
            or g.negated(verb)
        ):
            continue
        for subject in g.kids(verb, "nsubj", "nsubjpass"):
            if subject.pos_ != "NOUN" or (value := _value(verb, subject, sentence, dates)) is None:
                continue
            found.append(t.Attribute(_owner(subject, sentence, discourse), _key(subject), value))
    for token in doc:
        if token.lower_ == "born" and dates.found and len(dates.found[0].value) == 10:
            people = [x for x in g.subjects(token) if x] or []
            who = next((n for x in people for n in discourse.refer(x, sentence)), "")
            found.append(t.Attribute(who, "birthday", dates.found[0].value))
    for match in CONTACT.finditer(doc.text):
        if not CONTACT_NOUN.search(doc.text, 0, match.start()):
            continue  # no attribute of anybody: "I wrote to ann@example.com"
        who = next((n.text for n in sentence.names if n.stop <= len(doc) and doc[n.start].idx < match.start()), t.USER)
        found.append(t.Attribute(who, "e-mail" if "@" in match.group() else "number", match.group()))
    return tuple(found)


def _key(subject: Token) -> str:
    left = [
        g.lower(c)
        for c in g.kids(subject, "compound", "amod")
        if g.lower(c) not in ("new", "current", "old", "own", "latest")
    ]
    return " ".join([*left, g.lemma(subject)])


def _owner(subject: Token, sentence: Sentence, discourse: Discourse) -> str:
    owner = next(iter(g.kids(subject, "poss")), None)
    if owner is None:
        return ""
    if names := discourse.refer(owner, sentence):
        return names[0]
    return g.lemma(owner)


def _value(verb: Token, subject: Token, sentence: Sentence, dates: Dates) -> str | None:
    owned = bool(g.kids(subject, "poss"))
    for found in dates.found:
        token = sentence.doc.char_span(found.start, found.stop, alignment_mode="expand")
        if token is not None and token.root.i > verb.i and len(found.value) >= 10:
            return found.value
    if g.lemma(verb) != "be" or not owned:
        return None
    for attribute in g.kids(verb, "attr", "acomp"):
        name = sentence.name_at(attribute)
        if name is not None:
            return name.text.casefold()
        if (
            g.lemma(subject) not in lx.PEOPLE | lx.PETS
            and attribute.pos_ in ("NOUN", "PROPN")
            and not g.kids(attribute, "det")
        ):
            return " ".join([*(c.text for c in g.kids(attribute, "nummod")), g.lemma(attribute)])
        if "favorite" in _key(subject) or "favourite" in _key(subject):
            return g.lemma(attribute)
    return None


PROGRESSING = lx.words(
    "version release level grade chapter page stage phase step day week month year episode season score record"
)  # a number after these tells how far something is, not which one it is


def labels(doc: Doc, dated: Collection[int]) -> frozenset[tuple[str, str]]:
    """Numbers that name: those that follow their noun and count nothing. `dated`: tokens of dates."""
    found = set()
    for token in doc[1:]:
        before = doc[token.i - 1]
        if token.i in dated or not any(character.isdigit() for character in token.text):
            continue
        if before.lemma_.lower() in PROGRESSING:
            continue
        if (before.pos_ in ("NOUN", "PROPN") or before.text == "#") and not (
            token.head.i > token.i and token.dep_ == "nummod"
        ):
            found.add((before.lemma_.lower(), token.text.lower()))
    return frozenset(found)
