"""Load the language pipeline, once in each process and only when a text is read: spaCy takes a second and 100 MB."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memories.embeddings import english
from memories.errors import ProviderRefused, ProviderUnavailable

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

# What people type, as the pipeline knows it: a token's norm is what tags and parse are made from.
SHORT = {
    "w/": "with",
    "w/o": "without",
    "@": "at",
    "&": "and",
    "User": "john",
    **dict.fromkeys(("dislikes", "detests", "loathes", "adores"), "loves"),
}

WORD_KINDS = ("noun", "verb", "adj", "adv")

_loaded: dict[tuple[int, str, Path], Language] = {}
_dictionaries: dict[int, frozenset[str]] = {}  # by the id of a vocabulary; pipelines live as long as the process
_lock = threading.Lock()
reading = threading.Lock()  # held while a text is read: see `TextExtractor.read`


def load(name: str, directory: Path) -> Language:
    """The pipeline `name`: the pinned one out of `directory`, or another by its path or its package's name.

    Raises ProviderUnavailable when the pinned files are missing or damaged, ProviderRefused for another that isn't
    there.
    """
    key = (os.getpid(), name, directory)
    with _lock:
        if key not in _loaded:
            _loaded[key] = _know_words(_pinned(directory) if name == english.MODEL else _other(name))
        return _loaded[key]


def _after_fork_in_child() -> None:
    global _lock, reading
    _lock, reading = threading.Lock(), threading.Lock()  # they may be held by threads that exist only in the parent


os.register_at_fork(after_in_child=_after_fork_in_child)


def _pinned(directory: Path) -> Language:
    place = directory / english.BUNDLE.name
    if english.BUNDLE.missing(place):
        raise ProviderUnavailable(
            "The language pipeline is missing or damaged: "
            "run `python -m memories.embeddings.weights` with the directory of EMBEDDING_MODEL_DIR."
        )
    import spacy.util

    meta: dict[str, Any] = dict(english.META)
    nlp = spacy.util.load_model_from_path(place, meta=meta, exclude=english.UNUSED)
    tokenizer: Any = nlp.tokenizer
    for text, norm in SHORT.items():
        tokenizer.add_special_case(text, [{"ORTH": text, "NORM": norm}])
    return nlp


def _know_words(nlp: Language) -> Language:
    """Let `token._.known` say whether the lemmatizer's dictionary has the word: a capital that it lacks is a name."""
    from spacy.language import Language as Registry
    from spacy.tokens import Token

    lemmatizer: Any = nlp.get_pipe("lemmatizer") if nlp.has_pipe("lemmatizer") else None
    index = lemmatizer.lookups.get_table("lemma_index", {}) if lemmatizer is not None else {}
    irregular = lemmatizer.lookups.get_table("lemma_exc", {}) if lemmatizer is not None else {}  # "flew", "bought"
    known = frozenset(word for table in (index, irregular) for kind in WORD_KINDS for word in table.get(kind, ()))
    if not Token.has_extension("known"):
        Token.set_extension("known", getter=_known)
    if known:
        _dictionaries[id(nlp.vocab)] = known
        Registry.component("name_first", func=_name_first)
        nlp.add_pipe("name_first", first=True)
    return nlp


def _known(token: Any) -> bool:
    known = _dictionaries.get(id(token.vocab))
    if known is None or token.is_stop or token.tag_ in ("UH", "MD", "RB"):
        return True
    return token.lower_ in known or token.lemma_.lower() in known


def _name_first(doc: Doc) -> Doc:
    """Before tagging, give a first word that no dictionary has the norm of a common name: the tagger, which knows few
    names, would take "Yolanda" for an adverb."""
    known = _dictionaries.get(id(doc.vocab), frozenset())
    first = doc[0] if len(doc) else None
    if first is not None and first.text.istitle() and len(first) > 2 and first.is_alpha and not first.is_stop:
        lowered = first.lower_
        stems = {lowered, lowered.rstrip("s"), lowered.removesuffix("ed"), lowered.removesuffix("ing")}
        if not stems & known and not any(f"{stem}e" in known for stem in stems):
            first.norm_ = "john"
    return doc


def _other(name: str) -> Language:
    import spacy

    try:
        return spacy.load(name)
    except (OSError, ValueError, ImportError) as error:
        raise ProviderRefused(
            f"SPACY_MODEL is {name!r}, and spaCy can't load that ({type(error).__name__})."
        ) from error
