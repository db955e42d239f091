"""Numbers that are stated of something, and the words by which two statements are compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from memories.providers.rules import grammar as g
from memories.providers.rules import lexicon as lx
from memories.providers.rules import types as t
from memories.providers.rules.discourse import Discourse
from memories.providers.rules.naming import Sentence

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token


def of(doc: Doc) -> Iterator[t.Amount]:
    return iter(())


def content_words(doc: Doc) -> frozenset[str]:
    return frozenset(g.lemma(x) for x in doc if x.pos_ in ("NOUN", "PROPN", "VERB", "ADJ", "NUM") and not x.is_stop)


def subject_of(sentence: Sentence, discourse: Discourse) -> str:
    for token in sentence.doc:
        if token.dep_ in ("nsubj", "nsubjpass") and token.head.dep_ == "ROOT":
            found = discourse.refer(token, sentence)
            return found[0] if found else g.lemma(token)
    return ""
