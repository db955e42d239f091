"""Which sentences state something worth keeping, and how they read without their neighbours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules import types as t
from memories.providers.rules.discourse import Discourse
from memories.providers.rules.naming import Sentence

if TYPE_CHECKING:
    from spacy.tokens import Token

CODE_LINE = re.compile(
    r"^\s*(?:def |class |import |from \w+ import |return\b|print\(|if .*:$|for .*:$|while .*:$|#include|const |let |"
    r"var |function |public |private |SELECT |INSERT |\$ |>>> |</?\w+>|[}\])];?$|@\w+)|[;{}]\s*$|"
    r"^\w+ ?=[^=]|==|=>|->|::"
)
CALL = re.compile(r"\w\(")
WISH_TO_KNOW = lx.words("know learn understand see hear find ask explore get read discover")
INFORMING = lx.words(
    "tell explain suggest recommend give provide help show write translate rewrite summarize summarise describe list "
    "make create share share generate add fix check compare convert continue"
)
REQUESTS = lx.words("please kindly pls plz")
EMPTY_SUBJECTS = lx.words("it that this there these those thats")
TALK = lx.words("sound look work help make seem be go do see get understand appreciate thank agree hear mean say guess")


def looks_like_code(line: str) -> bool:
    bare = line.strip()
    return (
        not bare.endswith((".", "!", "?")) and (_ends_in_call(bare) or CODE_LINE.search(line) is not None)
    ) or line.count("`") >= 2


def _ends_in_call(line: str) -> bool:
    """As in `print(x)`: a word, an opening bracket, and the next closing one ends the line."""
    return line.endswith(")") and CALL.search(line, line.rfind(")", 0, -1) + 1) is not None


def states(sentence: Sentence) -> bool:
    """Whether a careful listener would keep something of it."""
    doc = sentence.doc
    if not any(token.is_alpha for token in doc):
        return False
    if any(_owns_or_has(token, sentence) for token in doc):
        return True
    return any(_clause(token, sentence) for token in doc if _finite(token))


def _finite(token: Token) -> bool:
    if token.dep_ in ("aux", "auxpass"):
        return False
    return g.is_verb(token) or (token.dep_ == "ROOT")


def _owns_or_has(token: Token, sentence: Sentence) -> bool:
    """Presupposed, even in a question: "my Canon", "my sister Emily", "the lamp I have"."""
    if token.tag_ == "PRP$" and g.lower(token) in ("my", "our"):
        head = token.head
        if head.i in sentence.at or head.i in sentence.links:
            return True
        return g.lemma(head) in lx.KIN and not g.is_question(sentence.doc)
    if token.dep_ == "relcl" and any(g.lower(s) in lx.FIRST for s in g.kids(token, "nsubj")):
        return g.lemma(token) in ("have", "own", "buy", "get", "make", "use") and not g.hedged(token)
    return False


def _clause(verb: Token, sentence: Sentence) -> bool:
    if verb.dep_ not in ("ROOT", "conj", "ccomp", "advcl", "relcl", "parataxis", "dep", "acl") or g.asked(verb):
        return False
    subjects = g.kids(verb, "nsubj", "nsubjpass", "csubj")
    if not subjects:
        return _without_subject(verb, sentence)
    subject = subjects[0]
    low = g.lower(subject)
    if verb.dep_ in ("ccomp", "advcl", "relcl", "acl"):
        return _stands_alone(verb, subject, sentence)
    if low in lx.FIRST:
        return not _request(verb) and not _small_talk(verb)
    if low in ("you", "y'all", "anyone", "someone", "what", "who", "which", "everyone"):
        return False
    if low in EMPTY_SUBJECTS:
        return _about_something(verb, sentence)
    if g.above(subject) is not None and _imperative(verb):
        return False
    return subject.pos_ in ("NOUN", "PROPN", "PRON", "NUM", "ADJ", "VERB")


def _stands_alone(verb: Token, subject: Token, sentence: Sentence) -> bool:
    """A clause inside another: only what is said of the speaker, or of somebody by name, counts."""
    top = verb
    while top.head != top:
        top = top.head
        if g.inverted(top) and g.is_question(sentence.doc):
            return verb.dep_ == "advcl" and g.lower(subject) in lx.FIRST and not g.hedged(verb)
    if g.lower(subject) not in lx.FIRST or g.hedged(verb):
        return False
    return verb.dep_ in ("advcl", "ccomp") and not _request(verb) and g.lemma(verb) not in TALK | {"need", "want"}


def _without_subject(verb: Token, sentence: Sentence) -> bool:
    """A note: "sold the vespa", "no longer vegan"; not an order: "make it shorter"."""
    if verb.tag_ in ("VBD", "VBN", "VBG") and g.is_verb(verb):
        content = [x for x in verb.subtree if x.pos_ in ("NOUN", "PROPN", "NUM")]
        return bool(content) and not g.is_question(sentence.doc) and g.lemma(verb) not in ("thank", "speak")
    if g.is_verb(verb) or g.is_question(sentence.doc):
        return verb.tag_ in ("VB", "VBP") and _standing_order(verb)
    return (
        bool(sentence.names or g.lower(verb) in ("allergic",))
        and len(sentence.doc) > 3
        and verb.pos_ in ("NOUN", "PROPN", "ADJ")
    )


def _standing_order(verb: Token) -> bool:
    """As in "Please always reply in French" is a preference, "reply in French" an order."""
    return any(g.lower(c) in ("always", "never") for c in verb.children)


def _imperative(verb: Token) -> bool:
    return verb.tag_ == "VB" and not g.kids(verb, "nsubj", "aux")


def _request(verb: Token) -> bool:
    """As in "I'd like to know more", "I was wondering if", "I need help with": asks, tells nothing of the speaker."""
    below = list(g.kids(verb, "xcomp"))
    lemma = g.lemma(verb)
    if lemma in ("wonder", "ask"):
        return True
    if lemma in ("like", "want", "love", "need", "hope", "try", "look") and any(
        g.lemma(x) in WISH_TO_KNOW | INFORMING for x in below
    ):
        return not any(
            token.ent_type_ in ("DATE", "GPE", "PERSON", "ORG") or g.lower(token) in ("my", "our")
            for token in verb.subtree
        ) or any(g.lemma(x) in ("know", "understand", "learn") for x in below)
    if lemma in ("need", "want") and any(
        g.lemma(o) in ("help", "information", "advice", "explanation", "example", "list", "answer")
        for o in g.objects(verb)
    ):
        return True
    return lemma == "let" or (lemma in ("thank", "appreciate") and True)


def _small_talk(verb: Token) -> bool:
    """As in "I see", "I have no idea", "I agree": nothing to keep."""
    lemma = g.lemma(verb)
    rest = [x for x in verb.subtree if x.pos_ in ("NOUN", "PROPN", "NUM", "VERB", "ADJ") and x != verb]
    if lemma in ("see", "know", "understand", "agree", "guess", "mean", "think", "hope", "wish", "bet") and not rest:
        return True
    liked = [g.lemma(o) for o in g.objects(verb)] if lemma in lx.LIKE else []
    if liked and all(each in ("one", "it", "that", "this") for each in liked):
        return True  # "I like the second one better"
    return lemma == "have" and any(g.lemma(o) in ("idea", "question", "clue") for o in g.objects(verb))


def _about_something(verb: Token, sentence: Sentence) -> bool:
    """As in "It's my birthday", "there are 12 of us", but not "that sounds great", "this is really helpful"."""
    rest = [x for x in verb.subtree if x != verb]
    if any(g.lower(x) in lx.FIRST | lx.MY for x in rest):
        return True
    return any(name.type != "" for name in sentence.names) and g.lemma(verb) in ("be", "have", "cost", "take", "happen")


# --- self-contained ---------------------------------------------------------------------------------------------------
IRREGULAR = {
    "am": "is",
    "'m": " is",
    "’m": " is",
    "have": "has",
    "'ve": " has",
    "’ve": " has",
    "do": "does",
    "are": "is",
    "'ll": " will",
    "’ll": " will",
    "'d": " would",
    "’d": " would",
    "was": "was",
    "were": "was",
}


def content_of(sentence: Sentence, discourse: Discourse, speaker: str | None) -> str:
    """The sentence with the speaker and safe pronouns named, without its final full stop."""
    text = sentence.doc.text
    edits: list[tuple[int, int, str]] = []
    name = speaker or (discourse.user_name if discourse.user_name and not discourse.notes else None) or "User"
    first = any(g.lower(x) in ("i", "me", "my", "myself", "mine") for x in sentence.doc)
    told = any(n.text == discourse.user_name for n in sentence.names)  # "User's name is John" stays as it is
    quoted = '"' in text or "“" in text
    for token in sentence.doc:
        if token.tag_ in ("PRP", "PRP$") and not quoted:
            edits += _named(token, sentence, discourse, name, first)
        elif g.lower(token) == "user" and discourse.notes and discourse.user_name and not told:
            edits.append((token.idx, token.idx + len(token), discourse.user_name))
    for start, stop, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[stop:]
    return text.strip().removesuffix(".")


def _named(
    token: Token, sentence: Sentence, discourse: Discourse, name: str, first: bool
) -> list[tuple[int, int, str]]:
    low = g.lower(token)
    end = token.idx + len(token)
    if low == "i":
        return [(token.idx, end, name), *_agreeing(token)]
    if low in ("me", "myself"):
        return [(token.idx, end, name if low == "me" else "themselves")]
    if low == "my":
        return [(token.idx, end, f"{name}'s")]
    if low in lx.HE | lx.SHE and low not in ("himself", "herself", "his", "hers", "her"):
        before = [n for n in sentence.names if n.type == t.PERSON and n.stop <= token.i]
        if before:
            return []  # the name stands in the same sentence already
        found = discourse.refer(token, sentence)
        if len(found) == 1 and not first:
            return [(token.idx, end, "User" if found[0] == t.USER else found[0])]
    return []


def _agreeing(pronoun: Token) -> list[tuple[int, int, str]]:
    """The verb after "I", in the third person."""
    verb = pronoun.head
    group = [*g.kids(verb, "aux", "auxpass"), verb]
    finite = next((x for x in sorted(group, key=lambda x: x.i) if x.tag_ in ("VBP", "MD", "VBD", "VBZ", "VB")), None)
    edits = []
    for each in (
        finite,
        *(c for c in verb.children if c.dep_ == "conj" and c.tag_ in ("VBP", "VB") and not g.kids(c, "nsubj", "aux")),
    ):
        if each is None or each.tag_ in ("VBZ",):
            continue
        low = g.lower(each)
        if low in IRREGULAR:
            edits.append((each.idx, each.idx + len(each), IRREGULAR[low]))
        elif each.tag_ == "VBP" or (each.tag_ == "VB" and not g.kids(verb, "aux")):
            edits.append((each.idx, each.idx + len(each), _third(each.text)))
    return edits


def _third(verb: str) -> str:
    if verb.endswith(("s", "x", "z", "ch", "sh", "o")):
        return f"{verb}es"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}s"
