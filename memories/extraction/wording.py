"""Rephrase a sentence so that it can be read without context. Only safe changes are made.

The first person becomes "User" or the speaker's name, with the verb agreed; a pronoun becomes the name that it surely
means. If one first person of a sentence can't be changed safely, the sentence stays as it was said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memories.extraction import grammar as g
from memories.extraction import kinds as t
from memories.extraction import word_classes as lx
from memories.extraction.discourse import Discourse
from memories.extraction.links import Sentence

if TYPE_CHECKING:
    from spacy.tokens import Token

Edit = tuple[int, int, str]  # characters start to stop, and their replacement

AGREED = {"am": "is", "are": "is", "have": "has", "do": "does", "were": "was"}
CONTRACTED = {"m": "is", "re": "is", "ve": "has", "ll": "will"}
SAME_IN_PAST = lx.words(
    "quit put cut set hit let cost shut beat bet burst cast hurt split spread rid shed bid upset read"
)
MODALS = ("MD", "VBD", "VBZ")


class _UnsureError(Exception):
    """The sentence can't be reworded safely."""


def content_of(sentence: Sentence, discourse: Discourse, name: str, quoted: frozenset[int]) -> str:
    """The sentence with its speaker (`name`) and sure pronouns named, without the final full stop."""
    text = sentence.doc.text
    try:
        edits = [edit for token in sentence.doc if token.i not in quoted for edit in _edits(token, sentence, name)]
    except _UnsureError:
        edits = []
    else:
        edits += _named(sentence, discourse, quoted, has_first_person=bool(edits))
    for start, stop, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[stop:]
    return bare(text)


def bare(text: str) -> str:
    """Without the final full stop."""
    text = text.strip()
    return text if text.endswith("..") else text.removesuffix(".") or text


def _edits(token: Token, sentence: Sentence, name: str) -> list[Edit]:
    """The changes that one word of the first person needs."""
    lowered, stop = g.lower(token), token.idx + len(token)
    if not token.tag_.startswith("PRP") and not (lowered in ("i", "my") and token.pos_ == "PRON"):
        return []
    match lowered:
        case "i":
            return [(token.idx, stop, name), *_agreement(token)]
        case "me":
            return [(token.idx, stop, name)]
        case "myself":
            return [(token.idx, stop, "themselves" if _follows_user(token, sentence) else name)]
        case "my":
            return [(token.idx, stop, "their" if _follows_user(token, sentence) else f"{name}'s")]
        case "mine":
            return [(token.idx, stop, "theirs" if _follows_user(token, sentence) else f"{name}'s")]
    return []


def _follows_user(token: Token, sentence: Sentence) -> bool:
    """Whether "their" would mean the user: "I" is a subject before it, and nobody else is named between them."""
    before = [x.i for x in sentence.doc[: token.i] if g.lower(x) == "i" and x.dep_ in ("nsubj", "nsubjpass")]
    if not before:
        return False
    between = range(before[-1] + 1, token.i)
    others = {i for n in sentence.names if n.type == t.PERSON for i in range(n.start, n.stop)}
    people = (x.i for x in sentence.doc if g.lemma(x) in lx.PEOPLE or (x.tag_ in ("PRP", "NNS") and g.lower(x) != "me"))
    return not others.union(people).intersection(between)


def _agreement(pronoun: Token) -> list[Edit]:
    """The verb after "I", in the third person. Raises _UnsureError where the parse doesn't tell which it is."""
    if pronoun.dep_ == "conj" or g.children(pronoun, "conj"):
        return []  # "Zoë and I are": the plural stays
    if pronoun.dep_ not in ("nsubj", "nsubjpass"):
        raise _UnsureError
    verb = pronoun.head
    group = sorted([*g.children(verb, "aux", "auxpass"), verb], key=lambda x: x.i)
    finite = next((x for x in group if x.tag_ in ("VBP", *MODALS) or (x.tag_ == "VB" and len(group) == 1)), None)
    if finite is None or finite != group[0] or finite.i < pronoun.i:
        raise _UnsureError
    edits = _third_person(finite, verb)
    if finite == verb:
        edits += [e for c in g.children(verb, "conj") if _shares(c) for e in _third_person(c, c)]
    return edits


def _shares(verb: Token) -> bool:
    return verb.tag_ in ("VBP", "VB") and not g.children(verb, "nsubj", "nsubjpass", "aux", "auxpass")


def _third_person(finite: Token, verb: Token) -> list[Edit]:
    lowered, start, stop = g.lower(finite), finite.idx, finite.idx + len(finite)
    contraction = lowered.lstrip("'’")
    is_attached = start > 0 and not finite.doc[finite.i - 1].whitespace_
    if is_attached and contraction in CONTRACTED:
        return [(start, stop, f" {CONTRACTED[contraction]}")]
    if is_attached and contraction == "d":
        return [(start, stop, " had" if verb.tag_ in ("VBN", "VBD") or verb == finite else " would")]
    if is_attached or lowered == "ai":
        raise _UnsureError
    if lowered in AGREED:
        return [(start, stop, AGREED[lowered])]
    if finite.tag_ in MODALS or lowered in SAME_IN_PAST:
        return []
    return [(start, stop, g.third_person(finite.text))]


def _named(sentence: Sentence, discourse: Discourse, quoted: frozenset[int], *, has_first_person: bool) -> list[Edit]:
    """A "he" or "she" that is a subject, as the one person whom the sentences before named."""
    if has_first_person or any(n.type == t.PERSON for n in sentence.names):
        return []
    edits = []
    for token in sentence.doc:
        if token.i not in quoted and g.lower(token) in ("he", "she") and token.dep_ in ("nsubj", "nsubjpass"):
            person = discourse.only_person(is_female=g.lower(token) == "she")
            following = token.nbor(1) if token.i + 1 < len(token.doc) else None
            if person and following is not None and token.whitespace_:
                edits.append((token.idx, token.idx + len(token), person))
    return edits[:1]
