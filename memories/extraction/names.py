"""Names in a parsed sentence: where they begin and end, and what they are by themselves.

The pipeline's own entities and runs of capitalised words are joined into spans; the type comes from the head of the
name, from its shape, then from the pipeline. What the sentence says about a name (`naming.py`) overrules all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memories.extraction import lexicon as lx
from memories.extraction import kinds as t

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

ABBREVIATED = lx.words("inc ltd co corp bros llc jr sr no st dr mr mrs ms prof")  # a full stop is theirs
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
NO_NAME_LABELS = ("NORP", "LANGUAGE")
ACTORS = ("nsubj", "nsubjpass", "poss", "ROOT")
OPENING, CLOSING = "\"“‘'«", "\"”’'»"
PARTICLES = lx.words("de del della di da do dos van von der den ter ten zu bin ibn la le al el y & of")
CONNECTORS = PARTICLES | lx.words("the at for and to on in a an with is")
CODE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9-]*$|^\d{3,4}$|^[A-Z]{1,4}$|^[IVX]+$|^\d$")
WEEKDAYS = lx.words(
    "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays "
    "fridays saturdays sundays mon tue tues wed thu thur thurs fri sat sun"
)
MONTHS = lx.words(
    "january february march april may june july august september october november december jan feb mar "
    "apr jun jul aug sep sept oct nov dec"
)
SEASONS = lx.words("spring summer autumn fall winter")


@dataclass
class Name:
    """Tokens `start` to `stop` of a document; `sure` when the sentence, not the name alone, gave the type.

    `qualifier`: as `entities.types.Named` has it.
    """

    start: int
    stop: int
    type: str
    text: str
    quoted: bool = False
    sure: bool = False
    label: str = ""
    qualifier: str = ""

    def covers(self, index: int) -> bool:
        return self.start <= index < self.stop


def names(doc: Doc) -> list[Name]:
    """The names in order, none overlapping, dates left out."""
    taken = [False] * len(doc)
    found: list[Name] = []
    for start, stop in _quoted(doc):
        _add(found, taken, _make(doc, start, stop, quoted=True))
    spans = sorted(_spans(doc, taken), key=lambda span: span[0] - span[1])  # longest first
    for start, stop in spans:
        if not any(taken[start:stop]):
            _add(found, taken, _make(doc, start, stop))
    return sorted(found, key=lambda name: name.start)


def _add(found: list[Name], taken: list[bool], name: Name | None) -> None:
    if name is not None:
        taken[name.start : name.stop] = [True] * (name.stop - name.start)
        found.append(name)


def _quoted(doc: Doc) -> Iterator[tuple[int, int]]:
    """Titles between quotation marks: capitalised, short, and no sentence of its own."""
    start: int | None = None
    for token in doc:
        text = token.text
        if start is not None and text[-1:] in CLOSING and token.i > start and text not in ("'s",):
            stop = token.i + (len(text) > 1)
            if _title(doc, start, stop):
                yield start, stop
            start = None
        elif (
            text[0] in OPENING
            and (len(text) == 1 or text[1:2].isupper())
            and (token.i == 0 or doc[token.i - 1].whitespace_ or doc[token.i - 1].text == "(")
        ):
            start = token.i + 1 if len(text) == 1 else token.i


def _title(doc: Doc, start: int, stop: int) -> bool:
    inside = [token for token in doc[start:stop] if not token.is_punct]
    if not inside or len(inside) > 12 or not (inside[0].text[0].isupper() or inside[0].text[0].isdigit()):
        return False
    if any(token.lower_ in lx.FIRST and token.i > start for token in inside) or inside[0].text == "I":
        return False
    capitals = sum(token.text[0].isupper() or token.text[0].isdigit() or token.lower_ in CONNECTORS for token in inside)
    return capitals == len(inside) and (len(inside) > 1 or inside[0].pos_ not in ("INTJ",))


def _spans(doc: Doc, taken: list[bool]) -> Iterator[tuple[int, int]]:
    runs = list(_runs(doc, taken))
    yield from runs
    in_runs = {i for start, stop in runs for i in range(start, stop)}
    for ent in doc.ents:
        if ent.label_ in LABELS and not in_runs.intersection(range(ent.start, ent.end)):
            start, stop = ent.start, ent.end
            if any(token.text[:1].isupper() for token in doc[start:stop]):
                yield start, stop


def _capital(token: Token) -> bool:
    text = token.text
    return text[0].isupper() or (
        len(text) > 1 and text[0].islower() and any(c.isupper() for c in text[1:]) and text.isalpha()
    )


def _starts_name(token: Token) -> bool:
    """A capital that is not just the sentence's first letter."""
    if not _capital(token) or token.lower_ in lx.FIRST or token.lower_ in WEEKDAYS:
        return False
    if token.lower_ in MONTHS and token.ent_type_ in ("DATE", ""):
        return False
    if token.lower_ in lx.NO_NAMES or (token.lower_.rstrip(".") in lx.NO_NAMES and token.lower_ not in lx.HONORIFICS):
        return token.lower_ in lx.HONORIFICS and token.i + 1 < len(token.doc) and _capital(token.nbor(1))
    first = (
        token.i == 0
        or token.doc[token.i - 1].text in ("-", "•", "*", ":", "\n", '"', "“", "!", ".", "…", "?", "(")
        or token.is_sent_start
    )
    if first:
        if token.is_alpha and len(token.text) > 2 and not token._.known and token.dep_ != "intj":
            return True  # no word of the dictionary's: a name, whatever its tag
        if token.ent_type_ in LABELS:
            return token.pos_ in ("PROPN", "NOUN", "ADJ", "X") or token.ent_type_ == "PERSON"
        return token.tag_ in ("NNP", "NNPS") and token.pos_ == "PROPN"
    return token.pos_ not in ("PRON", "INTJ", "DET", "CCONJ", "ADP") or token.ent_type_ in LABELS


