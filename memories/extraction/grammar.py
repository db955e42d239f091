"""Queries on the parse of a sentence: subjects, objects, prepositions, and whether a verb is a claim.

Labels are those of spaCy's English pipelines (ClearNLP): nsubj, dobj, prep, pobj, appos, conj, relcl, …
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from memories.extraction import word_classes as lx

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

OBJECTS = ("dobj", "obj", "oprd")
SHARED = ("conj", "xcomp", "advcl", "pcomp", "ccomp", "dep")  # a verb without a subject takes its head's
NOUNS = ("NOUN", "PROPN", "NUM", "X")
PRESENT = lx.words("has have 've is are 'm am 's do does")
FACTUAL_PREPOSITIONS = lx.words("after since before by despite upon")  # "after moving to Oslo": it happened
OPENERS = ("PUNCT", "CCONJ", "INTJ", "SPACE")  # before a clause
MAX_DEPTH = 8  # heads that are climbed from a verb


def is_verb(token: Token) -> bool:
    return token.pos_ in ("VERB", "AUX")


def children(token: Token, *labels: str) -> list[Token]:
    return [child for child in token.children if child.dep_ in labels]


def lemma(token: Token) -> str:
    return str(token.lemma_).lower()


def lower(token: Token) -> str:
    return str(token.lower_)


def with_conjuncts(token: Token) -> list[Token]:
    """`token` and the nouns that are coordinated with it: "sushi and curries"."""
    found = [token]
    for each in found:  # it grows: each conjunct hangs on the one before
        found += [c for c in each.children if c.dep_ == "conj" and (c.pos_ in (*NOUNS, "PRON") or c.tag_ == "VBG")]
    return found


def subjects(verb: Token, depth: int = 0) -> list[Token]:
    """The subjects of a verb, through shared, controlled and relative subjects; [] if the sentence has none."""
    own = children(verb, "nsubj", "nsubjpass")
    if own:
        if lower(own[0]) in ("who", "which", "that") and verb.dep_ == "relcl":
            return with_conjuncts(verb.head)
        return with_conjuncts(own[0])
    head = verb.head
    if depth > MAX_DEPTH or head == verb:
        return []
    if verb.dep_ in ("acl", "relcl"):
        of_be = head.dep_ == "attr" and verb.dep_ == "acl" and lemma(head.head) == "be"
        return subjects(head.head, depth + 1) if of_be else [head]  # "she is an engineer working at …"
    if verb.dep_ not in SHARED:
        return []
    if verb.dep_ == "xcomp" and lemma(head) in lx.CAUSING and (caused := children(head, "dobj")):
        return caused[:1]
    governor = head if is_verb(head) else head_verb(head)
    return subjects(governor, depth + 1) if governor is not None else []


def lacks_subject(verb: Token) -> bool:
    """A note that leaves out its subject: "sold the vespa yesterday", "works at Acme"."""
    if verb.dep_ == "conj" and is_verb(verb.head):
        return lacks_subject(verb.head) and not subjects(verb)
    return verb.dep_ == "ROOT" and not subjects(verb) and verb.tag_ in ("VBD", "VBN", "VBG", "VBZ")


def objects(verb: Token) -> list[Token]:
    found = [each for child in children(verb, *OBJECTS) for each in with_conjuncts(child)]
    if not found and verb.dep_ == "relcl":
        subject = children(verb, "nsubj")
        if subject and lower(subject[0]) not in ("who", "which", "that"):
            found = [verb.head]  # "the bulb I have"
    return found


def prepositions(head: Token) -> Iterator[tuple[str, Token]]:
    """(preposition, its object) of a verb or noun, coordinated objects one by one."""
    for child in head.children:
        if child.i and lower(child.nbor(-1)) == "not" and child.dep_ == "prep":
            continue  # "reports to Ada, not to Kim"
        if child.dep_ in ("prep", "agent", "dative") or (child.dep_ == "prt" and children(child, "pobj")):
            yield from _objects_of(child)


def _objects_of(preposition: Token) -> Iterator[tuple[str, Token]]:
    for target in children(preposition, "pobj"):
        for each in with_conjuncts(target):
            yield lower(preposition), each
    for nested in children(preposition, "prep", "conj"):  # "back from", "in and around", "from Lisbon to Porto"
        if nested.dep_ == "prep" or nested.pos_ == "ADP":
            yield from _objects_of(nested)


def all_prepositions(verb: Token) -> Iterator[tuple[str, Token]]:
    """Those of the verb, and of its objects and complements, which the parser mixes up: "bought it at Macy's"."""
    if not children(verb, "prep", "dobj", "agent"):  # "born and raised in Lagos", "lives and works in Ghent"
        for other in children(verb, "conj"):
            yield from prepositions(other) if is_verb(other) and other.i <= verb.i + 2 else ()
    for direct in prepositions(verb):
        yield direct
        for nested in prepositions(direct[1]):  # "works as a chef at Noma"
            if nested[0] in ("in", "at", "from", "for", "to"):
                yield nested
    for child in children(verb, "dobj", "attr", "acomp", "advmod", "prt", "npadvmod", "oprd"):
        for each in with_conjuncts(child):
            for direct in prepositions(each):
                yield direct
                yield from prepositions(direct[1])


def complements(verb: Token) -> list[Token]:
    """The complements of "be" or "become", under each label that the parser gives them."""
    found = children(verb, "attr", "oprd")
    found += [c for c in children(verb, "acomp", "nsubj", "dobj") if c.i > verb.i and c.pos_ in ("PROPN", "NOUN")]
    return [each for first in dict.fromkeys(found) for each in (first, *children(first, "conj", "appos"))]


def head_verb(token: Token) -> Token | None:
    """The verb that `token` hangs on."""
    return next((ancestor for ancestor in token.ancestors if is_verb(ancestor)), None)


# --- how it is stated ------------------------------------------------------------------------------------------------
def negated(verb: Token) -> bool:
    return any(child.dep_ == "neg" or lower(child) in ("never", "nt") for child in verb.children)


def ended(verb: Token) -> bool:
    """Said to be over: "no longer", "not … any more", "used to", "stopped working"."""
    words = {lower(x) for child in verb.children for x in (child, *child.children)}
    if "longer" in words and ("no" in words or negated(verb)):
        return True
    if negated(verb) and ("anymore" in words or {"any", "more"} <= words):
        return True
    return verb.dep_ == "xcomp" and lemma(verb.head) in lx.STOPPING


def past(verb: Token) -> bool:
    """Simple past: it was so, and perhaps is no more. "I've worked" isn't: it may go on."""
    aux = children(verb, "aux", "auxpass")
    if any(lower(a) in PRESENT for a in aux):
        return False
    return verb.tag_ == "VBD" or any(a.tag_ == "VBD" for a in aux) or (verb.tag_ == "VBN" and not aux)


