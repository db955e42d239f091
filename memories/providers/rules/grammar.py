"""What the parse says about a word: its subject, objects and prepositions, and whether it is stated as a fact.

Labels are those of spaCy's English pipelines (ClearNLP): nsubj, dobj, prep, pobj, appos, conj, relcl, …
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from memories.providers.rules import lexicon as lx

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

SUBJECTS = ("nsubj", "nsubjpass", "csubj", "expl")
OBJECTS = ("dobj", "obj", "oprd")
SHARED = ("conj", "xcomp", "advcl", "pcomp", "ccomp", "dep")  # a verb without a subject takes its head's
NOUNS = ("NOUN", "PROPN", "NUM", "X")
CAUSING = lx.words("ask tell get help make let encourage convince")  # "getting Emily to audition": Emily does it
STATING = lx.words("think see imagine look hope")  # "I think that she lives there" states it
MODAL_LEMMAS = lx.HEDGES | {"will", "shall", "'ll", "'d", "wo"}


def is_verb(token: Token) -> bool:
    return token.pos_ in ("VERB", "AUX")


def kids(token: Token, *labels: str) -> list[Token]:
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
    """Who does it, through shared, controlled and relative subjects; [] when the sentence leaves it out."""
    own = kids(verb, "nsubj", "nsubjpass")
    if own:
        who = own[0]
        if lower(who) in ("who", "which", "that") and verb.dep_ == "relcl":
            return with_conjuncts(_antecedent(verb))
        return [each for subject in own[:1] for each in with_conjuncts(subject)]
    if depth > 6:
        return []
    head = verb.head
    if verb.dep_ in ("acl", "relcl"):
        of_be = head.dep_ == "attr" and verb.dep_ == "acl" and lemma(head.head) == "be"
        return subjects(head.head, depth + 1) if of_be else [head]  # "she is an engineer working at …"
    if head != verb and verb.dep_ in SHARED:
        if verb.dep_ == "xcomp" and lemma(head) in CAUSING and (made_to := kids(head, "dobj")):
            return [made_to[0]]
        if is_verb(head):
            return subjects(head, depth + 1)
        if verb.dep_ == "pcomp" or head.dep_ in ("attr", "acomp"):
            return subjects(head.head, depth + 1) if is_verb(head.head) else _of_preposition(head, depth)
        if head.pos_ == "ADJ" or head.dep_ == "prep":
            return subjects(head.head, depth + 1)
    return []


def _of_preposition(preposition: Token, depth: int) -> list[Token]:
    """As in "the idea of going": whoever does what the noun hangs on."""
    up = preposition.head
    for _ in range(6):
        if is_verb(up):
            return subjects(up, depth + 1)
        if up.head == up:
            break
        up = up.head
    return []


def _antecedent(verb: Token) -> Token:
    return verb.head


def has_left_out_subject(verb: Token) -> bool:
    """A note's own first person: "sold the vespa yesterday", "just adopted a kitten"."""
    if verb.dep_ not in ("ROOT", "conj") or subjects(verb) or verb.tag_ not in ("VBD", "VBN", "VBG"):
        return False
    return not any(lower(child) in lx.FIRST for child in verb.children)


def objects(verb: Token) -> list[Token]:
    found = [each for child in kids(verb, *OBJECTS) for each in with_conjuncts(child)]
    if not found and verb.dep_ == "relcl" and not any(c.dep_ == "dobj" for c in verb.children):
        subject = kids(verb, "nsubj")
        if subject and lower(subject[0]) not in ("who", "which", "that"):
            found = [verb.head]  # "the bulb I have"
    return found


def prepositions(head: Token) -> Iterator[tuple[str, Token, Token]]:
    """(preposition, its token, its object) of a verb or noun, coordinated objects one by one."""
    for child in head.children:
        if child.dep_ in ("prep", "agent", "dative") or (child.dep_ == "prt" and kids(child, "pobj")):
            yield from _objects_of(child)


