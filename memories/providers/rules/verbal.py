"""Relations that verbs state: who works, lives, owns, likes, manages, made, joined, left what.

`read` takes each verb with its subject, objects and prepositions to the rules of its lemma. A rule says which relation
and whether the past counts; negation, hedges and questions are seen to in `Reading.add`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from memories.providers.rules import ending, nominal
from memories.providers.rules import entities as en
from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules import types as t
from memories.providers.rules.found import Reading

if TYPE_CHECKING:
    from spacy.tokens import Token

    from memories.providers.rules.entities import Name

Rule = Callable[[Reading, "Token"], None]


def read(reading: Reading) -> None:
    """Add what the verbs of the sentence say."""
    for verb in reading.sentence.doc:
        if not g.is_verb(verb) and not (
            verb.dep_ in ("ROOT", "conj", "relcl", "acl", "advcl") and verb.tag_.startswith("VB")
        ):
            continue
        if verb.dep_ in ("aux", "auxpass"):
            continue
        for rule in RULES.get(g.lemma(verb), ()):
            rule(reading, verb)
        if verb.tag_ == "VBG" and verb.dep_ == "pcomp":
            continue


def places(reading: Reading, verb: Token, *words: str) -> Iterator[tuple[str, Name]]:
    """(preposition, name) that hang on the verb or on its objects."""
    for word, _, target in g.all_prepositions(verb):
        name = reading.sentence.name_at(target)
        if name is not None and (not words or word in words):
            yield word, name


def _typed(name: Name, kind: str) -> None:
    if not name.sure and (name.label in ("", "PERSON", "PRODUCT", "WORK_OF_ART") or name.type == t.PRODUCT):
        name.type, name.sure = kind, True


def current(verb: Token) -> bool:
    return not g.past(verb)


# --- work ------------------------------------------------------------------------------------------------------------
def work(reading: Reading, verb: Token) -> None:
    people, role = reading.doers(verb), None
    for word, _, target in g.all_prepositions(verb):
        if word == "as" and en.is_role(g.lemma(target)):
            role = g.noun_text(target)
    found = [
        name for _, name in places(reading, verb, "at", "for", "with", "in") if name.type not in (t.PERSON, t.EVENT)
    ]
    lower = [
        target.text
        for word, _, target in g.prepositions(verb)
        if word in ("at", "for")
        and target.pos_ in ("NOUN", "PROPN")
        and target.i not in reading.sentence.at
        and not list(target.lefts)
    ]
    over = g.past(verb)
    for name in found:
        if name.label in ("GPE", "LOC") and name.type == t.LOCATION:
            continue
        _typed(name, t.ORG)
        reading.add(people, "WORKS_AT", [name.text], verb, role=role, past=over)
    if not found and lower:
        reading.add(people, "WORKS_AT", lower[:1], verb, role=role, past=over)
    if role:
        reading.add(people, "HAS_ROLE", [role], verb, past=over)


def begin(reading: Reading, verb: Token) -> None:
    """ "started a new job at Klarna as an analyst", "joined Zoho", "started at Klarna"."""
    people = reading.doers(verb)
    role = next((g.noun_text(x) for w, _, x in g.all_prepositions(verb) if w == "as" and en.is_role(g.lemma(x))), None)
    employers: list[Name] = []
    for target in g.objects(verb):
        name = reading.sentence.name_at(target)
        job = g.lemma(target) in ("job", "position", "role", "internship", "gig")
        if name is None and target.i in reading.sentence.links:
            name = reading.sentence.links[target.i][0]
        if job:
            employers += [n for w, n in places(reading, verb, "at", "with", "for")]
        elif name is not None and g.lemma(verb) == "join" and name.type != t.EVENT:
            _join(reading, verb, people, name, target, role)
    if g.lemma(verb) == "start" and not g.objects(verb):
        employers += [n for w, n in places(reading, verb, "at", "with") if n.type == t.ORG or role]
        for name in employers:
            name.type = t.ORG
    for name in employers:
        _typed(name, t.ORG)
        reading.add(people, "WORKS_AT", [name.text], verb, role=role)
    if role and employers:
        reading.add(people, "HAS_ROLE", [role], verb)


def _join(reading: Reading, verb: Token, people: list[str], name: Name, target: Token, role: str | None) -> None:
    last = reading.sentence.doc[name.stop - 1].lower_
    club = (
        last in lx.MEMBERSHIPS
        or g.lemma(target) in lx.MEMBERSHIPS
        or (name.stop < len(reading.sentence.doc) and reading.sentence.doc[name.stop].lower_ in lx.MEMBERSHIPS)
    )
    if last in lx.STUDY_HEADS or name.text.isupper() and name.label == "ORG" and _studies(reading):
        reading.add(people, "STUDIED_AT", [name.text], verb)
        return
    _typed(name, t.ORG)
    reading.add(people, "MEMBER_OF" if club else "WORKS_AT", [name.text], verb, role=role)


def _studies(reading: Reading) -> bool:
    return any(g.lemma(x) in lx.DEGREES | {"graduate", "study"} for x in reading.sentence.doc)


def employ(reading: Reading, verb: Token) -> None:
    """ "is employed by Ferrovial", "was hired by NASA", "Acme hired Bo"."""
    if g.kids(verb, "nsubjpass"):
        for _, name in places(reading, verb, "by", "at", "with"):
            reading.add(reading.doers(verb), "WORKS_AT", [name.text], verb)


def promote(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    for word, _, target in g.all_prepositions(verb):
        if word != "to":
            continue
        if reading.sentence.name_at(target) is None:
            role = g.noun_text(target)
            tail = [o.text for w, _, o in g.prepositions(target) if w == "of" and reading.sentence.name_at(o) is None]
            role += f" of {tail[0]}" if tail else ""
            reading.add(people, "HAS_ROLE", [role], verb)
            for _, name in places(reading, verb, "at"):
                reading.add(people, "WORKS_AT", [name.text], verb, role=role)
            for below in (target, *target.subtree):
                for word2, _, place in g.prepositions(below):
                    if word2 == "at" and (name2 := reading.sentence.name_at(place)) is not None:
                        reading.add(people, "WORKS_AT", [name2.text], verb, role=role)
            return
    for target in g.kids(verb, "xcomp"):  # "promoted to head of marketing", read as a verb
        if en.is_role(g.lemma(target)):
            role = target.doc[
                target.i : max([target.i, *(o.i for w, _, o in g.prepositions(target) if w == "of")]) + 1
            ].text
            reading.add(people, "HAS_ROLE", [role], None)
            for word, name in places(reading, target, "at"):
                reading.add(people, "WORKS_AT", [name.text], None, role=role)


def become(reading: Reading, verb: Token) -> None:
    for target in g.kids(verb, "attr", "dobj"):
        if en.is_role(g.lemma(target)):
            reading.add(reading.doers(verb), "HAS_ROLE", [g.noun_text(target)], verb)


def be(reading: Reading, verb: Token) -> None:
    """ "X is a nurse at Y", "is married to Y", "is a member of Y", "is in Berlin", "is into pottery", "is part of"."""
    people = reading.doers(verb)
    over = g.past(verb)
    if g.inverted(verb):
        return
    for attribute in [a for first in g.complements(verb) for a in (first, *g.kids(first, "conj", "appos"))]:
        _attribute(reading, verb, people, attribute, over)
    for adjective in g.kids(verb, "acomp"):
        _adjective(reading, verb, people, adjective, over)
    if over and people == [reading.discourse.user]:
        for word, name in places(reading, verb, "at"):
            if name.type == t.LOCATION:
                reading.add(people, "VISITED", [name.text], verb)
    own = list(g.prepositions(verb))
    for advmod in g.kids(verb, "advmod"):
        own += list(g.prepositions(advmod))
    for word, preposition, target in own:
        name = reading.sentence.name_at(target)
        if word == "into":
            reading.add(people, "LIKES", [_coordinated(reading, target)], verb, past=over)
        elif name is None:
            continue
        elif word in ("at", "with") and name.type == t.ORG and _persons(reading, people):
            reading.add(people, "WORKS_AT", [name.text], verb, past=over)
        elif word == "in" and name.type == t.LOCATION and people == [reading.discourse.user] and over:
            reading.add(people, "VISITED", [name.text], verb)
        elif word == "in" and name.type == t.LOCATION and _since(verb):
            reading.add(people, "LIVES_IN", [name.text], verb)
        elif word == "to" and g.kids(verb, "aux") and not over:  # "I've been to Harvard"
            reading.add(people, "VISITED", [name.text], verb)


def _persons(reading: Reading, people: list[str]) -> bool:
    persons = {n.text for n in reading.sentence.names if n.type == t.PERSON} | {t.USER, reading.discourse.user}
    return bool(people) and all(p in persons for p in people)


def _since(verb: Token) -> bool:
    return any(w in ("since", "for") for w, _, _ in g.prepositions(verb)) or any(
        g.lower(c) in ("now", "currently") for c in verb.children
    )


def _attribute(reading: Reading, verb: Token, people: list[str], attribute: Token, over: bool) -> None:
    lemma = g.lemma(attribute)
    doc = reading.sentence.doc
    subject = next(iter(g.kids(verb, "nsubj")), None)
    name = reading.sentence.name_at(attribute)
    if name is None:  # "a Dell Inspiron laptop"
        within = [reading.sentence.name_at(c) for c in g.kids(attribute, "compound", "nmod")]
        name = next((n for n in within if n is not None), None)
    if subject is not None and (low := g.lower(subject)) and name is not None:
        owners = nominal.owners_of(reading, subject)
        favourite = any(g.lower(a) in ("favorite", "favourite") for a in g.kids(subject, "amod"))
        if favourite and owners:
            reading.add(owners, "LIKES", [name.text], verb, past=over)
        elif (
            en.is_role(low)
            and subject.i in reading.sentence.links
            and not owners
            or low in ("pm", "ceo", "cto", "cfo", "coo")
        ):
            reading.add(
                [name.text],
                "HAS_ROLE",
                [subject.text if low in ("pm", "ceo", "cto", "cfo", "coo") else g.noun_text(subject)],
                verb,
                past=over,
            )
        elif (
            low in lx.ABSTRACT or g.lemma(subject) in lx.PEOPLE | lx.PETS | lx.WORKS | lx.MEMBERSHIPS or en.is_role(low)
        ):
            return
        elif (
            owners
            and g.kids(subject, "poss")
            and low not in ("project", "company", "employer", "city", "country", "school")
            and name.label != "GPE"
        ):
            name.type, name.sure = t.PRODUCT, True
            reading.add(owners, "OWNS", [name.text], verb, past=over)
        return
    favourite = subject is not None and any(g.lower(a) in ("favorite", "favourite") for a in g.kids(subject, "amod"))
    if favourite and subject is not None and (owners := nominal.owners_of(reading, subject)):
        for each in g.with_conjuncts(attribute):
            reading.add(owners, "LIKES", [reading.what(each)], verb, past=over)
        return
    if lemma in (
        "member",
        "part",
        "fan",
        "lover",
        "enthusiast",
        "owner",
        "founder",
        "alumnus",
        "alumna",
        "graduate",
        "student",
        "creator",
        "author",
    ):
        _noun_of(reading, verb, people, attribute, lemma, over)
    kin = lx.KIN.get(g.lower(attribute)) or lx.KIN.get(lemma)
    if (
        kin
        and (owners := nominal.owners_of(reading, attribute))
        and subject is not None
        and attribute.i not in reading.sentence.links
    ):
        reading.add(owners, kin, people, verb, past=over)
        return
    if en.is_role(lemma) and lemma not in lx.NO_ROLES and not kin:
        if subject is not None and reading.sentence.name_at(attribute) is None:
            role = _full_role(attribute)
            reading.add(people, "HAS_ROLE", [role], verb, past=over)
            nominal.employed(reading, attribute, people, role, verb)
            for child in g.all_prepositions(verb):
                if (
                    child[0] == "at"
                    and (place := reading.sentence.name_at(child[2])) is not None
                    and place.type == t.ORG
                ):
                    reading.add(people, "WORKS_AT", [place.text], verb, role=role, past=over)


def _full_role(noun: Token) -> str:
    return g.noun_text(noun)


def _noun_of(reading: Reading, verb: Token, people: list[str], noun: Token, lemma: str, over: bool) -> None:
    for word, _, target in g.prepositions(noun):
        name = reading.sentence.name_at(target)
        if word == "of" and lemma == "member":
            reading.add(people, "MEMBER_OF", [reading.what(target)], verb, past=over)
        elif word == "of" and lemma == "part" and name is not None:
            persons = _persons(reading, people)
            reading.add(people, "MEMBER_OF" if persons else "PART_OF", [name.text], verb, past=over)
        elif word == "of" and lemma in ("fan", "lover", "enthusiast"):
            reading.add(people, "LIKES", [reading.what(target)], verb, past=over)
        elif (
            word in ("of", "from", "at") and lemma in ("alumnus", "alumna", "graduate", "student") and name is not None
        ):
            reading.add(people, "STUDIED_AT", [name.text], verb)
        elif word == "of" and lemma in ("founder", "creator", "author") and name is not None:
            reading.add(people, "CREATED", [name.text], verb)
        elif word == "of" and lemma == "owner":
            reading.add(people, "OWNS", [reading.what(target)], verb, past=over)


def _coordinated(reading: Reading, target: Token) -> str | None:
    parts = g.with_conjuncts(target)
    if len(parts) == 1:
        return reading.what(target)
    start = min(p.left_edge.i for p in parts)
    return str(reading.sentence.doc[start : max(p.i for p in parts) + 1].text)


def _adjective(reading: Reading, verb: Token, people: list[str], adjective: Token, over: bool) -> None:
    lemma, low = g.lemma(adjective), g.lower(adjective)
    for word, _, target in g.prepositions(adjective):
        name = reading.sentence.name_at(target)
        if low in ("married", "engaged") and word == "to":
            reading.add(
                people, "MARRIED_TO" if low == "married" else "PARTNER_OF", reading.who([target]), verb, past=over
            )
        elif low in ("obsessed", "crazy", "passionate", "fond", "keen", "hooked") and word in (
            "with",
            "about",
            "of",
            "on",
        ):
            reading.add(people, "LIKES", [reading.what(target)], verb, past=over)
        elif low == "based" and word == "in" and name is not None:
            kind = "LIVES_IN" if _persons(reading, people) else "PART_OF"
            reading.add(people, kind, [name.text], verb, past=over)
        elif lemma in ("back", "home") and word == "from" and name is not None:
            reading.add(people, "VISITED", [name.text], verb)
    if low == "married" and len(people) == 2:
        reading.add(people[:1], "MARRIED_TO", people[1:], verb, past=over)


# --- places ----------------------------------------------------------------------------------------------------------
def live(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    if g.lemma(verb.head) in ("see", "watch", "catch", "hear"):
        return
    for word, name in places(reading, verb, "in", "at", "near"):
        if name.type in (t.LOCATION, t.PERSON, t.ORG, t.PRODUCT, ""):
            if not name.type or name.label != "GPE":
                _typed(name, t.LOCATION)
            reading.add(people, "LIVES_IN", [name.text], verb, past=g.past(verb))
    if any(g.lower(c) in ("there", "here") for c in g.kids(verb, "advmod")):
        there = next(c for c in g.kids(verb, "advmod") if g.lower(c) in ("there", "here"))
        reading.add(people, "LIVES_IN", [reading.discourse.place(there, reading.sentence)], verb, past=g.past(verb))
    if any(w == "with" for w, _, _ in g.prepositions(verb)) and not any(
        True for _ in places(reading, verb, "in", "at")
    ):
        moved = [r for r in reading.found if r.type == "MOVED_TO" and r.source in people]
        if moved and not g.past(verb):
            reading.add(people, "LIVES_IN", [moved[-1].target], verb)


def move(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    went = g.past(verb) or (verb.tag_ in ("VBN", "VBD") and not g.hedged(verb))
    if not went and not (verb.tag_ == "VBG" and not g.hedged(verb)):
        if not g.hedged(verb):
            return
    for word, name in places(reading, verb, "to", "into", "from"):
        if word == "from":
            if name.type == t.LOCATION:
                reading.add(people, "LIVES_IN", [name.text], verb, negated=True)
            continue
        if name.type in (t.PERSON, t.EVENT) and name.sure:
            continue
        _typed(name, t.LOCATION)
        reading.add(people, "MOVED_TO", [name.text], verb)
        reading.add(people, "LIVES_IN", [name.text], verb)


def bear(reading: Reading, verb: Token) -> None:
    if g.lower(verb) != "born":
        return
    people = reading.doers(verb) or [reading.discourse.user]
    targets = list(places(reading, verb, "in"))
    for other in g.kids(verb, "conj"):
        if g.lower(other) in ("raised", "bred"):
            targets += list(places(reading, other, "in"))
    for _, name in targets[:1]:
        reading.add(people, "BORN_IN", [name.text], verb)


def visit(reading: Reading, verb: Token) -> None:
    if current(verb) and not g.kids(verb, "aux") and verb.tag_ != "VBD":
        return
    for target in g.objects(verb):
        name = reading.sentence.name_at(target)
        if name is not None and name.type in (t.LOCATION, t.ORG, t.PRODUCT):
            reading.add(reading.doers(verb), "VISITED", [name.text], verb)
        for owner in g.kids(target, "poss", "compound") if name is None or name.type == t.EVENT else ():
            house = reading.sentence.name_at(owner)
            if house is not None and house.type == t.LOCATION:
                reading.add(reading.doers(verb), "VISITED", [house.text], verb)
    _at_places(reading, verb, "in", "at")


def go(reading: Reading, verb: Token) -> None:
    """ "went to the museum", "took my niece to", "got back from", "spent a week in", "had dinner at", "saw them at"."""
    people = reading.doers(verb)
    if g.lemma(verb) == "go" and not g.past(verb) and not g.kids(verb, "aux"):
        for _, name in places(reading, verb, "to"):
            if reading.sentence.doc[name.stop - 1].lower_ in lx.STUDY_HEADS:
                reading.add(people, "STUDIED_AT", [name.text], verb)
        return
    if not _happened(verb):
        return
    words = {
        "go": ("to",),
        "take": ("to",),
        "get": ("from", "at"),
        "return": ("from",),
        "come": ("from",),
        "fly": ("to",),
        "drive": ("to",),
        "travel": ("to", "in", "around"),
        "spend": ("in", "at"),
        "stay": ("in", "at"),
        "have": ("at",),
        "see": ("at",),
        "eat": ("at", "in"),
        "attend": ("at",),
        "volunteer": (),
        "participate": (),
        "watch": ("at",),
        "celebrate": ("at", "in"),
        "hike": ("in", "to"),
        "catch": (),
        "bring": ("to",),
        "land": ("in", "at"),
        "arrive": ("in", "at"),
        "explore": (),
        "camp": ("in", "at"),
    }.get(g.lemma(verb), ())
    if g.lemma(verb) in ("get", "come") and not any(g.lower(c) in ("back", "home") for c in verb.children):
        return
    if g.lemma(verb) == "take" and not any(
        g.lemma(o) in ("trip", "vacation", "tour") or g.lemma(o) in lx.PEOPLE or reading.who([o])
        for o in g.objects(verb)
    ):
        return
    _at_places(reading, verb, *words)
    if g.lemma(verb) in ("see", "watch", "catch"):  # "saw them live at the Garden"
        for staged in g.kids(verb, "ccomp", "xcomp"):
            for _, name in places(reading, staged, "at"):
                _visited(reading, people, name, verb)
    for _, preposition, target in g.all_prepositions(verb):
        if g.lemma(target) in TRIPS:
            for word, _, place in g.prepositions(target):
                name = reading.sentence.name_at(place)
                if name is not None and word in ("to", "at", "in"):
                    _visited(reading, people, name, verb)


TRIPS = lx.words("trip tour visit vacation holiday day weekend week hike mass service show game festival fest")


def _happened(verb: Token) -> bool:
    if g.hedged(verb) or g.future(verb):
        return False
    return verb.tag_ in ("VBD", "VBN") or (
        verb.tag_ == "VBG" and verb.dep_ in ("pcomp", "advcl", "acl", "xcomp", "conj") and _main_past(verb)
    )


def _main_past(verb: Token) -> bool:
    top = g.above(verb)
    return top is not None and (g.past(top) or top.tag_ in ("VBD", "VBN"))


def _at_places(reading: Reading, verb: Token, *words: str) -> None:
    if not words:
        return
    people = reading.doers(verb)
    for word, name in places(reading, verb, *words):
        _visited(reading, people, name, verb)
        for inner, _, place in g.prepositions(reading.sentence.doc[name.start : name.stop].root):
            within = reading.sentence.name_at(place)
            if inner == "in" and within is not None and within.type == t.LOCATION:
                _visited(reading, people, within, verb)


def _visited(reading: Reading, people: list[str], name: Name, verb: Token) -> None:
    if name.type in (t.LOCATION, t.ORG, "") and not _is_shop(reading, verb):
        reading.add(people, "VISITED", [name.text], verb)


def _is_shop(reading: Reading, verb: Token) -> bool:
    return g.lemma(verb) in ("buy", "order", "purchase")


# --- having and liking -----------------------------------------------------------------------------------------------
def own(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    lemma = g.lemma(verb)
    if lemma == "get" and any(
        g.lemma(a) in ("have", "'ve") or g.lower(a) in ("'ve", "have", "has") for a in g.kids(verb, "aux")
    ):
        lemma = "have"  # "I've got three bikes"
    if g.kids(verb, "nsubjpass") or (lemma == "have" and verb.dep_ in ("aux",)):
        return
    over = lemma in ("have", "own", "drive", "ride") and g.past(verb)
    for target in _things(verb):
        if g.lemma(target) in lx.PETS and g.negated(verb):
            reading.add(people, "HAS_PET", [reading.what(target)], verb)  # "I no longer have a dog"
            continue
        if lemma in ("get", "have", "pick") and not _concrete(reading, target, lemma):
            continue
        if not _thing(reading, target):
            continue
        reading.add(people, "OWNS", [reading.what(target)], verb, past=over)


def _things(verb: Token) -> list[Token]:
    """The objects; of "three of them - a road bike, …" the list behind it too."""
    found = g.objects(verb)
    for first in list(found):
        if first.pos_ in ("NUM", "PRON"):
            for appositive in g.kids(first, "appos"):
                found += g.with_conjuncts(appositive)
    seen: list[Token] = []
    for token in found:
        if token not in seen and token.pos_ in ("NOUN", "PROPN"):
            seen.append(token)
    return seen


def _concrete(reading: Reading, target: Token, lemma: str) -> bool:
    name = reading.sentence.name_at(target)
    if name is not None:
        return name.type == t.PRODUCT and not name.quoted
    if target.tag_ in ("VBG",) or g.lemma(target) in lx.ABSTRACT or g.lemma(target).endswith(lx.ABSTRACT_ENDINGS):
        return g.lemma(target) in ("furniture",)
    if any(
        c.dep_ == "neg" or g.lower(c) in ("no", "any", "some", "enough", "more", "much", "many")
        for c in target.children
    ):
        return False
    if lemma == "get":
        return any(g.lemma(c) in ("new", "own") for c in g.kids(target, "amod")) or any(
            w == "from" for w, _, _ in (*g.prepositions(target), *g.prepositions(target.head))
        )
    return any(g.lower(c) in ("a", "an") or c.dep_ == "nummod" for c in target.children) or target.dep_ in (
        "appos",
        "conj",
    )


def _thing(reading: Reading, target: Token) -> bool:
    lemma, low = g.lemma(target), g.lower(target)
    if (
        lemma in lx.PEOPLE
        or lemma in lx.PETS
        or low in lx.PETS
        or en.is_role(lemma)
        or lemma in ("ticket", "gift", "present", "lot")
    ):
        return False
    if target.i in reading.sentence.links and reading.sentence.links[target.i][0].type == t.PERSON:
        return False
    name = reading.sentence.name_at(target)
    return name is None or name.type in (t.PRODUCT, t.ORG, "")


def like(reading: Reading, verb: Token) -> None:
    kind = "DISLIKES" if g.lemma(verb) in lx.DISLIKE else "LIKES"
    if g.lemma(verb) in ("like", "love", "prefer") and any(g.lower(a) in ("would", "'d") for a in g.kids(verb, "aux")):
        return
    deny = g.negated(verb) and kind == "LIKES" and not _any_more(verb)
    people = _both(reading, verb)
    targets = g.objects(verb) + [
        x for x in g.kids(verb, "xcomp", "ccomp") if x.tag_ == "VBG" and not g.objects(x) and not g.kids(x, "nsubj")
    ]
    for first in list(targets):
        targets += [c for c in g.kids(first, "conj") if c not in targets and c.tag_ == "VBG"]
    for target in targets:
        if target.pos_ == "PRON" or (
            g.lemma(target) in lx.ABSTRACT
            and reading.sentence.name_at(target) is None
            and g.lemma(target) not in ("recipe",)
        ):
            continue
        name = reading.sentence.name_at(target)
        what = name.text if name is not None else g.noun_text(target) if target.tag_ != "VBG" else target.text
        if deny:
            _add_denied(reading, people, what, verb)
        else:
            reading.add(people, kind, [what], verb, past=g.past(verb) and not _just(verb))
    if g.lemma(verb) == "prefer":
        for word, _, target in g.all_prepositions(verb):
            if word in ("over", "to"):
                reading.add(people, "DISLIKES", [reading.what(target)], verb, hedged=True)


def _both(reading: Reading, verb: Token) -> list[str]:
    """ "I hate X and my girlfriend Lucía hates Y, but we both love Z"."""
    people = reading.doers(verb)
    subject = next(iter(g.kids(verb, "nsubj")), None)
    if subject is not None and g.lower(subject) in ("we", "both") and len(people) == 1:
        others = [n.text for n in reading.sentence.names if n.type == t.PERSON and n.stop <= verb.i]
        if any(g.lower(c) == "both" for c in (*verb.children, *subject.children)) and len(others) == 1:
            return [*people, *others]
    return people


def _any_more(verb: Token) -> bool:
    return any(g.lower(x) in ("more", "anymore", "longer") for x in verb.subtree)


def _just(verb: Token) -> bool:
    return False


def _add_denied(reading: Reading, people: list[str], what: str, verb: Token) -> None:
    if g.asked(verb) or g.hedged(verb):
        return
    reading.add(people, "DISLIKES", [what])
    reading.add(people, "LIKES", [what], negated=True)


def stand(reading: Reading, verb: Token) -> None:
    """ "can't stand blue cheese"."""
    if g.negated(verb) and any(g.lower(a) in ("ca", "can", "could") for a in g.kids(verb, "aux")):
        for target in g.objects(verb):
            reading.add(reading.doers(verb), "DISLIKES", [reading.what(target)])


def draw(reading: Reading, verb: Token) -> None:
    """ "I've been drawn to films like X and Y"."""
    if g.lower(verb) != "drawn":
        return
    for word, _, target in g.all_prepositions(verb):
        if word == "to":
            inner = [o for w, _, o in g.prepositions(target) if w == "like"]
            for each in inner or [target]:
                reading.add(reading.doers(verb), "LIKES", [reading.what(each)], verb)


# --- persons and groups ----------------------------------------------------------------------------------------------
def marry(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    partners = reading.who(g.objects(verb)) + reading.who(x for w, _, x in g.all_prepositions(verb) if w == "to")
    kind = "PARTNER_OF" if g.lemma(verb) in ("engage", "date") else "MARRIED_TO"
    if partners:
        reading.add(people, kind, partners, verb)
    elif len(people) == 2:
        reading.add(people[:1], kind, people[1:], verb)


def get(reading: Reading, verb: Token) -> None:
    """ "got married", "got engaged to X", "got back from X"."""
    for state in g.kids(verb, "acomp", "oprd", "auxpass", "ccomp", "xcomp"):
        low = g.lower(state)
        if low in ("married", "engaged"):
            people = reading.doers(verb)
            partners = reading.who(x for w, _, x in (*g.prepositions(state), *g.prepositions(verb)) if w == "to")
            kind = "MARRIED_TO" if low == "married" else "PARTNER_OF"
            others = partners or people[1:]
            reading.add(people[:1], kind, others, verb)


def manage(reading: Reading, verb: Token) -> None:
    passive = bool(g.kids(verb, "nsubjpass"))
    if passive:
        things = [reading.what(s) for s in g.subjects(verb)]
        people = [name.text for _, name in places(reading, verb, "by")]
    else:
        people = reading.doers(verb)
        things = [_managed(reading, o) for o in g.objects(verb)]
    if not people:
        return
    reading.add(people, "MANAGES", things, verb, past=g.past(verb))


def _managed(reading: Reading, target: Token) -> str | None:
    if target.pos_ == "PRON":
        return reading.discourse.thing(target, reading.sentence) if g.lower(target) == "it" else None
    name = reading.sentence.name_at(target)
    if name is None:
        inner = [n for n in reading.sentence.names if n.stop == target.i]
        name = inner[0] if inner else None
    return name.text if name is not None else None


def report(reading: Reading, verb: Token) -> None:
    for word, _, target in g.all_prepositions(verb):
        if word == "to" and reading.who([target]):
            reading.add(reading.doers(verb), "REPORTS_TO", reading.who([target]), verb, past=g.past(verb))


def belong(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    for _, name in places(reading, verb, "to"):
        reading.add(
            people or [reading.what(s) for s in g.subjects(verb)],
            "MEMBER_OF" if _persons(reading, people) else "PART_OF",
            [name.text],
            verb,
            past=g.past(verb),
        )


def sit(reading: Reading, verb: Token) -> None:
    """ "sits on the board of X", "plays in a band called X", "sings in X"."""
    people = reading.doers(verb)
    for word, _, target in g.all_prepositions(verb):
        if word not in ("on", "in", "for", "with"):
            continue
        names = reading.sentence.links.get(target.i, [])
        if g.lemma(target) in lx.MEMBERSHIPS:
            inner = [reading.sentence.name_at(o) for w, _, o in g.prepositions(target) if w == "of"]
            for each in names or [n for n in inner if n is not None]:
                reading.add(people, "MEMBER_OF", [each.text], verb, past=g.past(verb))


def create(reading: Reading, verb: Token) -> None:
    passive = bool(g.kids(verb, "nsubjpass"))
    makers = [n.text for _, n in places(reading, verb, "by")] if passive else reading.doers(verb)
    things = g.subjects(verb) if passive else g.objects(verb)
    for thing in things:
        name = reading.sentence.name_at(thing) or next(iter(reading.sentence.links.get(thing.i, ())), None)
        if name is None or (name.type in (t.PERSON, t.LOCATION) and (name.sure or name.label == "GPE")):
            continue
        if not passive and not (verb.tag_ in ("VBD", "VBN") or name.quoted):
            continue
        if name.type == t.PERSON:
            name.type = t.PRODUCT
        if g.lemma(verb) in ("found", "establish", "launch", "start", "co-found") and not name.sure:
            name.type = t.ORG if g.lemma(verb) != "launch" else name.type
        elif name.type == t.ORG and not name.sure and g.lemma(verb) != "run":
            name.type = t.PRODUCT
        reading.add(makers, "CREATED", [name.text], verb)


def study(reading: Reading, verb: Token) -> None:
    people = reading.doers(verb)
    lemma = g.lemma(verb)
    direct = [reading.sentence.name_at(o) for o in g.objects(verb)] if lemma == "attend" else []
    named = [n for n in direct if n is not None] + [n for _, n in places(reading, verb, "from", "at", "in")]
    for _, _, target in g.all_prepositions(verb):
        for _, _, place in g.prepositions(target):
            name = reading.sentence.name_at(place)
            if name is not None and name not in named:
                named.append(name)
    for name in named:
        words = {x.lower_ for x in reading.sentence.doc[name.start : name.stop]}
        school = (
            bool(words & lx.STUDY_HEADS)
            or (name.text.isupper() and name.label in ("ORG", ""))
            or lemma in ("graduate",)
        )
        if (
            lemma in ("study", "enroll", "graduate")
            and name.type == t.LOCATION
            and name.label == "GPE"
            and not words & lx.STUDY_HEADS
        ):
            continue
        if name.type in (t.ORG, t.LOCATION, t.PRODUCT, "") and (
            school or (_studies(reading) and lemma != "attend") or lemma in ("study", "enroll")
        ):
            _typed(name, t.ORG)
            if name.type == t.CONCEPT:
                continue
            reading.add(people, "STUDIED_AT", [name.text], verb)


def degree(reading: Reading, verb: Token) -> None:
    """ "completed my Master's degree in X from Y", "have a Bachelor's degree from Y", "earned a degree at Y"."""
    held = [
        o
        for o in (*g.objects(verb), *g.kids(verb, "attr"))
        if g.lemma(o) in lx.DEGREES or any(g.lemma(c) in lx.DEGREES for c in o.children)
    ]
    if not held:
        return
    people = reading.doers(verb)
    for name in reading.sentence.names:
        before = reading.sentence.doc[name.start - 1].lower_ if name.start else ""
        if before == "the" and name.start > 1:
            before = reading.sentence.doc[name.start - 2].lower_
        if before in ("from", "at") and name.start > held[0].i and name.type in (t.ORG, t.LOCATION, t.PRODUCT, ""):
            if name.type != t.ORG:
                _typed(name, t.ORG)
            reading.add(people, "STUDIED_AT", [name.text], verb)


def _table() -> dict[str, list[Rule]]:
    rules: dict[str, list[Rule]] = {}
    for lemmas, rule in (
        ("work intern teach lecture", work),
        ("join start begin land", begin),
        ("employ hire", employ),
        ("promote", promote),
        ("become", become),
        ("be", be),
        ("live reside", live),
        ("move relocate", move),
        ("bear", bear),
        ("visit tour explore", visit),
        (
            "go take get return come fly drive travel spend stay have see eat attend watch celebrate hike bring camp arrive",
            go,
        ),
        ("have own get buy purchase drive ride", own),
        (" ".join(sorted(lx.LIKE | lx.DISLIKE)), like),
        ("stand", stand),
        ("draw", draw),
        ("marry engage date", marry),
        ("get", get),
        ("manage lead head run oversee supervise direct", manage),
        ("report", report),
        ("belong", belong),
        ("sit serve play sing perform", sit),
        (
            "create found write direct invent develop build compose design establish launch paint co-found cofound author",
            create,
        ),
        ("study graduate attend enroll major", study),
        ("complete have earn finish receive get hold obtain do", degree),
    ):
        for lemma in lemmas.split():
            rules.setdefault(lemma, []).append(rule)
    for lemma in ending.LEMMAS:
        rules.setdefault(lemma, []).append(ending.read)
    return rules


RULES = _table()