def happened(verb: Token) -> bool:
    """Past or perfect: of what one does once."""
    return verb.tag_ in ("VBD", "VBN") or (verb.dep_ == "pcomp" and lower(verb.head) in FACTUAL_PREPOSITIONS)


def claimed(verb: Token) -> bool:
    """Whether the speaker says that it is or was so.

    Questions, plans, wishes, guesses, conditions, and what others believe or say are no claims.
    """
    if asked(verb):
        return False
    for _ in range(MAX_DEPTH):
        if _is_hypothetical(verb):
            return False
        head = verb.head
        if head == verb or verb.dep_ == "relcl":
            return True
        governor = head if is_verb(head) else head_verb(head)
        if not _is_factual(verb, head, governor):
            return False
        if governor is None or verb.dep_ in ("advcl", "relcl") or (children(verb, "nsubj") and verb.dep_ == "conj"):
            return True
        verb = governor
    return False


def _is_factual(verb: Token, head: Token, governor: Token | None) -> bool:
    """Whether the clause of `verb` is true if the clause above it is said."""
    marks = {lower(c) for c in children(verb, "mark")}
    if marks & {"if", "unless", "whether"} or ("though" in marks and "as" in marks):
        return False
    match verb.dep_:
        case "ccomp":
            return governor is not None and _vouches(verb, governor, "that" in marks)
        case "xcomp":
            return lemma(head) in lx.ASPECT or (lemma(head) == "be" and head.tag_ in ("VBD", "VBZ", "VBP"))
        case "pcomp":
            return lower(head) in FACTUAL_PREPOSITIONS
        case "advcl" | "acl":
            return verb.tag_ != "VB"  # not "a plan to move", "in order to move"
        case _:
            return True