def _objects_of(preposition: Token) -> Iterator[tuple[str, Token, Token]]:
    for target in kids(preposition, "pobj"):
        for each in with_conjuncts(target):
            yield lower(preposition), preposition, each
    for nested in kids(preposition, "prep", "conj"):  # "back from", "in and around", "from Lisbon to Porto"
        if nested.dep_ == "prep" or nested.pos_ == "ADP":
            yield from _objects_of(nested)


def all_prepositions(verb: Token) -> Iterator[tuple[str, Token, Token]]:
    """Those of the verb, and of its objects and attributes, which the parser mixes up: "bought it at Macy's"."""
    for direct in prepositions(verb):
        yield direct
        for nested in prepositions(direct[2]):  # "works as a chef at Noma", "stayed in a hostel in Tokyo"
            if nested[0] in ("in", "at", "from"):
                yield nested
    for child in verb.children:
        if child.dep_ in ("dobj", "attr", "acomp", "advmod", "prt", "npadvmod", "oprd"):
            for each in with_conjuncts(child):
                yield from prepositions(each)
                for below in kids(each, "prep"):
                    for inner in kids(below, "pobj"):
                        yield from prepositions(inner)


# --- how it is stated ------------------------------------------------------------------------------------------------
def complements(verb: Token) -> list[Token]:
    """What "be" says of its subject, whatever the parser calls it."""
    found = kids(verb, "attr", "oprd")
    found += [
        c
        for c in kids(verb, "acomp", "nsubj", "dobj")
        if c.i > verb.i and c.pos_ in ("PROPN", "NOUN") and c not in found
    ]
    return found


def negated(verb: Token) -> bool:
    for child in verb.children:
        if child.dep_ == "neg" or lower(child) in ("never", "nt"):
            return True
        if lower(child) in ("longer", "anymore") and any(lower(c) == "no" for c in child.children):
            return True
    return any(lower(c) == "no" and lower(c.nbor(1)) == "longer" for c in verb.children if c.i + 1 < len(c.doc))


def hedged(verb: Token) -> bool:
    """Possible, planned, wished or asked for, by itself or by the verb above it."""
    for _ in range(6):
        if _hedged_itself(verb):
            return True
        head = verb.head
        if head == verb:
            return False
        if verb.dep_ in ("xcomp", "ccomp", "pcomp", "acl"):
            governor = head.head if verb.dep_ == "pcomp" or head.dep_ == "prep" else head
            attitude = lemma(governor) in lx.ATTITUDES or (governor.pos_ == "ADJ" and verb.dep_ == "xcomp")
            if attitude and not (verb.dep_ == "ccomp" and lemma(governor) in STATING):
                return True
            if verb.dep_ == "acl" and verb.tag_ == "VB":  # "a plan to move"
                return True
            verb = governor if is_verb(governor) else governor.head
            continue
        if verb.dep_ == "conj":
            verb = head
            continue
        return verb.dep_ == "advcl" and any(lower(c) in ("if", "unless", "whether") for c in kids(verb, "mark"))
    return False


def _hedged_itself(verb: Token) -> bool:
    for child in verb.children:
        if child.dep_ == "aux" and (lemma(child) in MODAL_LEMMAS or lower(child) in MODAL_LEMMAS):
            return lower(child) != "'d" or verb.tag_ == "VB"
        if child.dep_ == "advmod" and lower(child) in lx.HEDGES:
            return True
    if lemma(verb) == "go" and verb.tag_ == "VBG" and any(c.dep_ == "xcomp" for c in verb.children):
        return False
    return verb.tag_ == "VB" and verb.dep_ == "xcomp" and lemma(verb.head) == "go"


def past(verb: Token) -> bool:
    """Simple past or "used to": it was so, and perhaps is no more. "I've worked" isn't: it may go on."""
    if any(
        lower(c) in ("has", "have", "'ve", "is", "are", "'m", "am", "'s", "do", "does")
        for c in kids(verb, "aux", "auxpass")
    ):
        return False
    if verb.dep_ == "xcomp" and lemma(verb.head) == "use" and verb.head.tag_ in ("VBD", "VBN"):
        return True
    aux = kids(verb, "aux", "auxpass")
    return verb.tag_ == "VBD" or any(a.tag_ == "VBD" for a in aux)