def _runs(doc: Doc, taken: list[bool]) -> Iterator[tuple[int, int]]:
    i = 0
    while i < len(doc):
        if taken[i] or not _starts_name(doc[i]):
            i += 1
            continue
        start = i
        i += 1
        while i < len(doc) and not taken[i]:
            step = _continues(doc, i, start)
            if not step:
                break
            i += step
        yield start, i


def _continues(doc: Doc, i: int, start: int) -> int:
    """How many more tokens belong to the run: 0 ends it."""
    token, last = doc[i], doc[i - 1]
    after = [x for x in doc[i + 1 : i + 3] if _capital(x) and x.lower_ not in lx.FIRST and x.lower_ not in MONTHS]
    is_next = bool(after) and after[0].i == i + 1
    if token.lower_ in WEEKDAYS or (token.lower_ in MONTHS and token.ent_type_ == "DATE"):
        return 0
    if token.lower_ in lx.UNITS_OF_ORG and token.text.islower() and last.ent_type_ != "PERSON":
        return int(token.lower_ not in ("club", "band") and (i + 1 == len(doc) or not doc[i + 1].text[0].isupper()))
    if token.text in ("-", "‑") and not last.whitespace_ and not token.whitespace_ and i + 1 < len(doc):
        return 2
    if _capital(token):
        return int(token.lower_ not in lx.FIRST)
    if any(c.isdigit() for c in token.text) and token.ent_type_ not in ("DATE", "MONEY", "PERCENT", "TIME"):
        return int(bool(CODE.match(token.text)) and not (is_plural(doc, i + 1) and len(token.text) < 4))
    if token.lower_ in PARTICLES and (token.lower_ != "of" or _of_name(doc, start, i)):
        if is_next:
            return 2
        return 3 if after and doc[i + 1].lower_ in PARTICLES | {"the"} else 0  # "van der Berg", "Bank of the West"
    if is_next and token.ent_iob_ == "I" and token.ent_type_ in ("ORG", "FAC", "WORK_OF_ART", "EVENT"):
        return 2  # "University of California, Berkeley"
    if token.text == "." and not last.whitespace_ and last.lower_ in ABBREVIATED:
        return 1
    if token.tag_ == "POS" and is_next and _possessive_inside(doc, i):
        return 2
    return 0


def is_plural(doc: Doc, i: int) -> bool:
    return i < len(doc) and doc[i].tag_ == "NNS"


def _of_name(doc: Doc, start: int, i: int) -> bool:
    """As in "University of Illinois", "House of Blues", but not "Carmen of Solara Foods", "the CFO of Orkla"."""
    return "PERSON" not in (doc[i - 1].ent_type_, doc[start].ent_type_) and not is_role(doc[i - 1].lower_)


def _possessive_inside(doc: Doc, i: int) -> bool:
    """As in "St. Mary's Church", "Trader Joe's": the 's belongs to the name."""
    nxt = doc[i + 1] if i + 1 < len(doc) else None
    if nxt is not None and _capital(nxt) and nxt.text[0] not in OPENING:
        return nxt.lower_ in lx.PLACE_HEADS | lx.ORG_HEADS | lx.STUDY_HEADS or (
            doc[i].ent_type_ in LABELS and doc[i].ent_type_ == nxt.ent_type_
        )
    return False


def _make(doc: Doc, start: int, stop: int, quoted: bool = False) -> Name | None:
    if not quoted:
        start, stop = _trim(doc, start, stop)
    if start >= stop:
        return None
    text = doc[start:stop].text.strip('"“”‘’.,;:!?()[] ') if quoted else doc[start:stop].text.strip('"“”‘,;:!?()[] ')
    tail = doc[stop - 1].lower_
    if not quoted and text.endswith(".") and tail.rstrip(".") not in ABBREVIATED:
        text = text.rstrip(".")
    if text.endswith(("'s", "’s")) and doc[stop - 1].tag_ == "POS":
        text = text[:-2]
    label = _label(doc, start, stop)
    if not quoted and not _is_name(doc, start, stop, label):
        return None
    kind = _type(doc, start, stop, label, quoted)
    return Name(start, stop, kind, text, quoted=quoted, label=label) if text else None


