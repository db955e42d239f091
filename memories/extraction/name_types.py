"""The type of a name: a logistic regression over features of its words and of its sentence.

Trained on the names of texts with known types (`training/name_types`). A feature that training lacked has no weight.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.unicode import normalize
from memories.extraction import grammar as g
from memories.extraction import kinds as t
from memories.extraction import name_spans as nm
from memories.extraction import word_classes as lx
from memories.extraction.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

WEIGHTS = Path(__file__).parent / "weights" / "name_types.json"
TYPES = (t.EVENT, t.LOCATION, t.ORG, t.PERSON, t.PRODUCT)
HUMAN = lx.words(
    "say tell marry meet call ask live love like hate think know study teach move quit want adopt report manage lead "
    "prefer enjoy retire graduate write invent recommend suggest cook bake mention invite divorce engage bear join"
)
OBJECT_TYPES = {
    **dict.fromkeys(lx.words("marry meet date tell ask hire remind invite"), t.PERSON),
    **dict.fromkeys(lx.words("use try install download play read drive buy own create build wear order"), t.PRODUCT),
    **dict.fromkeys(lx.words("join leave quit"), t.ORG),
    **dict.fromkeys(lx.words("visit explore tour"), t.LOCATION),
}
THINGS = lx.words("app tool project laptop car bike camera phone guitar computer boat")
COMPANIES = lx.words("company startup employer firm brand agency store shop bakery supplier")
PRODUCTS, GROUPS = lx.WORKS | THINGS, lx.MEMBERSHIPS | COMPANIES
PLACES = lx.words("place hometown city town country neighborhood neighbourhood village restaurant cafe")


def guess(doc: Doc, start: int, stop: int, label: str, nouns: Sequence[Token]) -> tuple[str, float]:
    """The likeliest type of the name at these tokens with its probability. `label`: the type that spaCy gives;
    `nouns`: the nouns linked with the name, as "sister" in "my sister Emily"."""
    return likeliest(features(doc, start, stop, label, nouns))


def likeliest(found: Collection[str]) -> tuple[str, float]:
    """The likeliest type of a name with these features, with its probability."""
    weights = _weights()
    rows = [weights[""], *(weights[feature] for feature in sorted(found) if feature in weights)]
    powers = [math.exp(sum(column)) for column in zip(*rows, strict=True)]
    best = max(range(len(TYPES)), key=powers.__getitem__)
    return TYPES[best], powers[best] / sum(powers)


def features(doc: Doc, start: int, stop: int, label: str, nouns: Sequence[Token]) -> set[str]:
    return {f"label {label}", *_inside(doc, start, stop), *_around(doc, start, stop, label), *map(_of_noun, nouns)}


def _inside(doc: Doc, start: int, stop: int) -> Iterator[str]:
    span = doc[start:stop]
    lowered, single = [token.lower_ for token in span], "one" if stop - start == 1 else "more"
    head, first = lowered[lowered.index("of", 1) - 1] if "of" in lowered[1:] else lowered[-1], folded(lowered[0])
    yield f"head {t.EVENT if lx.HOLIDAYS & set(lowered) else nm.head_type(head)}"
    yield f"first {first in word_set('first_names')} {single}"
    yield f"place {folded(span.text) in word_set('places')}"
    yield f"honorific {lowered[0] in lx.HONORIFICS and single == 'more'}"
    yield f"noble {bool(nm.NOBLE.intersection(x.text for x in span))}"
    yield f"code {any(nm.CODE.match(x.text) and any(map(str.isdigit, x.text)) for x in span[1:])}"
    yield f"case {'upper' if span.text.isupper() else 'lower' if span.text.islower() else ''}"
    yield f"digit {any(map(str.isdigit, span.text))}"
    yield f"known {all(x._.known for x in span)}"


def _around(doc: Doc, start: int, stop: int, label: str) -> Iterator[str]:
    head = doc[start:stop].root
    governor, slot = head.head, head.dep_
    lemma = g.lemma(governor)
    before = doc[start - 1] if start else None
    after = doc[stop] if stop < len(doc) else None
    yield f"before {before.lower_ if before is not None else ''}"
    yield f"after {after.lower_ if after is not None else ''}"
    yield f"determined {before is not None and before.pos_ == 'DET'}"
    yield f"possessive {after is not None and after.tag_ == 'POS'}"
    if after is not None and after.pos_ == "NOUN":
        yield f"compound {nm.head_type(after.lower_)}"
    if slot == "pobj":
        yield f"preposition {governor.lower_}"
        yield f"governor {g.lemma(governor.head)}"
    elif slot in ("nsubj", "nsubjpass"):
        yield f"subject {lemma in HUMAN}"
        if lemma == "be":
            yield from map(_of_noun, g.children(governor, "attr"))
    elif slot == "dobj":
        yield f"object {OBJECT_TYPES.get(lemma, '')}"
    elif slot == "appos":
        yield _of_noun(governor)
    yield from map(_of_noun, g.children(head, "appos"))
    for owner in g.children(head, "poss"):
        if owner.i < start:
            yield f"owned {label if owner.tag_ == 'PRP$' else 'by name'}"


def _of_noun(noun: Token) -> str:
    return f"noun {noun_type(noun)}"


def noun_type(noun: Token) -> str:
    """The type of the name that this noun describes: "my sister Emily", "a company called Acme"."""
    forms = {g.lemma(noun), g.lower(noun)}
    if not forms.isdisjoint(lx.BEINGS) or nm.is_role(g.lemma(noun)):
        return t.PERSON
    if not forms.isdisjoint(PRODUCTS):
        return t.PRODUCT
    if not forms.isdisjoint(GROUPS):
        return t.ORG
    return nm.head_type(g.lemma(noun)) or (t.LOCATION if forms & PLACES else "")


def folded(text: str) -> str:
    """Without case and accents."""
    return "".join(c for c in normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


@cache
def _weights() -> dict[str, list[float]]:
    saved: dict[str, list[float]] = json.loads(WEIGHTS.read_text("utf-8"))
    return saved