def future(verb: Token) -> bool:
    return any(lower(c) in ("will", "'ll", "wo", "shall") for c in kids(verb, "aux"))


def asked(verb: Token) -> bool:
    """Inside a question: nothing is stated by it."""
    top = verb
    for _ in range(12):
        if top.dep_ in ("relcl", "acl") and top.dep_ == "relcl":
            return False  # "the lamp that I have": presupposed, even in a question
        if top.dep_ == "advcl" and any(
            lower(c) in ("since", "because", "as", "when") for c in kids(top, "mark", "advmod")
        ):
            return False
        if top.dep_ == "ccomp" and any(lower(c) in ("if", "whether") for c in kids(top, "mark")):
            return True
        if inverted(top):
            return True
        if top.head == top:
            break
        top = top.head
    return False


def inverted(verb: Token) -> bool:
    """An auxiliary before the subject, or a question word in front: "does she live", "what is"."""
    subject = kids(verb, "nsubj", "nsubjpass", "expl")
    if verb.dep_ == "ROOT" and any(c.tag_ in ("WP", "WRB") for c in kids(verb, "attr", "dobj", "advmod")):
        return is_question(verb.doc)  # "18 % of 240 is what?"
    if not subject or verb.dep_ == "relcl":
        return False
    front = [c for c in verb.children if c.dep_ in ("aux", "auxpass") and c.i < subject[0].i]
    if lemma(verb) == "be" and verb.i < subject[0].i and verb.dep_ == "ROOT":
        front.append(verb)
    if front and not any(lower(c) in ("nor", "neither", "so") for c in verb.children):
        return is_question(verb.doc) or front[0].i <= _clause_start(verb) + 1
    start = _clause_start(verb)
    asks = any(c.tag_ in ("WP", "WRB", "WDT", "WP$") for c in verb.doc[start : start + 2])
    return asks and verb.dep_ in ("ROOT", "conj") and is_question(verb.doc)


def _clause_start(verb: Token) -> int:
    """Where the clause begins, its opening punctuation, conjunction or interjection left out."""
    start = verb.left_edge.i
    while start < verb.i and verb.doc[start].pos_ in ("PUNCT", "CCONJ", "INTJ", "SPACE"):
        start += 1
    return start


def is_question(doc: Doc) -> bool:
    """Whether it ends in a question mark, inside quotation marks or brackets too."""
    for token in reversed(doc):
        if token.text not in ('"', "'", "”", "’", ")", "]", "''") and not token.is_space:
            return "?" in str(token.text)
    return False


def role_text(noun: Token) -> str:
    """A role with what it is a role in: "head of design"."""
    inner = [o for word, _, o in prepositions(noun) if word == "of" and o.pos_ == "NOUN" and not o.ent_type_]
    return f"{noun_text(noun)} of {noun_text(inner[0])}" if inner else noun_text(noun)


def above(token: Token) -> Token | None:
    """The verb that `token` hangs on."""
    for ancestor in token.ancestors:
        if is_verb(ancestor):
            return ancestor
    return None


def noun_text(token: Token) -> str:
    """A common noun with what narrows it down, without article and owner: "commuter bike"."""
    left = [
        c.i
        for c in token.children
        if c.i < token.i
        and (c.dep_ in ("compound", "amod", "nmod", "punct") or (c.dep_ == "nummod" and "-" in c.text))
        and lemma(c) not in ("new", "old", "own", "first", "last", "other", "such", "favorite", "favourite", "current")
        and c.text not in ('"', "“", ",", "(", ":")
    ]
    start = token.i
    while start - 1 in left or (
        start - 1 >= 0
        and token.doc[start - 1].head.i in left
        and token.doc[start - 1].i < token.i
        and token.doc[start - 1].dep_ in ("compound", "nummod", "punct", "npadvmod", "advmod", "amod", "nmod")
    ):
        start -= 1
    while start < token.i and (token.doc[start].is_punct or lemma(token.doc[start]) in ("new", "old")):
        start += 1
    return str(token.doc[start : token.i + 1].text)
