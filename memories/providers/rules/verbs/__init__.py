"""Relations that verbs state: who works, lives, owns, likes, manages, made, joined, left what.

`read` takes each verb with its subject, objects and prepositions to the rules of its lemma. A rule says which relation
and whether the past counts; negation, hedges and questions are seen to in `Reading.add`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules.found import Reading
from memories.providers.rules.verbs import being, ending, going, having, joining, working

if TYPE_CHECKING:
    from spacy.tokens import Token

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


def _table() -> dict[str, list[Rule]]:
    rules: dict[str, list[Rule]] = {}
    for lemmas, rule in (
        ("work intern teach lecture", working.work),
        ("join start begin land", working.begin),
        ("employ hire", working.employ),
        ("promote", working.promote),
        ("become", working.become),
        ("be", being.be),
        ("base", being.base),
        ("live reside", going.live),
        ("move relocate", going.move),
        ("bear", going.bear),
        ("visit tour explore", going.visit),
        (
            "go take get return come fly drive travel spend stay have see eat attend watch celebrate hike bring camp "
            "arrive",
            going.go,
        ),
        ("have own get buy purchase drive ride", having.own),
        (" ".join(sorted(lx.LIKE | lx.DISLIKE)), having.like),
        ("stand", having.stand),
        ("draw", having.draw),
        ("marry engage date", joining.marry),
        ("get", joining.get),
        ("manage lead head run oversee supervise direct", working.manage),
        ("report", working.report),
        ("belong", joining.belong),
        ("sit serve play sing perform", joining.sit),
        (
            "create found write direct invent develop build compose design establish launch paint co-found cofound "
            "author",
            having.create,
        ),
        ("study graduate attend enroll major", joining.study),
        ("complete have earn finish receive get hold obtain do", joining.degree),
    ):
        for lemma in lemmas.split():
            rules.setdefault(lemma, []).append(rule)
    for lemma in ending.LEMMAS:
        rules.setdefault(lemma, []).append(ending.read)
    return rules


RULES = _table()
