"""Names in a parsed sentence: where they begin and end.

A name is a run of capitalised words. `name_types.py` guesses its type; what the sentence states of it overrules that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memories.extraction import kinds as t
from memories.extraction import word_classes as lx
from memories.extraction.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

LABELS = {
    "PERSON": t.PERSON,
    "PER": t.PERSON,
    "ORG": t.ORG,
    "GPE": t.LOCATION,
    "LOC": t.LOCATION,
    "FAC": t.LOCATION,
    "PRODUCT": t.PRODUCT,
    "WORK_OF_ART": t.PRODUCT,
    "EVENT": t.EVENT,
    "LAW": t.PRODUCT,
    "MISC": t.PRODUCT,
}
PEOPLES = ("NORP", "LANGUAGE")
FIGURES = ("MONEY", "PERCENT", "QUANTITY", "ORDINAL", "CARDINAL")
ACTORS = ("nsubj", "nsubjpass", "poss", "ROOT")
EDGES = '"“”‘’.,;:!?()[] '
ABBREVIATED = lx.words("inc ltd co corp bros llc jr sr no st dr mr mrs ms prof")  # a full stop is theirs
NOBLE = lx.words("van von der den ter ten zu bin ibn")  # particles of persons' names
PARTICLES = NOBLE | lx.words("de del della di da do dos la le al el y & of")
BEHIND_HYPHEN = lx.words("based born raised style inspired made like")  # "Berlin-based"
CONNECTORS = PARTICLES | lx.words("the at for and to on in a an with is")
STARTS = ("-", "•", "*", ":", "\n", '"', "“", "!", ".", "…", "?", "(")  # after these a sentence begins
CODE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9-]*$|^\d{3,4}$|^[A-Z]{1,4}$|^[IVX]+$|^\d$")
YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass
class Name:
    """Tokens `start` to `stop` of a document; `confident` when the sentence, not the name alone, gave the type.

    `label`: the pipeline's word for it. `qualifier`: as `entities.types.EntityMention` has it.
    """

    start: int
    stop: int
    type: str
    text: str
    confident: bool = False
    label: str = ""
    qualifier: str = ""

    def retyped(self, kind: str) -> bool:
        """Give the name a type that the sentence tells, unless another told it before. Always True."""
        if not self.confident:
            self.type, self.confident = kind, True
        return True


def names(doc: Doc) -> list[Name]:
    """The names in order, none overlapping, dates left out."""
    return [name for span in _runs(doc) if (name := _make(doc, *span)) is not None]


# --- spans -----------------------------------------------------------------------------------------------------------
def _runs(doc: Doc) -> Iterator[tuple[int, int]]:
    i = 0
    while i < len(doc):
        start, i = i, i + 1
        if not _starts_name(doc[start]):
            continue
        while i < len(doc) and (step := _continues(doc, i, start)):
            i += step
        yield start, min(i, len(doc))


def _is_capital(token: Token) -> bool:
    text = token.text
    return text[0].isupper() or (text.isalpha() and any(c.isupper() for c in text[1:]))


def _starts_name(token: Token) -> bool:
    """A capital that is not just the sentence's first letter."""
    lowered = token.lower_
    if not _is_capital(token) or lowered in lx.FIRST or lowered in lx.WEEKDAYS:
        return False
    if lowered in lx.MONTHS and token.ent_type_ in ("DATE", ""):
        return False
    if lowered in lx.HONORIFICS:
        return token.i + 1 < len(token.doc) and _is_capital(token.nbor(1))
    if lowered.rstrip(".") in lx.NO_NAMES:
        return False
    if token.i and token.doc[token.i - 1].text not in STARTS and not token.is_sent_start:
        return token.pos_ not in ("PRON", "INTJ", "DET", "CCONJ", "ADP") or token.ent_type_ in LABELS
    if token.is_alpha and len(token) > 2 and not token._.known and token.dep_ != "intj":
        return True  # a name: the dictionary lacks it
    if (
        token.i + 1 < len(token.doc)
        and lowered in word_set("first_names")
        and token.nbor(1).tag_ in ("VBZ", "VBD", "POS")
    ):
        return True  # "Rose called", "Pia's manager"
    if token.ent_type_ in LABELS:
        return token.pos_ in ("PROPN", "NOUN", "ADJ", "X") or token.ent_type_ == "PERSON"
    return token.tag_ in ("NNP", "NNPS") and token.pos_ == "PROPN"