def _trim(doc: Doc, start: int, stop: int) -> tuple[int, int]:
    while start < stop and (
        doc[start].is_punct
        or doc[start].lower_ in ("the", "a", "an", "my", "our", "his", "her", "their")
        or doc[start].tag_ in ("PRP", "PRP$", "DT", "POS")
        or (doc[start].like_num and stop - start > 1 and re.fullmatch(r"(19|20)\d\d", doc[start].text))
    ):
        start += 1
    while stop > start and (
        (doc[stop - 1].is_punct and doc[stop - 1].text != ".")
        or doc[stop - 1].tag_ == "POS"
        or (doc[stop - 1].lower_ in CONNECTORS and not doc[stop - 1].text.isupper())
    ):
        stop -= 1
    return start, stop


def _label(doc: Doc, start: int, stop: int) -> str:
    """The pipeline's word for most of the span."""
    labels = [token.ent_type_ for token in doc[start:stop] if token.ent_type_]
    return max(labels, key=labels.count) if labels else ""


def _is_name(doc: Doc, start: int, stop: int, label: str) -> bool:
    span = doc[start:stop]
    low = span.text.lower()
    if label in NO_NAME_LABELS and stop - start == 1 and span[0]._.known and span[0].dep_ not in ACTORS:
        return False  # "Irish", but not a Maria whom the pipeline takes for a people
    if low in lx.NO_NAMES or low in WEEKDAYS or low in lx.ROLES:
        return False
    if all(token.lower_ in lx.NO_NAMES | lx.ROLES or token.is_punct for token in span):
        return False
    if stop - start == 1 and low in MONTHS and label in ("DATE", ""):
        return False
    if is_role(span[-1].lower_) and label != "PERSON" and span[-1].lower_ not in ("captain", "baker", "smith"):
        return False  # "Digital Marketing Specialist"
    if not any(c.isalpha() for c in low):
        return False
    if label in ("DATE", "TIME") and not any(token.lower_ in lx.FEASTS for token in span):
        return False
    return (
        label not in ("MONEY", "PERCENT", "QUANTITY", "ORDINAL", "CARDINAL")
        or stop - start > 1
        or span[0].pos_ == "PROPN"
    )


def is_role(word: str) -> bool:
    return word in lx.ROLES or (
        word.endswith(lx.ROLE_ENDINGS) and word not in lx.NO_ROLES | lx.PEOPLE and len(word) > 7
    )


def _type(doc: Doc, start: int, stop: int, label: str, quoted: bool) -> str:
    span = doc[start:stop]
    low = [token.lower_ for token in span]
    head = low[-1] if "of" not in low[1:] else low[max(low.index("of", 1) - 1, 0)]
    if quoted:
        return _quoted_type(doc, start, stop)
    if low[0] in lx.HONORIFICS and len(low) > 1 and head not in lx.PLACE_HEADS | lx.ORG_HEADS | lx.STUDY_HEADS:
        return t.PERSON if low[0] not in ("st", "st.") else t.LOCATION
    after = doc[stop].lower_ if stop < len(doc) else ""
    for word in (head, *([low[0]] if low[0] in ("lake", "mount", "port", "cape", "fort") else ()), after):
        kind = head_type(word)
        if kind and (word != after or word in AFTER):
            return kind
    if any(word in lx.FEASTS for word in low):
        return t.EVENT
    if len(low) > 1 and any(CODE.match(token.text) and any(c.isdigit() for c in token.text) for token in span[1:]):
        return t.PRODUCT
    return LABELS.get(label, "")


AFTER = lx.words(
    "team group division department app project band fest festival exhibition exhibit playoffs conference "
    "album song movie film book novel novels podcast branch office "
    "class course major degree"
)


def head_type(word: str) -> str:
    if word in lx.STUDY_HEADS or word in lx.ORG_HEADS:
        return t.ORG
    if word in lx.EVENT_HEADS or word in lx.FEASTS:
        return t.EVENT
    if word in lx.PRODUCT_HEADS or word in lx.WORKS:
        return t.PRODUCT
    if word in ("class", "course", "major", "degree"):
        return t.CONCEPT
    if word in lx.PLACE_HEADS or word in ("branch", "office"):
        return t.LOCATION
    return ""


def _quoted_type(doc: Doc, start: int, stop: int) -> str:
    near = [token.lower_ for token in doc[stop : stop + 5]] + [token.lower_ for token in doc[max(0, start - 5) : start]]
    for word in near:
        if word in lx.EVENT_HEADS:
            return t.EVENT
        if word in lx.UNITS_OF_ORG:
            return t.ORG
        if word in lx.WORKS:
            return t.PRODUCT
    return t.PRODUCT