def _vouches(verb: Token, governor: Token, is_marked: bool) -> bool:
    """Whether the speaker stands for the clause: "I know that", "remember that", but not "my boss thinks"."""
    if negated(governor):
        return False
    if lemma(governor) not in lx.REPORTING and not is_marked:
        return verb.i < governor.i or lemma(governor) != "be"  # two sentences with a comma between
    mine = subjects(governor)
    if lemma(governor) not in lx.KNOWING:
        return bool(mine) and lower(mine[0]) == "i" and lemma(governor) in ("be", "think", "feel")
    return not mine or lower(mine[0]) in ("i", "you", "me")


def _is_hypothetical(verb: Token) -> bool:
    for child in verb.children:
        if child.dep_ == "aux" and child.tag_ == "MD" and lower(child) not in ("can", "ca", "could"):
            return True
        if child.dep_ == "aux" and lower(child) in ("could", "'d") and verb.tag_ == "VB":
            return True
        if child.dep_ in ("advmod", "npadvmod") and lower(child) in lx.HEDGES:
            return True
    return False


def asked(verb: Token) -> bool:
    """Inside a question: nothing is stated by it."""
    for _ in range(MAX_DEPTH):
        if verb.dep_ == "relcl":
            return False  # "the lamp that I have": presupposed, even in a question
        if verb.dep_ == "advcl" and any(lower(c) in ("since", "because", "as", "when") for c in verb.children):
            return False
        if is_inverted(verb):
            return True
        if verb.head == verb:
            break
        verb = verb.head
    return False


def is_inverted(verb: Token) -> bool:
    """An auxiliary before the subject, or a question word in front: "does she live", "what is"."""
    subject = next(iter(children(verb, "nsubj", "nsubjpass", "expl")), None)
    start = next((x.i for x in verb.doc[verb.left_edge.i : verb.i] if x.pos_ not in OPENERS), verb.i)
    asks = any(c.tag_ in ("WP", "WRB", "WDT", "WP$") for c in verb.doc[start : start + 2])
    if asks and verb.dep_ in ("ROOT", "conj") and is_question(verb.doc):
        return True
    if subject is None or any(lower(c) in ("nor", "neither", "so") for c in verb.children):
        return False
    front = [c for c in (*children(verb, "aux", "auxpass"), verb) if c.i < subject.i and c.pos_ == "AUX"]
    return bool(front) and (is_question(verb.doc) or front[0].i <= start + 1)


def is_question(doc: Doc) -> bool:
    """Whether it ends in a question mark, inside quotation marks or brackets too."""
    for token in reversed(doc):
        if token.text not in ('"', "'", "”", "’", ")", "]", "''") and not token.is_space:
            return "?" in str(token.text)
    return False


# --- nouns -----------------------------------------------------------------------------------------------------------
def noun_text(token: Token) -> str:
    """A common noun with what narrows it down, without article and owner: "commuter bike"."""
    left = {
        c.i
        for c in token.children
        if c.i < token.i
        and c.dep_ in ("compound", "amod", "nmod", "punct")
        and lemma(c) not in lx.UNTELLING
        and c.text not in ('"', "“", ",", "(", ":")
    }
    start = token.i
    while start and (start - 1 in left or token.doc[start - 1].head.i in left):
        start -= 1
    while start < token.i and (token.doc[start].is_punct or token.doc[start].dep_ == "det"):
        start += 1
    return str(token.doc[start : token.i + 1].text)


def role_text(noun: Token) -> str:
    """A role with what it is a role in: "head of design"."""
    inner = [o for word, o in prepositions(noun) if word == "of" and o.pos_ == "NOUN" and not o.ent_type_]
    return f"{noun_text(noun)} of {noun_text(inner[0])}" if inner else noun_text(noun)


# --- forms of verbs --------------------------------------------------------------------------------------------------
def third_person(verb: str) -> str:
    """Of the present: "works", "goes", "carries"."""
    if verb.endswith(("s", "x", "z", "ch", "sh", "o")):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if verb.endswith("y") and verb[-2:-1] not in "aeiou" else f"{verb}s"


def past_form(verb: str) -> str:
    """Of a regular verb: "worked", "lived", "carried"."""
    if verb.endswith("e"):
        return f"{verb}d"
    return f"{verb[:-1]}ied" if verb.endswith("y") and verb[-2:-1] not in "aeiou" else f"{verb}ed"