def _continues(doc: Doc, i: int, start: int) -> int:
    """How many more tokens belong to the run: 0 ends it."""
    token, last, lowered = doc[i], doc[i - 1], doc[i].lower_
    after = [x for x in doc[i + 1 : i + 3] if _is_capital(x) and x.lower_ not in lx.FIRST and x.lower_ not in lx.MONTHS]
    is_next = bool(after) and after[0].i == i + 1
    if lowered in lx.WEEKDAYS or (lowered in lx.MONTHS and token.ent_type_ == "DATE"):
        return 0
    if lowered in lx.UNITS_OF_ORG and token.text.islower() and last.ent_type_ != "PERSON":
        return int(lowered not in ("club", "band") and (i + 1 == len(doc) or not doc[i + 1].text[0].isupper()))
    if token.text in ("-", "‑") and not last.whitespace_ and not token.whitespace_ and i + 1 < len(doc):
        return 0 if doc[i + 1].lower_ in BEHIND_HYPHEN else 2
    if _is_capital(token):
        return int(lowered not in lx.FIRST)
    if any(map(str.isdigit, token.text)) and token.ent_type_ not in ("DATE", "MONEY", "PERCENT", "TIME"):
        is_count = len(token) < 4 and i + 1 < len(doc) and doc[i + 1].tag_ == "NNS"
        return int(bool(CODE.match(token.text)) and not is_count)
    if lowered in PARTICLES and (lowered != "of" or _is_of_name(doc, start, i)):
        if is_next:
            return 2
        return 3 if after and doc[i + 1].lower_ in (*PARTICLES, "the") else 0  # "van der Berg", "Bank of the West"
    if is_next and lowered in (",", "at", "and") and token.ent_iob_ == "I" and token.ent_type_ in ("ORG", "FAC"):
        return 2  # "University of California, Berkeley"
    if token.tag_ == "POS" and is_next:
        return 2 if head_type(doc[i + 1].lower_) else 0
    return int(token.text == "." and not last.whitespace_ and last.lower_ in ABBREVIATED)


def _is_of_name(doc: Doc, start: int, i: int) -> bool:
    """As in "University of Illinois", "House of Blues", but not "Carmen of Solara Foods", "the CFO of Orkla"."""
    return "PERSON" not in (doc[i - 1].ent_type_, doc[start].ent_type_) and not is_role(doc[i - 1].lower_)


def _make(doc: Doc, start: int, stop: int) -> Name | None:
    start, stop = _trimmed(doc, start, stop)
    if start >= stop:
        return None
    text = doc[start:stop].text.strip(EDGES)
    if doc[stop - 1].text.endswith(".") and text.split()[-1].lower() in ABBREVIATED:
        text += "."
    labels = [token.ent_type_ for token in doc[start:stop] if token.ent_type_]
    label = max(labels, key=labels.count, default="")
    if not text or not _is_name(doc, start, stop, label):
        return None
    return Name(start, stop, "", text, label=label)


def _trimmed(doc: Doc, start: int, stop: int) -> tuple[int, int]:
    def is_edge(token: Token) -> bool:
        return token.tag_ in ("PRP", "PRP$", "DT", "POS") or (token.is_punct and token.text != ".")

    while start < stop and (is_edge(doc[start]) or (stop - start > 1 and YEAR.fullmatch(doc[start].text))):
        start += 1
    while stop > start and (is_edge(doc[stop - 1]) or doc[stop - 1].text in CONNECTORS):
        stop -= 1
    return start, stop


def _is_name(doc: Doc, start: int, stop: int, label: str) -> bool:
    span, lowered, last = doc[start:stop], doc[start:stop].text.lower(), doc[stop - 1].lower_
    if len(span) == 1 and label in PEOPLES and span[0]._.known and span[0].dep_ not in ACTORS:
        return False  # "Irish", but not a Maria whom the pipeline takes for a people
    if len(span) == 1 and (lowered in lx.WEEKDAYS or (lowered in lx.MONTHS and label in ("DATE", ""))):
        return False
    if all(token.lower_ in lx.NO_NAMES or token.lower_ in lx.ROLES or token.is_punct for token in span):
        return False
    if is_role(last) and label != "PERSON":
        return False  # "Digital Marketing Specialist"
    if label in ("DATE", "TIME") and not any(token.lower_ in lx.HOLIDAYS for token in span):
        return False
    return any(map(str.isalpha, lowered)) and (label not in FIGURES or len(span) > 1 or span[0].pos_ == "PROPN")


# --- types -----------------------------------------------------------------------------------------------------------
def is_role(word: str) -> bool:
    return word in lx.ROLES or (
        len(word) > 7 and word.endswith(lx.ROLE_ENDINGS) and word not in lx.NO_ROLES and word not in lx.PEOPLE
    )


def head_type(word: str) -> str:
    """The type that the head of a name tells: "University", "Festival"; "" if it tells none."""
    return next((kind for heads, kind in HEADS if word in heads), "")


HEADS = (
    (lx.ORG_HEADS | lx.STUDY_HEADS, t.ORG),
    (lx.EVENT_HEADS | lx.HOLIDAYS, t.EVENT),
    (lx.PRODUCT_HEADS | lx.WORKS, t.PRODUCT),
    (lx.PLACE_HEADS, t.LOCATION),
)
